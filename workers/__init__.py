"""What runs on a worker: photos to faces, faces to scores, scores to statistics. Never imports the orchestrator."""
