"""A fitted configuration in use: faces to names, with a threshold for unknown people."""
