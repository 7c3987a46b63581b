"""What lasts: plans, runs, tables, parts, attempts. Imports neither workers nor orchestrator."""
