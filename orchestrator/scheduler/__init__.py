"""Reconciliation: planned work that is not stored is enqueued, stage by stage."""
