"""What decides: the catalogue, the splits, the reconcile loop, the report, the command line."""
