"""How Flower shows a task: a short name, and what it is about instead of its raw arguments."""

from __future__ import annotations

import ast
from typing import Any

PREFIX = "lineup."

MOST_SHOWN = 2
"""Photo keys; a message may have a thousand."""

KEY = 8
"""First characters of a photo's key."""


def readable(task: Any) -> Any:
    """Flower's copy of a task, to be shown.

    Args:
        task: with the attributes `name` and `args`, which is a text as Celery's events have it.
    """
    if task.name and task.name.startswith(PREFIX):
        task.name = task.name.removeprefix(PREFIX).replace("_", " ")
        task.args = about(task.args)
        task.kwargs = ""
    return task


def about(arguments: str | None) -> str:
    """What a task is about: photos, or configuration, repeat and fold; and of which run, since Flower cuts the end.

    >>> about("('people-1a2b3c4d', ['5e1f00aa11bb22cc', '77'])")
    '2 photos 5e1f00aa 77 of people-1a2b3c4d'
    >>> about("('people-1a2b3c4d', 'svm-linear', 0, 3)")
    'svm-linear, repeat 0, fold 3 of people-1a2b3c4d'
    >>> about("('people-1a2b3c4d',)")
    'people-1a2b3c4d'
    >>> about("['people-1a2b3c4d', ['5e...")
    "['people-1a2b3c4d', ['5e..."
    """
    try:
        run, *rest = ast.literal_eval(arguments or "")
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return arguments or ""  # Celery cuts long ones
    if rest and isinstance(rest[0], list):
        keys = [str(key)[:KEY] for key in rest[0]]
        more = " …" if len(keys) > MOST_SHOWN else ""
        count = f"{len(keys)} photo" + ("s" if len(keys) != 1 else "")
        return f"{count} {' '.join(keys[:MOST_SHOWN])}{more} of {run}"
    if len(rest) == 3:
        return f"{rest[0]}, repeat {rest[1]}, fold {rest[2]} of {run}"
    return str(run)
