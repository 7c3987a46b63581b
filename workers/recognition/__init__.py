"""A fitted configuration at work: faces to names, with a threshold for unknown people."""
