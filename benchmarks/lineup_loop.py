"""A measured process of Lineup's face engine, without queue and storage."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from benchmarks.measured_loop import serve
from storage.engine_settings import DetectorName, EngineSettings
from workers.faces.engine import load_engine


def main() -> None:
    """Serve with the default settings, or with the detector in the first argument."""
    engine = load_engine(
        EngineSettings(detector=cast(DetectorName, sys.argv[1])) if len(sys.argv) > 1 else EngineSettings()
    )

    def work(paths: Sequence[str]) -> dict[str, float]:
        photos = [(path, Path(path).read_bytes()) for path in paths]
        seconds: Counter[str] = Counter()
        for result in engine.encode_photos(photos, lambda _: None):
            seconds.update(result.seconds)
        return dict(seconds)

    serve(work)


if __name__ == "__main__":
    main()
