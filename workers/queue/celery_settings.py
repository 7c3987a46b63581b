"""The settings of Celery, each with its reason, and the applications made of them. Nothing else configures Celery.

Messages are hints: storage decides what is done (storage/parts.py), and the orchestrator sends again what is
missing. So every setting here prefers running a task twice over running it never.
"""

from __future__ import annotations

import contextlib
from typing import Any

from celery import Celery
from celery.utils import imports as celery_imports
from kombu.entity import Queue

from workers.jobs.time_limits import LONGEST_TASK_SECONDS
from workers.queue import logs  # noqa: F401 - connects the logging of every process
from workers.queue.broker_options import BrokerOptions
from workers.queue.signed_transport import use_signed_transport
from workers.queue.task_names import (
    COMPARE_RUN,
    EMBED_FACES,
    ENCODE_PHOTOS,
    IMAGES,
    REFIT_WINNER,
    SCAN_FILES,
    TRAIN_CONFIGURATION,
    TRAIN_ENCODER,
    TRAINING,
)

VISIBILITY_SECONDS = 2 * LONGEST_TASK_SECONDS + 600
"""Shorter than a task, the broker runs it several times in parallel. Recovery does not wait for this: the
orchestrator sends a task again as soon as its attempt is seen to be dead."""

PROC_ALIVE_SECONDS = 120
"""A recycled child may import TensorFlow before it reports in; the default of 4 s kills it for ever."""

RETRY_SECONDS = 1
"""The default of 180 s would make a crash look like a hang."""

TRANSPORT_OPTIONS: dict[str, Any] = {
    "visibility_timeout": VISIBILITY_SECONDS,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "unacked_restore_limit": 1_000,  # at once; anybody may have put more there
    "socket_keepalive": True,
    # A half-open connection is noticed within this time.
    "health_check_interval": 25,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
}

SETTINGS: dict[str, Any] = {
    # JSON only: a message is data and never code.
    "task_serializer": "json",
    "result_serializer": "json",
    "event_serializer": "json",
    "accept_content": ["json"],
    # No results: what is done is in the store. This halves the work of the broker.
    "task_ignore_result": True,
    "result_backend": None,
    "task_queues": [Queue(IMAGES), Queue(TRAINING)],  # type: ignore[no-untyped-call]
    "task_default_queue": IMAGES,
    "task_routes": {
        SCAN_FILES: IMAGES,
        ENCODE_PHOTOS: IMAGES,
        EMBED_FACES: IMAGES,
        TRAIN_CONFIGURATION: TRAINING,
        COMPARE_RUN: TRAINING,
        REFIT_WINNER: TRAINING,
        TRAIN_ENCODER: TRAINING,
    },
    "task_create_missing_queues": False,
    # Acknowledged when finished; a lost child is run again, three times in all, and then given up:
    # reject_on_worker_lost would loop for ever on a photo that kills its process.
    "task_acks_late": True,
    "task_retry_on_worker_lost": True,
    "task_time_limit": LONGEST_TASK_SECONDS,
    # A worker holds what it runs and no more, so that its death strands little.
    "worker_prefetch_multiplier": 1,
    "worker_disable_prefetch": True,
    # TensorFlow, OpenCV and dlib have known hangs after fork.
    "worker_pool_start_method": "spawn",
    "worker_proc_alive_timeout": PROC_ALIVE_SECONDS,
    # Native libraries leak a little; a fresh process now and then costs less.
    "worker_max_tasks_per_child": 2_000,
    "worker_max_memory_per_child": 2_000_000,  # kB
    # `docker stop` sends TERM; the entry point maps it to QUIT (REMAP_SIGTERM), and this hands the task back.
    "worker_soft_shutdown_timeout": 10.0,
    # True left a task in RETRY for ever; every task may run twice.
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    # A key of another type in the broker, made by someone else, does not end the worker.
    "broker_channel_error_retry": True,
    # Flower shows what these report.
    "worker_send_task_events": True,
    "task_send_sent_event": True,
    # Our own logging; Celery's would replace it.
    "worker_hijack_root_logger": False,
    "task_default_delivery_mode": "persistent",
    "timezone": "UTC",
    "enable_utc": True,
}

# Celery puts the current folder first on the import path whenever it imports anything by its name; its fixup for
# Django does so for ever. The current folder may be a folder of photos.
celery_imports.cwd_in_path = contextlib.nullcontext
NO_FIXUPS: list[str] = []


use_signed_transport()


def new_app(name: str, options: BrokerOptions | None, **arguments: Any) -> Celery:
    """An application with our settings.

    Args:
        options: of the broker; None where there is none yet.
        arguments: Celery's.
    """
    celery = Celery(name, fixups=NO_FIXUPS, **arguments)
    celery.conf.update(SETTINGS)
    if options:
        celery.conf.update(options.celery_settings(TRANSPORT_OPTIONS))
    return celery


def connect(options: BrokerOptions) -> Celery:
    """An application of its own that sends to that broker: a process may speak to several, one after the other."""
    return new_app("lineup-sender", options, set_as_current=False)
