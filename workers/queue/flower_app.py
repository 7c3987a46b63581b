"""The Celery application of Flower: it knows no tasks, and obeys the store's key only where the store is there."""

from __future__ import annotations

import os

from celery import Celery

from workers.queue.broker_options import reader_options
from workers.queue.celery_settings import new_app
from workers.queue.environment import load_settings
from workers.queue.flower_tasks import readable
from workers.queue.secret_files import flower_password

USER = "lineup"


def _flower_app() -> Celery:
    settings = load_settings()
    _set_options(flower_password(settings.flower_password_file))
    options = reader_options(settings.broker_url, settings.store, settings) if settings.broker_url else None
    return new_app("lineup", options)


def _set_options(password: str) -> None:
    """Options of Flower that no variable and no command line can hold.

    Args:
        password: of its pages, in a variable a comma would end it; empty where FLOWER_BASIC_AUTH has one.
    """
    import flower.options  # noqa: F401 - defines the options
    from tornado.options import options

    options.format_task = readable
    if password:
        os.environ.pop("FLOWER_BASIC_AUTH", None)
        options.basic_auth = [f"{USER}:{password}"]


app = _flower_app()
