"""What lasts: schemas, parts, runs. Knows neither the workers nor the orchestrator."""
