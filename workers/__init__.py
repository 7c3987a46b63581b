"""What runs on a worker: photos to faces, faces to scores, scores to truth. Knows nothing of the orchestrator."""
