"""Delete the encodings that no run of the store refers to: of removed runs, of other engines, of encoders.

Files that writers left half-written, and damaged parts, go too: rows of photos that no run has may be in them.

A run that is planned later encodes such photos anew, so nothing is lost but time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.maintenance.all_runs_claimed import all_runs_claimed
from storage.encodings import Done, encoding_folders, own_folders
from storage.erase_photos import delete, delete_leftovers, erase_from_folder, leftovers_of
from storage.errors import LineupError, RunConflict, StoreError
from storage.run_claim import claim
from storage.runs import Run, list_runs, open_run
from storage.schemas import CATALOG
from storage.tables import read_table
from workers.faces.engine_fingerprint import encoder_fingerprint
from workers.jobs.planned_encoders import onnx_encoders


@dataclass(frozen=True)
class Unused:
    """What no run refers to.

    Args:
        folders: of engines, and of encoders of engines that are used.
        photos: in each other folder of encodings, the keys of photos that no run of this engine and encoder has.
        size: bytes of the folders and leftovers; those of the photos are not known before they are gone.
        leftovers: half-written files of writers that died, and damaged parts, of engines that are used.
    """

    folders: tuple[Path, ...]
    photos: Mapping[Path, frozenset[str]]
    size: int
    leftovers: tuple[Path, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """Of all photos that are unused in some folder."""
        return frozenset().union(*self.photos.values())

    @property
    def nothing(self) -> bool:
        """Whether all is in use."""
        return not (self.folders or self.photos or self.leftovers)


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
        photos = {place: keys & now.photos.get(place, frozenset()) for place, keys in found.photos.items()}
        kept = {place: keys for place, keys in photos.items() if keys}
        unused = Unused(folders, kept, _size([*folders, *now.leftovers]), now.leftovers)
        for folder in unused.folders:
            delete(folder)
        for place, keys in unused.photos.items():
            erase_from_folder(_engine_of(place, store), place, keys)
        for engine in {_engine_of(path, store) for path in unused.leftovers}:
            delete_leftovers(engine)
    return unused


def _unused_by(runs: Sequence[Run], store: Path) -> Unused:
    used: defaultdict[Path, set[str]] = defaultdict(set)
    for run in runs:
        keys = read_table(run.catalog, CATALOG, ["photo_key"]).column("photo_key").to_pylist()
        encoders = [encoder_fingerprint(each) for each in onnx_encoders(run).values()]
        for place in (*own_folders(run.encodings), *map(run.embedding_parts, encoders)):
            used[place].update(keys)
    engines = {run.encodings for run in runs}
    folders: list[Path] = []
    leftovers: list[Path] = []
    photos: dict[Path, frozenset[str]] = {}
    for engine in sorted((store / "encodings").glob("*")):
        if engine not in engines:
            folders.append(engine)
            continue
        for place, schema in encoding_folders(engine):
            if place not in used:
                folders.append(place)
            elif left := Done(place, schema=schema).look() - used[place]:
                photos[place] = frozenset(left)
        # after the look, which may have set parts aside
        leftovers += [path for path in leftovers_of(engine) if path.parent not in folders]
    return Unused(tuple(folders), photos, _size([*folders, *leftovers]), tuple(leftovers))


def _engine_of(place: Path, store: Path) -> Path:
    """The engine's folder above a folder of parts."""
    return next(each for each in place.parents if each.parent == store / "encodings")


def _size(found: Sequence[Path]) -> int:
    """Bytes of files, and of the files in folders."""
    files = [path for each in found for path in ([each] if each.is_file() else each.rglob("*")) if path.is_file()]
    return sum(path.stat().st_size for path in files)


def _runs(store: Path) -> Iterator[Run]:
    for run_id in list_runs(store):
        try:
            yield open_run(store, run_id)
        except LineupError as error:
            raise StoreError(
                f"run {run_id} cannot be read, so nobody knows what it needs: {error.what}",
                "Delete its folder, or use the version that made it",
            ) from error
