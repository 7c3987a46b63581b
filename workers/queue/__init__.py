"""Celery only: the application with the reason for each setting, the tasks, their messages, logs."""
