"""The loop of a measured process: read paths, process the photos, write their cost.

It imports the standard library alone, because face_recognition runs in an environment without Lineup.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

Work = Callable[[Sequence[str]], dict[str, float]]
"""Paths of photos -> seconds of wall time by step; empty where the steps cannot be measured apart."""


def serve(work: Work, clock: Callable[[], float] = time.process_time) -> None:
    """Answer each line of standard input, a JSON list of paths, with a line of JSON: {"cpu": s, "steps": {...}}.

    `cpu` is processor time by `clock`: that of all threads of the process, unless it has others work for it.
    """
    answer = sys.stdout
    sys.stdout = sys.stderr  # so that prints of a library do not mix with the answers
    _write(answer, {"ready": True})
    for line in sys.stdin:
        before = clock()
        steps = work(json.loads(line))
        _write(answer, {"cpu": clock() - before, "steps": steps})


def _write(answer: Any, what: dict[str, Any]) -> None:
    answer.write(json.dumps(what) + "\n")
    answer.flush()
