"""Everything at once, at random, for as long as asked: `python -m tests.chaos --duration 600 --seed 1`."""
