"""The Celery application of Flower: it knows no tasks, and obeys the store's key only where the store is there."""

from __future__ import annotations

import os

from celery import Celery

from workers.queue.broker_options import reader_options
from workers.queue.celery_settings import new_app
from workers.queue.environment import load_settings
from workers.queue.secret_files import flower_password

USER = "lineup"


def _flower_app() -> Celery:
    settings = load_settings()
    password = flower_password(settings.flower_password_file)
    if password:
        _ask_for(f"{USER}:{password}")
    options = reader_options(settings.broker_url, settings.store, settings) if settings.broker_url else None
    return new_app("lineup", options)


def _ask_for(credentials: str) -> None:
    """Have Flower ask for these. In its variable or on its command line a comma would end them."""
    import flower.options  # noqa: F401 - defines the option
    from tornado.options import options

    os.environ.pop("FLOWER_BASIC_AUTH", None)
    options.basic_auth = [credentials]


app = _flower_app()
