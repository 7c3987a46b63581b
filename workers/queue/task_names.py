"""The names of the queues and tasks. Importing them loads no Celery."""

from __future__ import annotations

IMAGES = "images"
TRAINING = "training"

SCAN_FILES = "lineup.scan_files"
ENCODE_PHOTOS = "lineup.encode_photos"
EMBED_FACES = "lineup.embed_faces"
TRAIN_CONFIGURATION = "lineup.train_configuration"
COMPARE_RUN = "lineup.compare_run"
REFIT_WINNER = "lineup.refit_winner"
TRAIN_ENCODER = "lineup.train_encoder"
