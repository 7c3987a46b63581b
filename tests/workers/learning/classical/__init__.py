"""Tests of the classical classifiers."""
