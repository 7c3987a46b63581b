"""Delete the encodings that no run of the store refers to: of removed runs, of other engines, of encoders.

A run that is planned later encodes such photos anew, so nothing is lost but time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.maintenance.all_runs_claimed import all_runs_claimed
from storage.encodings import Done
from storage.erase_photos import delete, erase_photos
from storage.errors import LineupError, RunConflict, StoreError
from storage.runs import EMBEDDING_FOLDER, Run, claim, list_runs, open_run
from storage.schemas import CATALOG
from storage.tables import read_table
from workers.faces.engine_fingerprint import encoder_fingerprint
from workers.jobs.planned_encoders import onnx_encoders


@dataclass(frozen=True)
class Unused:
    """What no run refers to.

    Args:
        folders: of engines, and of encoders of engines that are used.
        keys: of photos that no run has, in the encodings of the other engines.
        size: bytes of the folders; those of the photos are not known before they are gone.
    """

    folders: tuple[Path, ...]
    keys: frozenset[str]
    size: int

    @property
    def nothing(self) -> bool:
        """Whether all is in use."""
        return not (self.folders or self.keys)


def find_unused(store: Path) -> Unused:
    """What `delete_unused` may delete.

    Raises:
        StoreError: a run cannot be read, so nobody knows what it needs.
        RunConflict: somebody works on a run.
    """
    runs = list(_runs(store))
    for run in runs:
        if not (run.finished or run.cancelled):
            with claim(run, patient=True) as free:
                if not free:
                    raise RunConflict(f"an orchestrator is working on {run.run_id}", "Wait for its end, or cancel it")
    return _unused_by(runs, store)


def delete_unused(store: Path, found: Unused) -> Unused:
    """Delete what was found and is still used by no run: one may have been planned since; returns that.

    Raises:
        RunConflict: somebody works on a run.
        StoreError: a run cannot be read, or something cannot be deleted; a repetition goes on.
    """
    with all_runs_claimed(store):
        now = _unused_by(list(_runs(store)), store)
        folders = tuple(folder for folder in found.folders if folder in now.folders)
        unused = Unused(folders, found.keys & now.keys, _size(folders))
        for folder in unused.folders:
            delete(folder)
        if unused.keys:
            erase_photos(store, unused.keys)
    return unused


def _unused_by(runs: Sequence[Run], store: Path) -> Unused:
    used: defaultdict[Path, set[str]] = defaultdict(set)
    for run in runs:
        used[run.encodings] |= {encoder_fingerprint(each) for each in onnx_encoders(run).values()}
    folders: list[Path] = []
    keys: set[str] = set()
    for engine in sorted((store / "encodings").glob("*")):
        if engine not in used:
            folders.append(engine)
            continue
        embedded = sorted((engine / EMBEDDING_FOLDER).glob("*"))
        folders += [folder for folder in embedded if folder.name not in used[engine]]
        keys |= Done(engine / "faces").look()
    for run in runs:
        keys -= set(read_table(run.catalog, CATALOG, ["photo_key"]).column("photo_key").to_pylist())
    return Unused(tuple(folders), frozenset(keys), _size(folders))


def _size(folders: Sequence[Path]) -> int:
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())


def _runs(store: Path) -> Iterator[Run]:
    for run_id in list_runs(store):
        try:
            yield open_run(store, run_id)
        except LineupError as error:
            raise StoreError(
                f"run {run_id} cannot be read, so nobody knows what it needs: {error.what}",
                "Delete its folder, or use the version that made it",
            ) from error
