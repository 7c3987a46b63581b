"""Erase a person: rows, crops, embeddings, and everything that was derived from them.

A person is a label. Their photos are those that any catalogue gives that label, identified by their bytes: rows of the
same bytes under another label go too. Of each run that has such a photo

- the shared encodings lose the photos (for every engine; parts that cannot be read are deleted whole);
- faces, splits, scores, fits, comparison, report, models and encoder are deleted, since they were made with them, and
  those of every run that compared with this encoder;
- the catalogue loses the rows, and the plan gets the fingerprint of the rest: it is then the run of the other people,
  stopped, and `lineup resume` makes its tables again from the encodings.

Catalogues are changed last: after an interruption the person is still found, and erasing again finishes the work. The
photos on disk belong to the user and are only counted. What is outside runs and encodings: `rest_of_store`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.dataset.catalog import number_duplicates
from orchestrator.dataset.corrections import forget_name
from orchestrator.maintenance.all_runs_claimed import all_runs_claimed
from orchestrator.maintenance.rest_of_store import Rest, erase_rest, files_left, find_rest
from orchestrator.maintenance.search_store import PersonSearch
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.run_fingerprint import planned_fingerprint
from storage.encoder_settings import OwnEncoder
from storage.enrolled_people import drop_enrolled, galleries_of
from storage.erase_photos import Erased, count_photos, delete, drop_derived, erase_photos
from storage.errors import InputError, LineupError, StoreError
from storage.object_path import store_path
from storage.parts import read_part, write_part
from storage.path_kinds import is_there
from storage.runs import Run, create_run, list_runs, open_run
from storage.schemas import CATALOG
from storage.tables import read_table
from storage.validation import did_you_mean
from workers.faces.scan_files import UNREAD
from workers.queue.task_names import IMAGES, TRAINING


@dataclass(frozen=True)
class Trace:
    """A run that has photos of the person, or used an encoder that was trained with them.

    Args:
        photos: rows of its catalogue to delete; 0 where it only used the encoder.
        otherwise: of these, how many have another label.
        on_disk: their files that are still in the user's folder.
    """

    run: Run
    photos: int
    otherwise: int
    on_disk: int


@dataclass(frozen=True)
class PersonTraces:
    """Where a person is found.

    Args:
        keys: of their photos, over all runs.
        paths: of their photos, relative to each run's dataset.
        encoded: photos of them in the encodings.
        rest: what is outside runs and encodings.
        galleries: runs to whose models the person was added by `lineup enroll`.
        unreadable: runs that cannot be changed, and why.
    """

    person: str
    keys: frozenset[str]
    paths: frozenset[str]
    runs: tuple[Trace, ...]
    encoded: int
    rest: Rest
    unreadable: tuple[str, ...]
    galleries: tuple[str, ...] = ()

    @property
    def search(self) -> PersonSearch:
        """Finds files that hold the person."""
        return PersonSearch(self.person, self.keys, self.paths)

    def concerns(self, catalog: pa.Table) -> pa.ChunkedArray:
        """For each row of a catalogue, whether it is a photo of the person."""
        keys = pa.array(sorted(self.keys), pa.string())
        return pc.or_(_is(catalog, self.person), pc.is_in(catalog["photo_key"], value_set=keys))


@dataclass(frozen=True)
class Erasure:
    """What was removed.

    Args:
        removed: the deleted tables and folders, by run.
        logs: files that named the person or the photos and were emptied.
        copies_deleted: of the copies outside the store, those that were deleted.
        left: files of the store that still hold the person, and are not Lineup's to delete.
        in_broker: why files of the broker may still hold keys of their photos; empty where they do not.
    """

    traces: PersonTraces
    erased: Erased
    removed: dict[str, tuple[str, ...]]
    logs: tuple[str, ...]
    copies_deleted: tuple[Path, ...] = ()
    left: tuple[Path, ...] = ()
    in_broker: str = ""

    @property
    def complete(self) -> bool:
        """Whether nothing is left that Lineup knows of, but copies outside the store."""
        return not (self.left or self.in_broker or self.traces.unreadable)


def find_person(store: Path, person: str) -> PersonTraces:
    """Find a label in every run, in folders of runs without a plan, and among the copies outside the store.

    Raises:
        InputError: it is nowhere; names labels that differ in case only.
    """
    label = unicodedata.normalize("NFC", person)
    catalogs, unreadable = _catalogs(store)
    named = [key for _, table in catalogs for key in table.filter(_is(table, label))["photo_key"].to_pylist()]
    keys = frozenset(key for key in named if not key.startswith(UNREAD))
    nothing = Rest((), ())
    found = PersonTraces(label, keys, frozenset(), (), count_photos(store, keys), nothing, tuple(unreadable))
    theirs = [(run, table.filter(found.concerns(table)).to_pylist()) for run, table in catalogs]
    paths = frozenset(row["path"] for _, rows in theirs for row in rows)
    rest = find_rest(store, label, PersonSearch(label, keys, paths))
    galleries = tuple(galleries_of(store, label, keys))
    if not named and rest == nothing and not galleries:
        raise _not_found(store, label, [table for _, table in catalogs], unreadable)
    concerned = {run.run_id for run, rows in theirs if rows}
    runs = tuple(_trace(run, rows, label) for run, rows in theirs if rows or _encoder_runs(run) & concerned)
    return replace(found, paths=paths, runs=runs, rest=rest, galleries=galleries)


def _encoder_runs(run: Run) -> set[str]:
    """The runs whose encoders this run compares with."""
    return {each.run for each in run.plan.experiment.encoders.values() if isinstance(each, OwnEncoder)}


def _is(catalog: pa.Table, label: str) -> pa.ChunkedArray:
    return pc.equal(catalog["label"].cast(pa.string()), label)


def _not_found(store: Path, label: str, catalogs: Sequence[pa.Table], unreadable: Sequence[str]) -> InputError:
    known = {name for table in catalogs for name in table["label"].unique().to_pylist()}
    hint = did_you_mean(label, sorted(known)).rstrip() or "Labels are the names of the folders"
    also = f" These runs cannot be searched: {'; '.join(unreadable)}" if unreadable else ""
    return InputError(f"no photo in {store} has the label {label!r}", f"{hint}{also}")


def _trace(run: Run, theirs: Sequence[Mapping[str, str]], label: str) -> Trace:
    on_disk = sum(is_there(store_path(run.plan.dataset) / row["path"]) for row in theirs)
    return Trace(run, len(theirs), sum(row["label"] != label for row in theirs), on_disk)


def erase_person(
    store: Path, traces: PersonTraces, broker: Broker | None = None, delete_copies: bool = False
) -> Erasure:
    """Erase what `find_person` found.

    Args:
        broker: its queues are emptied, because messages name photos, and its files are written anew; the orchestrator
            sends again what is missing.
        delete_copies: also delete the copies outside the store that nobody has changed since.

    Raises:
        RunConflict: a run of the store is being worked on.
        BrokerError: the broker does not answer.
        StoreError: something cannot be written or deleted; erasing again goes on.
    """
    with all_runs_claimed(store):
        if broker:
            broker.empty((IMAGES, TRAINING))
        removed = {}
        for run_id in traces.galleries:
            drop_enrolled(open_run(store, run_id), traces.person, traces.keys)
        for trace in traces.runs:
            removed[trace.run.run_id] = _strip(trace.run)
        erased = erase_photos(store, traces.keys)
        for trace in traces.runs:
            _without(trace.run, traces)
        again = count_photos(store, traces.keys)
        logs, copies = erase_rest(store, traces.rest, traces.search, delete_copies)
    if again:
        raise StoreError(f"{again} of their photos were encoded again meanwhile", "End all workers, then repeat it")
    in_broker = broker.rewrite_files() if broker else ""
    return Erasure(traces, erased, removed, logs, copies, tuple(files_left(store, traces.search)), in_broker)


def _catalogs(store: Path) -> tuple[list[tuple[Run, pa.Table]], list[str]]:
    found: list[tuple[Run, pa.Table]] = []
    unreadable = []
    for run_id in list_runs(store):
        try:
            run = open_run(store, run_id)
            table = read_part(run.catalog, CATALOG, ["photo_key", "path", "label"])
        except (LineupError, FileNotFoundError) as error:
            unreadable.append(f"{run_id} ({error})")
            continue
        if table is None:
            unreadable.append(f"{run_id} (its catalogue is damaged)")
        else:
            found.append((run, table))
    return found, unreadable


def _strip(run: Run) -> tuple[str, ...]:
    """Stop the run, and delete everything that was made with the person's photos."""
    run.cancel()
    run.stop("a person was erased; `lineup resume` makes the tables of the others again")
    removed = drop_derived(run)
    for folder in (run.failures, run.attempts):
        delete(folder)
    return removed


def _without(run: Run, traces: PersonTraces) -> None:
    """Make it the run of the other people, as if it had been planned without this person."""
    table = read_table(run.catalog, CATALOG)
    rows = table.filter(pc.invert(traces.concerns(table))).to_pylist()
    for row in rows:
        forget_name(row, traces.person)
    number_duplicates(rows)
    catalog = pa.Table.from_pylist(rows, schema=CATALOG)
    plan = run.plan
    fingerprint = planned_fingerprint(plan, catalog)
    create_run(run.folder.parents[1], replace(plan, fingerprint=fingerprint))
    write_part(run.catalog, catalog, {"lineup.run": fingerprint})
