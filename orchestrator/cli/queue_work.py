"""Have the photos of `lineup identify --queue` encoded, and print their answers meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from orchestrator.cli.options import settings, stderr_console, stop_on_interrupt
from orchestrator.cli.progress import display, show_status

if TYPE_CHECKING:
    from orchestrator.cli.photo_rows import PhotoRows
    from orchestrator.inference.run_answers import RunAnswers
    from orchestrator.scheduler.status import Status
    from orchestrator.stop_request import Stop
    from storage.runs import Run

PRINT_SECONDS = 1.0
"""At a time, while workers encode: then the next photos are sent to them."""

PASSES = 2
"""In a row without a new answer, after which no other comes: another run may just merge the parts that hold them."""


def drive_and_print(run: Run, answers: RunAnswers, rows: PhotoRows, quiet: bool) -> Status:
    """Work on a run until it ends or Ctrl-C, and print each answer as it comes; raises LineupError as `drive_run`.

    Where everything is stored already, no broker and no worker is needed.
    """
    from orchestrator.local.drive_run import drive_run
    from orchestrator.scheduler.status import status_of

    with display(stderr_console(), quiet, with_rows=True) as progress, stop_on_interrupt() as stop:
        # a finished run whose encodings were deleted: its table says that they are there. Asked in this order, since
        # another orchestrator may finish it meanwhile
        if run.finished and answers.are_missing:
            run.faces.unlink(missing_ok=True)
        if not run.finished:
            run.let_go_on()

            def show(status: Status) -> None:
                show_status(progress, status)
                _print(answers, rows, stop, PRINT_SECONDS)

            ended = drive_run(run, run.store, settings(), show, stop)
        else:
            ended = status_of(run)
        if ended.state == "finished":
            _print_rest(answers, rows, stop)
        return ended


def _print_rest(answers: RunAnswers, rows: PhotoRows, stop: Stop) -> None:
    """Print the answers of a finished run; a photo may be in a part that is merged into another just now."""
    idle = 0
    while rows.count < len(answers.paths) and idle < PASSES and not stop.is_set():
        before = rows.count
        _print(answers, rows, stop)
        idle = 0 if rows.count > before else idle + 1


def _print(answers: RunAnswers, rows: PhotoRows, stop: Stop, seconds: float = float("inf")) -> None:
    """Print the answers that are there, for so many seconds at most or until `stop` is set."""
    end = time.monotonic() + seconds
    for answer, jpeg in answers.take():
        rows.add(answer, jpeg)
        if stop.is_set() or time.monotonic() > end:
            return
