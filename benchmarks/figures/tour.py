"""What the commands of docs/tour.md print, on the run of `make demo`."""

from __future__ import annotations

import os
import shlex
import subprocess
import textwrap
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures.comparisons import FOLDER, LINEUP, drawn_photos
from storage.runs import Run

WIDTH = 108
"""Letters of a line; a longer one is folded."""

STRANGER = "carla"
"""Drawn with another seed: the run does not know her."""


def tour_answer(run: Run) -> str:
    """The answer, without the table, which the README shows."""
    lines = _printed(run, ["report", run.run_id])
    return _block("lineup report", [line for line in lines if _is_sentence(line)])


def _is_sentence(line: str) -> bool:
    """Whether it is none of the table, whose rows begin with a rank."""
    return " photos" in line or (line[:1].isalpha() and not line.startswith("rank "))


def tour_identify(run: Run) -> str:
    """Two photos of known people, and one of a person whom the run does not know."""
    photos = drawn_photos()
    shown = [photos / "chloe" / "chloe-001.jpg", photos / "bruno" / "bruno-004.jpg", _stranger()]
    names = [path.name for path in shown]
    lines = _printed(run, ["identify", *names, "--run", run.run_id, "--quiet"], shown)
    return _block(shlex.join(["lineup", "identify", *names]), lines)


def tour_runs(run: Run) -> str:
    """The table of runs, of this one alone."""
    head, *rows = _printed(run, ["runs"])
    return _block("lineup runs", [head, *(row for row in rows if row.split()[0] == run.run_id)])


def _stranger() -> Path:
    from workers.synthetic import write_folder

    folder = FOLDER / "strangers"
    write_folder(folder, 29, 1, seed=5, processes=1)
    return folder / STRANGER / f"{STRANGER}-001.jpg"


def _printed(run: Run, arguments: Sequence[str], files: Sequence[Path] = ()) -> list[str]:
    """The lines on standard output; the files are in the current folder of the command."""
    folder = FOLDER / "here"
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes())
    environment = {**os.environ, "LINEUP_STORE": str(run.store), "COLUMNS": str(WIDTH)}
    done = subprocess.run(  # noqa: S603 - our own command
        [LINEUP, *arguments], env=environment, cwd=folder, stdout=subprocess.PIPE, text=True, check=True
    )
    return [line.replace(str(run.store), "lineup-store") for line in done.stdout.splitlines()]


def _block(command: str, lines: Sequence[str]) -> str:
    folded = [part for line in lines for part in (textwrap.wrap(line, WIDTH) if len(line) > WIDTH else [line.rstrip()])]
    return "\n".join(["```", f"$ {command}", *folded, "```"])
