"""Figures of longer commands are made from their output files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.figures import outputs
from benchmarks.figures.comparisons import SourceMissing
from benchmarks.figures.outputs import OUTPUTS, output_figure

STEPS = {"read": 0.5, "detect": 1.4}
SPEEDS = {"lineup": 203.04, "face_recognition": None, "ratio": None, "steps_ms": STEPS}
BEST = {"images_per_second": 105.2, "share_of_best": 0.99}
SEEN = {"recall": 0.99, "photos_with_a_face": 206, "extra_faces": 15, "ms_mean": 9.1, "ms_median": 9.0}
CLOSE = {"distance_median": 0.062, "distance_p95": 0.183, "error_all": 0.028}
FAMILY = {"family": "lda", "configuration": "lda", "chosen": {}, "accuracy": 0.98, "bound": 0.99, "rows": 9}
SIZE = {
    "peaks": {"client": 231_600_000, "orchestrator": 300_000_000, "orchestrator, to the splits": 200_000_000},
    "seconds": {"splits": 1.26},
    "rates": {"messages a second": 474.2},
    "bytes_by_folder": {"encodings/faces": 1_751_200, "photos": 1},
    "objects": 96,
    "most_objects": 0,
    "loads": [0.5, 12.4],
    "day": "26 November 2026",
}
FILES: dict[str, Any] = {
    "bench.json": {"machine": "a processor, 2 cores, load 0.1", "faces_250": SPEEDS, "web": SPEEDS},
    "batches.json": {"curve": {"64": BEST}},
    **{
        f"recovery-{way}.json": {"machine": "x86_64, 2 cores", "seconds": {"every connection is cut": [0.2, 0.1, 0.8]}}
        for way in ("locks", "leases", "s3")
    },
    "detectors.json": {
        "machine": "a processor",
        "detectors": {"blaze": SEEN},
        "conventions": {"blaze": {"faces": 158, "right": 0.002, "down": 0.03, "scale": 0.937}, "cnn": {"faces": 0}},
        "closeness": {"blaze map": CLOSE, "hog none": {**CLOSE, "error_all": None}},
    },
    "bench-grid.json": {"old": {}, "run": {"queue": {"wall": 100, "cpu": 200}, "fit": {"wall": 250, "cpu": 300}}},
    "latency.json": {
        "machine": "a processor",
        "milliseconds": {"svm-rbf": [0.26, 0.27, 0.99], "lda": [0.02, 0.021, None]},
    },
    "scale/scale.json": {
        "machine": "a processor, 2 cores",
        "sizes": {"100": {**SIZE, "photos": 100, "loads": [0.5]}, "1000": {**SIZE, "photos": 1000}},
    },
    "search/search.json": {
        "split": "a processor, 2 cores, load 0.1; 2800 training faces, 1200 test faces",
        "families": [{**FAMILY, "best_row": {"shrinkage": "auto"}, "seconds": 1.0}],
    },
}
ROWS = {
    "bench": "| 250 × 250 | 203.0 | – | – | 15 |",
    "bench-steps": "| web photos | 0.5 | 1.4 |",
    "photos-per-task": "| share of the best | 0.99 |",
    **dict.fromkeys(("recovery", "recovery-leases", "recovery-s3"), "| every connection is cut | 0.2 | 0.8 | 3 |"),
    "detectors": "| `blaze` | BlazeFace, full range, at 192 × 192 | 0.990 | 206 | 15 | 9.1 | 9.0 |",
    "conventions": "| `blaze` | 158 | 0.002 | 0.030 | 0.937 |",
    "closeness": "| `hog none` | 0.062 | 0.183 | – |",
    "queue": "| fit | 250 s | 300 s | 2.50 |",
    "latency": "| lda | 0.02 | 0.02 |",
    "scale": "| memory of the orchestrator, to the splits, MB | 200 | 200 |",
    "check-search": "| lda | lda | – | 98.0 % | 99.0 % | 9 | shrinkage auto | 1.0 |",
}


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, found in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(found))
    monkeypatch.setattr(outputs, "BUILD", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("build")
@pytest.mark.parametrize("name", ROWS)
def test_a_figure_has_the_rows_of_the_file_and_names_the_command(name: str) -> None:
    lines = output_figure(OUTPUTS[name]).splitlines()
    assert ROWS[name] in lines
    assert lines[-1].startswith("Measured on ")
    assert f"`{OUTPUTS[name].command}`: " in lines[-1]


def test_markdown_that_says_its_day_is_taken_as_it_is(build: Path) -> None:
    text = "| a | 1.0 % |\n\nMeasured on 25 November 2026 by `make check-statistics`.\n"
    (build / "statistics.md").write_text(text)
    assert output_figure(OUTPUTS["check-statistics"]) == text


def test_without_the_file_the_command_is_named(build: Path) -> None:
    (build / "bench.json").unlink()
    with pytest.raises(SourceMissing, match="`make bench` writes it"):
        output_figure(OUTPUTS["bench"])


def test_every_output_stands_in_a_document() -> None:
    from benchmarks.figures.documents import stored

    assert OUTPUTS.keys() <= stored().keys()
