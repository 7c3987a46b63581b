"""The inside of a measured process: paths come in, photos are worked on, what it cost goes out.

Only the standard library: the peer's processes run in an environment that has nothing of ours.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

Work = Callable[[Sequence[str]], dict[str, float]]
"""Paths of photos in; seconds of wall time by step out (empty where the steps cannot be told apart)."""


def serve(work: Work) -> None:
    """Answer each line of standard input, a JSON list of paths, by a line of JSON: faces' cost in CPU and by step.

    The answer `{"cpu": s, "steps": {...}}` counts the CPU of the whole process, all its threads.
    """
    answer = sys.stdout
    sys.stdout = sys.stderr  # a library that prints must not break the conversation
    _say(answer, {"ready": True})
    for line in sys.stdin:
        before = time.process_time()
        steps = work(json.loads(line))
        _say(answer, {"cpu": time.process_time() - before, "steps": steps})


def _say(answer: Any, what: dict[str, Any]) -> None:
    answer.write(json.dumps(what) + "\n")
    answer.flush()
