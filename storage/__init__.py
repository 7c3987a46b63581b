"""What lasts: tables, parts, attempts, runs. Imports neither workers nor orchestrator."""
