"""Classifiers from scikit-learn, stored as plain arrays."""
