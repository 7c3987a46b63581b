"""The runs that messages name; a process keeps the plans of the last ones, since every message asks for one."""

from __future__ import annotations

import functools
from pathlib import Path

from storage.errors import RunNotFound
from storage.folders import FileVersion, file_version
from storage.runs import Run, open_run, run_folder
from workers.jobs.job import Refused
from workers.queue.messages import parse_run_id


def open_named(store: Path, run_id: object) -> Run:
    """The run that a message names.

    Raises:
        Refused: it is no run of this store.
        StoreError: its plan is damaged or of another version of Lineup.
    """
    name = parse_run_id(run_id)
    try:
        return _opened(store, name, file_version(run_folder(store, name) / "run.json"))
    except RunNotFound as error:
        raise Refused(error.what) from error


@functools.lru_cache(maxsize=8)
def _opened(store: Path, run_id: str, _version: FileVersion) -> Run:
    return open_run(store, run_id)
