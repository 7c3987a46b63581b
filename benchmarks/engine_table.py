"""The table of `make bench`, and a description of the machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

from workers.cores import usable_cores

OPENBLAS_GAIN = 42 / 24
"""face_recognition with dlib built on OpenBLAS over the same with dlib-bin, images/s on 250 x 250 photos: measured
once, side by side, on two cores with AVX-512; building it takes twelve minutes and is no part of this benchmark."""


def drawn(found: dict[str, Any]) -> str:
    """The figures of build/bench.json as a table."""
    encoder = "" if found["encoder"] == "onnx" else f", encoder {found['encoder']}"
    lines = [
        f"{found['machine']}; medians of {found['rounds']}, in turns, 2 processes{encoder}",
        "",
        _row(*HEAD),
        "-" * 88,
    ]
    for name, label in (("faces_250", "250 x 250"), ("web", found["web_photos"])):
        figures = found[name]
        lines.append(_row(f"{label} ({figures['photos']})", *_rates(figures)))
        if "reduced" in figures:
            lines.append(_row(f"  {found['reduced_encoder']}", *_rates(figures["reduced"])))
    lines += ["", "share of each step (ms a photo)"]
    for name in ("faces_250", "web"):
        lines.append(f"  {name:<10}{_shares(found[name]['steps_ms'])}")
        if "reduced" in found[name]:
            lines.append(f"  {'':<10}{_shares(found[name]['reduced']['steps_ms'])}  {found['reduced_encoder']}")
    ratio = found["faces_250"]["ratio"]
    if ratio:
        lines.append(f"\nagainst dlib built on OpenBLAS, 250 x 250: about {ratio / OPENBLAS_GAIN:.1f} times")
    stage = found["pipeline"]
    lines.append(
        f"image stage through Celery: {stage['stage']:.0f} images/s, bare loop {stage['bare']:.0f}, "
        f"efficiency {found['pipeline_efficiency']:.2f} ({stage['photos']} photos)"
    )
    worker, reader = found["worker_rss_mb"], found["reader_rss_mb"]
    lines.append(f"peak memory of a worker: {worker:.0f} MB, of the process that reads its photos: {reader:.0f} MB")
    return "\n".join(lines)


HEAD = ("images/s", "Lineup", "per core", "face_rec.", "per core", "ratio", "per core")


def machine() -> str:
    """The processor, the cores that this process may use, and the load (mean of five minutes)."""
    return f"{processor()}, {usable_cores()} cores, load {os.getloadavg()[1]:.1f}"


def processor() -> str:
    """The model of this machine's processor, as the kernel names it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _row(first: str, *cells: str) -> str:
    return f"{first[:34]:<34}" + "".join(f"{cell:>9}" for cell in cells)


def _rates(figures: dict[str, Any]) -> list[str]:
    """Of the machine and of a core, side by side."""
    return [
        _cell(each[who]) for who in ("lineup", "face_recognition", "ratio") for each in (figures, figures["per_core"])
    ]


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _shares(steps: dict[str, float]) -> str:
    whole = sum(steps.values())
    return "  ".join(f"{step} {ms / whole:.0%} ({ms:.1f})" for step, ms in steps.items())
