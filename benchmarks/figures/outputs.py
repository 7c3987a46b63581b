"""Figures that are made from the output file of a longer command, which `make figures` does not start."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from benchmarks.engine_table import processor
from benchmarks.figures.comparisons import SourceMissing
from benchmarks.figures.documents import ROOT
from benchmarks.figures.run_tables import markdown
from benchmarks.scale_table import scale_table
from benchmarks.store_throughput import throughput_table
from orchestrator.report.terminal import NOTHING
from workers.cores import usable_cores

BUILD = ROOT / "build"

DETECTORS = {
    "cascade": "BlazeFace, then dlib's CNN where it finds nothing or is unsure",
    "yunet-cascade": "YuNet, then dlib's CNN where it finds nothing or is unsure",
    "blaze": "BlazeFace, full range, at 192 × 192",
    "yunet": "YuNet, longest side 320",
    "cnn": "dlib's max-margin CNN, re-hosted, longest side 800",
    "hog": "dlib's HOG, longest side 800",
}


@dataclass(frozen=True)
class Output:
    """A figure of a command's output.

    Attributes:
        file: below build/; JSON, or Markdown that is taken as it is.
        command: that writes it.
        table: what is shown of the JSON.
    """

    file: str
    command: str
    table: Callable[[Any], str] = str.rstrip


def output_figure(output: Output) -> str:
    """The figure as docs/figures holds it; raises SourceMissing."""
    path = BUILD / output.file
    if not path.exists():
        raise SourceMissing(f"build/{output.file} is not there; `{output.command}` writes it")
    text = path.read_text(encoding="utf-8")
    found = json.loads(text) if path.suffix == ".json" else text
    shown = output.table(found)
    if shown.splitlines()[-1].startswith("Measured on "):
        return f"{shown}\n"
    day = f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%d %B %Y}".lstrip("0")
    here = f"{processor()}, {usable_cores()} cores"  # build/ is no part of the repository
    machine = found.get("machine", here) if isinstance(found, dict) else here
    return f"{shown}\n\nMeasured on {day} by `{output.command}`: {machine}.\n"


def bench(found: dict[str, Any]) -> str:
    """Images a second of both engines."""
    reduced = f", `{found.get('reduced_encoder')}`"
    sets = [
        (found[name], label, aim) for name, label, aim in (("faces_250", "250 × 250", 15), ("web", "web photos", 18))
    ]
    sets += [(each["reduced"], label + reduced, 20) for each, label, _ in sets if "reduced" in each]
    rows = [
        (label, *(_cell(each[who]) for who in ("lineup", "face_recognition", "ratio")), str(aim))
        for each, label, aim in sets
    ]
    return markdown(("images/s", "Lineup", "face_recognition", "ratio", "aim"), rows)


def bench_steps(found: dict[str, Any]) -> str:
    """Milliseconds of each step."""
    steps = list(found["web"]["steps_ms"])
    rows = [
        (label, *(_cell(found[name]["steps_ms"][step]) for step in steps))
        for name, label in (("faces_250", "250 × 250"), ("web", "web photos"))
    ]
    return markdown(("", *steps), rows)


def photos_per_task(found: dict[str, Any]) -> str:
    """Images a second by the size of a message."""
    curve = found["curve"]
    rates = [f"{row['images_per_second']:.0f}" for row in curve.values()]
    shares = [f"{row['share_of_best']:.2f}" for row in curve.values()]
    return markdown(("photos in a message", *curve), [("images/s", *rates), ("share of the best", *shares)])


def recovery(found: dict[str, Any]) -> str:
    """Seconds until work goes on, by what died."""
    rows = [
        (name, f"{statistics.median(seconds):.1f}", f"{max(seconds):.1f}", str(len(seconds)))
        for name, seconds in found["seconds"].items()
    ]
    return markdown(("seconds until work goes on", "median", "longest", "tries"), rows)


def detectors(found: dict[str, Any]) -> str:
    """Recall and cost of each detector."""
    rows = [
        (
            f"`{name}`",
            DETECTORS.get(name, ""),
            f"{row['recall']:.3f}",
            str(row["photos_with_a_face"]),
            str(row["extra_faces"]),
            f"{row['ms_mean']:.1f}",
            f"{row['ms_median']:.1f}",
        )
        for name, row in found["detectors"].items()
    ]
    return markdown(("`detector`", "what", "recall", "photos with a face", "more", "ms, mean", "ms, median"), rows)


def detector_curve(found: dict[str, Any]) -> str:
    """Recall, further faces and cost of each detector, at several sizes, in each folder; the cheapest first."""
    first = next(iter(found["folders"].values()))
    heads = [head for what in found["folders"] for head in (f"{what}: recall", "more", "ms")]
    rows = [
        (
            f"`{name}`",
            *(
                cell
                for folder in found["folders"].values()
                for cell in (
                    f"{folder[name]['recall']:.3f}",
                    str(folder[name]["extra_faces"]),
                    _cell(folder[name]["ms_mean"]),
                )
            ),
        )
        for name in sorted(first, key=lambda each: first[each]["ms_mean"])
    ]
    return markdown(("detector", *heads), rows)


def conventions(found: dict[str, Any]) -> str:
    """Where HOG's box lies in a detector's, in sides of the latter."""
    keys = ("right", "down", "scale")
    rows = [
        (f"`{name}`", str(row["faces"]), *(f"{row[key]:.3f}" for key in keys))
        for name, row in found["conventions"].items()
        if row["faces"]
    ]
    return markdown(("detector", "faces", *keys), rows)


def closeness(found: dict[str, Any]) -> str:
    """Distance to the measurements from HOG's own box, and the equal error rate."""
    rows = [
        (
            f"`{name}`",
            f"{row['distance_median']:.3f}",
            f"{row['distance_p95']:.3f}",
            NOTHING if row["error_all"] is None else f"{100 * row['error_all']:.1f} %",
        )
        for name, row in found["closeness"].items()
        if row["distance_median"] is not None
    ]
    return markdown(("detector, `refine`", "distance, median", "95 % are below", "errors"), rows)


def queue(found: dict[str, Any]) -> str:
    """Wall and processor seconds of the queue and of plain scripts."""
    laps: dict[str, dict[str, float]] = list(found.values())[-1]
    rows = [
        (name, f"{lap['wall']:.0f} s", f"{lap['cpu']:.0f} s", f"{lap['wall'] / laps['queue']['wall']:.2f}")
        for name, lap in laps.items()
    ]
    return markdown(("", "wall", "processor", "ratio"), rows)


def latency(found: dict[str, Any]) -> str:
    """Milliseconds of a face among 600 people; the fastest configuration first."""
    rows = sorted(found["milliseconds"].items(), key=lambda item: item[1][0])
    return markdown(("configuration", "p50", "p95"), [(name, f"{row[0]:.2f}", f"{row[1]:.2f}") for name, row in rows])


def check_search(found: dict[str, Any]) -> str:
    """Each family in a run beside the best row of a wide grid."""
    from benchmarks.search_check import Checked, table

    checked = [Checked(**each) for each in found["families"]]
    return "\n".join([*table(checked), "", f"{found['split'].partition('; ')[2]}."])


def clusters(found: dict[str, Any]) -> str:
    """Pairwise precision, recall and F of each folder and encoder, and the F of HDBSCAN."""
    rows = [
        (
            f"{row['folder']}: {row['photos']} photos of {row['people']} people",
            row["encoder"],
            *(f"{value:.3f}" for value in row["lineup"]),
            f"{row['hdbscan'][2]:.3f}",
        )
        for row in found["rows"]
    ]
    return markdown(("photos", "encoder", "precision", "recall", "F", "F of HDBSCAN"), rows)


def _cell(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f}"


OUTPUTS = {
    "bench": Output("bench.json", "make bench", bench),
    "bench-steps": Output("bench.json", "make bench", bench_steps),
    "photos-per-task": Output("batches.json", "python -m benchmarks.photos_per_task", photos_per_task),
    "recovery": Output("recovery-locks.json", "make recovery", recovery),
    "recovery-leases": Output("recovery-leases.json", "make recovery LIVENESS=leases", recovery),
    "recovery-s3": Output("recovery-s3.json", "make recovery STORE=s3", recovery),
    "store-throughput": Output("store-throughput.json", "python -m benchmarks.store_throughput", throughput_table),
    "detectors": Output("detectors.json", "python -m benchmarks.detectors", detectors),
    "detector-curve": Output("detectors.json", "python -m benchmarks.detectors", detector_curve),
    "conventions": Output("detectors.json", "python -m benchmarks.detectors", conventions),
    "closeness": Output("detectors.json", "python -m benchmarks.detectors", closeness),
    "queue": Output("bench-grid.json", "make bench-grid", queue),
    "clusters": Output("clusters.json", "python -m benchmarks.clusters_check FOLDER...", clusters),
    "latency": Output("latency.json", "python -m benchmarks.latency", latency),
    "check-search": Output("search/search.json", "make check-search", check_search),
    "scale": Output("scale/scale.json", "make scale", scale_table),
    "check-statistics": Output("statistics.md", "make check-statistics"),
    "verification-coverage": Output("verification_coverage.md", "python -m benchmarks.verification_coverage"),
}
"""By name. The files of the other figures were measured once, and say by what."""
