"""Promises of the benchmarks."""
