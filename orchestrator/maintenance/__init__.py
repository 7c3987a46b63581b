"""Check, retry, diagnose, and erase a person."""
