"""Lineup on a real Docker engine: `make test-compose`, which is not a part of `make test`."""
