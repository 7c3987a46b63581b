"""Hosts of their own on one machine: `make two-machines`."""
