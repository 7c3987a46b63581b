"""Faces in, scores out: numpy arrays only, no files but a stored model, no queue."""
