"""Faults made on purpose: after each of them the tables are those of an undisturbed run."""
