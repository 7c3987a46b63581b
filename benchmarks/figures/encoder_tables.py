"""The table of encoders: all pairs, identification and the best classical configuration, on several sets of photos."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.figures.run_tables import markdown, rows_of
from orchestrator.report.terminal import NOTHING
from orchestrator.verification.judge_folder import judge_folder
from storage.runs import Run
from workers.faces.embed.face_encoder import BATCH, load_face_encoder
from workers.jobs.planned_encoders import load_onnx_encoders
from workers.learning.configurations import PLUS, RUN_ENCODER, encoder_parts, find_configuration

ENCODERS = ("", "sface", f"{RUN_ENCODER}{PLUS}sface")
FAR_OF_PAIRS, FAR_OF_SEARCH = 1e-3, 1e-2
TIMED = 40
SIDE = 150


def encoders_table(*runs: Run) -> str:
    """A row for each set of photos and encoder; the runs name the same encoders."""
    times = _milliseconds(runs[0])
    rows = [_row(run, encoder, times) for run in runs for encoder in ENCODERS]
    head = ("photos", "encoder", "EER", "TAR at FAR 0.1 %", "DIR at FAR 1 %", "best classical", "accuracy", "ms a face")
    return markdown(head, rows)


def _row(run: Run, encoder: str, times: dict[str, float]) -> tuple[str, ...]:
    found = judge_folder(run, encoder=encoder)
    tar = next((percent_of(point.tar.value) for point in found.pairs.tar_at_far if point.far == FAR_OF_PAIRS), NOTHING)
    searched = found.identification.dir_at_far if found.identification else ()
    named = next((percent_of(point.dir.value) for point in searched if point.far == FAR_OF_SEARCH), NOTHING)
    mine = [row for row in rows_of(run) if find_configuration(row["configuration"]).encoder == encoder]
    best = max(mine, key=lambda row: row["accuracy"] or 0.0)
    return (
        Path(run.plan.dataset).name,
        encoder or RUN_ENCODER,
        percent_of(found.pairs.equal_error_rate.value),
        tar,
        named,
        f"`{best['configuration']}`",
        percent_of(best["accuracy"]),
        f"{sum(times[part] for part in encoder_parts(encoder) or (RUN_ENCODER,)):.1f}",
    )


def percent_of(share: float) -> str:
    """With one decimal.

    >>> percent_of(0.0234)
    '2.3 %'
    """
    return f"{100 * share:.1f} %"


def _milliseconds(run: Run) -> dict[str, float]:
    """Processor time of one face by encoder: what else the machine does counts little."""
    noise = np.random.default_rng(0).integers(0, 256, (BATCH, SIDE, SIDE, 3), dtype=np.uint8)
    dlib = load_face_encoder("onnx")
    found = {RUN_ENCODER: _median(lambda: dlib(noise)) / BATCH}
    for name, encoder in load_onnx_encoders(run).items():
        side = encoder.settings.size
        found[name] = _median(lambda encoder=encoder, side=side: encoder.measure(noise[:1, :side, :side]))  # type: ignore[misc]
    return found


def _median(work: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(TIMED):
        began = time.process_time()
        work()
        times.append(1000 * (time.process_time() - began))
    return statistics.median(times)


def encoder_names(names: Sequence[str]) -> list[str]:
    """The configurations on each of ENCODERS."""
    return [f"{name}@{encoder}" if encoder else name for name in names for encoder in ENCODERS]
