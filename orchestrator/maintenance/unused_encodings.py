"""Delete the encodings that no run of the store refers to: of removed runs, of other engines, of encoders.

A run that is planned later encodes such photos anew, so nothing is lost but time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
    """What `delete_unused` will delete.

    Raises:
        StoreError: a run cannot be read, so nobody knows what it needs.
        RunConflict: somebody works on a run.
    """
    runs = list(_runs(store))
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
    size = sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())
    return Unused(tuple(folders), frozenset(keys), size)


def delete_unused(store: Path, unused: Unused) -> None:
    """Delete it; raises StoreError, and then a repetition goes on."""
    for folder in unused.folders:
        delete(folder)
    if unused.keys:
        erase_photos(store, unused.keys)


def _runs(store: Path) -> Iterator[Run]:
    for run_id in list_runs(store):
        try:
            run = open_run(store, run_id)
        except LineupError as error:
            raise StoreError(
                f"run {run_id} cannot be read, so nobody knows what it needs: {error.what}",
                "Delete its folder, or use the version that made it",
            ) from error
        if not (run.finished or run.cancelled):
            with claim(run) as free:
                if not free:
                    raise RunConflict(f"an orchestrator is working on {run_id}", "Wait for its end, or cancel it")
        yield run
