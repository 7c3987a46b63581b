"""The wrapper in which every task runs.

A job holds an attempt at its part from its first line on, loading included. So only one process works on a part, a
death counts whenever it comes, and after `attempts` deaths the part is given up. Whatever fails, the attempt ends.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from storage.attempts import Attempt, claim_attempt
from storage.errors import InputError, cannot_write, is_no_space
from storage.read_attempts import count_deaths, read_attempts
from storage.runs import Run
from storage.whole_objects import ask_at_once
from workers.learning.configurations import LEARNING_VERSION

logger = logging.getLogger("lineup.jobs")

Work = Callable[[Attempt, int], None]
"""Does the job under this attempt, which is the n-th, counted from 1."""


class Refused(InputError):
    """A message that the orchestrator would not send: the worker drops it."""


class WrongVersion(Refused):
    """A message for workers of another version: this worker hands it back."""


def check_version(run: Run) -> None:
    """Raise WrongVersion where this worker would not learn as the run's other workers do."""
    if run.plan.learning_version != LEARNING_VERSION:
        raise WrongVersion(
            f"run {run.run_id} was planned with another version of the code that learns than this worker's"
        )


def check_kind(run: Run, *kinds: str) -> None:
    """Raise Refused where the run is of another kind than the task is for."""
    if run.plan.kind not in kinds:
        raise Refused(f"run {run.run_id} has no such work: it is of kind {run.plan.kind}")


def check_not_removed(run: Run) -> None:
    """Raise Refused where the run was removed: what is written for it then would belong to no run."""
    if not run.is_there:
        raise _removed(run)


def _removed(run: Run) -> Refused:
    return Refused(f"run {run.run_id} was removed")


@contextlib.contextmanager
def own_attempt(run: Run, part: str, done: Path | None = None) -> Iterator[Attempt | None]:
    """An attempt at a part, or None where another process is at it. What is refused in it does not count as a death.

    Args:
        done: None, too, where this file is there.

    Raises:
        Refused: the run was removed. From then on it is not: `remove` finds the attempt.
        StoreFull: the disk is full, also where a library says so by an OSError.
    """
    refused: Refused | None = None
    with claim_attempt(run.attempts, part) as attempt:
        try:
            there, finished = ask_at_once(run.folder, lambda: run.is_there, lambda: bool(done and done.is_file()))
            if not there:
                raise _removed(run)
            yield None if finished else attempt
        except Refused as error:
            refused = error
        except OSError as error:
            if is_no_space(error):
                raise cannot_write(run.folder, error) from error
            raise
    if refused:
        raise refused


def run_job(
    run: Run,
    part: str,
    seconds: float,
    work: Work,
    *,
    is_done: Callable[[], bool],
    lacks: Callable[[], str] = lambda: "",
    give_up: Callable[[int], None] | None = None,
) -> None:
    """Do the work on one part, unless it is done, cancelled, given up, or another process is at it.

    Args:
        seconds: the process ends itself when the work takes longer; `Attempt.allow` starts the time anew.
        lacks: says in words which of the work's inputs are not there; the work is then refused before it is begun.
        give_up: called with the number of deaths where there are `attempts` of them; by default only a log line says
            so, and the orchestrator stops the run.

    Raises:
        Refused: by the work, or because the run or an input is not there; it does not count as a death.
        StoreError: the store cannot be written, or the disk is full; it does not count as a death.
    """
    if run.cancelled or is_done():
        return
    missing = lacks()
    if missing:
        raise Refused(f"run {run.run_id} is not ready for this: {missing}")
    with own_attempt(run, part) as attempt:
        if attempt is None or is_done():  # another process is at it, or has just finished it
            return
        died = count_deaths(read_attempts(run.attempts)[1])[part]
        if died >= run.plan.experiment.attempts:
            _give_up(run, part, died, give_up)
            return
        attempt.begin(part, seconds)
        work(attempt, died + 1)


def _give_up(run: Run, part: str, died: int, give_up: Callable[[int], None] | None) -> None:
    if give_up:
        give_up(died)
    else:
        logger.warning("given up after %d deaths", died, extra={"run": run.run_id, "part": part})
