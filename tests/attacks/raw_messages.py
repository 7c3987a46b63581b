"""Messages as Celery 5.7 with kombu 5.7 writes them into Redis, made by hand, so that anything in them can be wrong."""

from __future__ import annotations

import base64
import json
import time
import uuid
import zlib
from typing import Any

BOMB_BYTES = 400_000_000
"""What 389 kB become when they are decompressed."""


def encoded(body: object) -> str:
    """The body of a message."""
    return base64.b64encode(json.dumps(body).encode()).decode()


def task_message(
    task: str, arguments: object, headers: Any = (), properties: Any = (), embed: Any = (), **changes: Any
) -> dict[str, Any]:
    """A message for a task on the queue images.

    Args:
        headers, properties, embed: pairs that are changed in those parts; None takes one out.
        changes: in the outermost part.
    """
    name = uuid.uuid4().hex
    signature = {"callbacks": None, "errbacks": None, "chain": None, "chord": None, **dict(embed)}
    whole = {
        "body": encoded([arguments, {}, signature]),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            **{"lang": "py", "task": task, "id": name, "root_id": name, "parent_id": None, "group": None, "meth": None},
            **{"shadow": None, "eta": None, "expires": None, "retries": 0, "timelimit": [None, None]},
            **{"argsrepr": "()", "kwargsrepr": "{}", "origin": "gen1@host", "ignore_result": True, "stamps": {}},
            **dict(headers),
        },
        "properties": {
            "correlation_id": name,
            "reply_to": uuid.uuid4().hex,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": "images"},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": uuid.uuid4().hex,
            **dict(properties),
        },
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}


def control_message(method: str, **arguments: object) -> bytes:
    """A broadcast that has every worker obey a command."""
    body = {"method": method, "arguments": arguments, "destination": None, "pattern": None, "matcher": None}
    message = {
        "body": encoded(body),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"clock": 1, "expires": time.time() + 60},
        "properties": {
            "delivery_mode": 2,
            "delivery_info": {"exchange": "celery.pidbox", "routing_key": ""},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": uuid.uuid4().hex,
        },
    }
    return json.dumps(message).encode()


def compression_bomb(task: str) -> bytes:
    """A small message whose body becomes BOMB_BYTES."""
    packed = zlib.compress(b"[" + b" " * BOMB_BYTES + b"]", 9)
    message = task_message(task, [], headers={"compression": "application/x-gzip"})
    return json.dumps({**message, "body": base64.b64encode(packed).decode()}).encode()


def nested(depth: int) -> bytes:
    """JSON that is nested deeper than a parser of JSON goes."""
    return b"[" * depth + b"]" * depth
