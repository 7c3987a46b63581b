"""The remote commands that a worker obeys: those that the orchestrator and Flower need.

They are signed like every message. The signature does not tell an old command from a new one, so what is left here
does no harm when someone who listens at the broker sends it again.
"""

from __future__ import annotations

from typing import Any

QUESTIONS = (
    *("ping", "stats", "active_queues", "registered", "conf"),
    *("active", "reserved", "scheduled", "revoked", "query_task"),
    *("dump_active", "dump_reserved", "dump_schedule", "dump_revoked", "dump_tasks", "dump_conf"),
)
"""They change nothing."""

COMMANDS = ("revoke", "enable_events", "heartbeat")
"""`revoke` names tasks by ids that are never used twice; events are on from the start."""


def limit_remote_control() -> None:
    """Have this process refuse all others: shutdown, pool_shrink, rate_limit, add_consumer, election and more."""
    from celery.worker.control import Panel

    for name in Panel.data.keys() - {*QUESTIONS, *COMMANDS}:
        Panel.data[name] = _refuse


def _refuse(_state: Any, **_arguments: Any) -> dict[str, str]:
    return {"error": "not allowed"}
