"""Celery only: the application with the reason for each setting, thin tasks, message validation, logs."""
