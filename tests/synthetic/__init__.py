"""Promises of workers/synthetic."""
