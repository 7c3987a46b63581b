"""Faces in, scores out: numpy arrays only, no files but a stored model's, no queue."""
