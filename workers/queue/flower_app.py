"""The Celery application of Flower: it knows no tasks, and obeys the store's key only where the store is there."""

from __future__ import annotations

from celery import Celery

from workers.queue.broker_options import reader_options
from workers.queue.celery_settings import new_app
from workers.queue.environment import load_settings


def _flower_app() -> Celery:
    settings = load_settings()
    options = reader_options(settings.broker_url, settings.store, settings) if settings.broker_url else None
    return new_app("lineup", options)


app = _flower_app()
