"""The Celery application of the workers."""

from __future__ import annotations

from celery import Celery

from workers.queue.broker_options import store_options
from workers.queue.celery_settings import new_app
from workers.queue.environment import load_settings
from workers.queue.remote_control import limit_remote_control
from workers.queue.worker_start import watch_health


def _worker_app() -> Celery:
    settings = load_settings()
    options = store_options(settings.broker_url, settings.store, settings) if settings.broker_url else None
    return new_app("lineup", options, include=["workers.queue.tasks"])


app = _worker_app()
limit_remote_control()
watch_health(app)
