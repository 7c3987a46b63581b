"""Fuzzing: `make fuzz`. Each module of targets says what is fed and what may come of it."""
