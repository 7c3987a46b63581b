"""A measured process of Lineup's face engine, without queue and storage."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measured_loop import serve
from storage.engine_settings import EngineSettings
from workers.faces.decode.guarded_reader import guarded_reader
from workers.faces.engine import load_engine


def main() -> None:
    """Serve with the engine settings in the first argument, a JSON object; without it, with the defaults."""
    engine = load_engine(EngineSettings(**json.loads(sys.argv[1])) if len(sys.argv) > 1 else EngineSettings())

    def work(paths: Sequence[str]) -> dict[str, float]:
        photos = [(path, Path(path).read_bytes()) for path in paths]
        seconds: Counter[str] = Counter()
        for result in engine.encode_photos(photos, lambda _: None):
            seconds.update(result.seconds)
        return dict(seconds)

    serve(work, processor_seconds)


def processor_seconds() -> float:
    """Processor time of this process and of the one that reads its photos; Linux only."""
    reader = guarded_reader().pid
    return time.process_time() + (time.clock_gettime(_clock_of(reader)) if reader else 0.0)


def _clock_of(pid: int) -> int:
    """The kernel's clock of a process's processor time; see clock_getcpuclockid(3)."""
    return (~pid << 3) | 2


if __name__ == "__main__":
    main()
