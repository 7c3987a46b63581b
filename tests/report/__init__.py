"""Promises of orchestrator/report."""
