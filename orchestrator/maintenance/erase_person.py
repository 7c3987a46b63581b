"""Erase a person: rows, crops, embeddings, and everything that was derived from them.

A person is a label. Their photos are those that any catalogue gives that label, identified by their bytes: rows of the
same bytes under another label go too. Of each run that has such a photo

- the shared encodings lose the photos (for every engine; parts that cannot be read are deleted whole);
- faces, splits, scores, fits, comparison, report, models and encoder are deleted, since they were made with them, and
  those of every run that compared with this encoder;
- the catalogue loses the rows, and the plan gets the fingerprint of the rest: it is then the run of the other people,
  stopped, and `lineup resume` makes its tables again from the encodings.

Catalogues are changed last: after an interruption the person is still found, and erasing again finishes the work. The
photos on disk belong to the user and are only counted.
"""

from __future__ import annotations

import contextlib
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.dataset.catalog import UNREAD, number_duplicates
from orchestrator.dataset.corrections import forget_name
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.planning import planned_fingerprint
from storage.attempts import read_attempts
from storage.erase_photos import Erased, count_photos, delete, drop_derived, erase_photos
from storage.errors import InputError, LineupError, RunConflict, StoreError
from storage.parts import read_part, write_part
from storage.runs import Run, claim, create_run, list_runs, open_run
from storage.schemas import CATALOG
from storage.tables import read_table
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
        unreadable: runs that cannot be searched, and why.
    """

    person: str
    keys: frozenset[str]
    paths: frozenset[str]
    runs: tuple[Trace, ...]
    encoded: int
    unreadable: tuple[str, ...]

    def concerns(self, catalog: pa.Table) -> pa.ChunkedArray:
        """For each row of a catalogue, whether it is a photo of the person."""
        keys = pa.array(sorted(self.keys), pa.string())
        return pc.or_(_is(catalog, self.person), pc.is_in(catalog["photo_key"], value_set=keys))


@dataclass(frozen=True)
class Erasure:
    """What was removed.

    Args:
        removed: the deleted tables and folders, by run.
        logs: files that named the photos and were emptied.
    """

    traces: PersonTraces
    erased: Erased
    removed: dict[str, tuple[str, ...]]
    logs: tuple[str, ...]


def find_person(store: Path, person: str) -> PersonTraces:
    """Find a label in every run.

    Raises:
        InputError: no readable run has it; names labels that differ in case only.
    """
    label = unicodedata.normalize("NFC", person)
    catalogs, unreadable = _catalogs(store)
    named = [key for _, table in catalogs for key in table.filter(_is(table, label))["photo_key"].to_pylist()]
    if not named:
        raise _not_found(store, label, [table for _, table in catalogs], unreadable)
    keys = frozenset(key for key in named if not key.startswith(UNREAD))
    found = PersonTraces(label, keys, frozenset(), (), count_photos(store, keys), tuple(unreadable))
    theirs = [(run, table.filter(found.concerns(table)).to_pylist()) for run, table in catalogs]
    paths = frozenset(row["path"] for _, rows in theirs for row in rows)
    concerned = {run.run_id for run, rows in theirs if rows}
    runs = tuple(_trace(run, rows, label) for run, rows in theirs if rows or _encoder_runs(run) & concerned)
    return replace(found, paths=paths, runs=runs)


def _encoder_runs(run: Run) -> set[str]:
    """The runs whose encoders this run compares with."""
    return {each.run for each in run.plan.experiment.encoders.values()}


def _is(catalog: pa.Table, label: str) -> pa.ChunkedArray:
    return pc.equal(catalog["label"].cast(pa.string()), label)


def _not_found(store: Path, label: str, catalogs: Sequence[pa.Table], unreadable: Sequence[str]) -> InputError:
    known = {name for table in catalogs for name in table["label"].unique().to_pylist()}
    alike = sorted(name for name in known if name.casefold() == label.casefold())
    hint = f"Did you mean {', '.join(map(repr, alike))}?" if alike else "Labels are the names of the folders"
    also = f" These runs cannot be searched: {'; '.join(unreadable)}" if unreadable else ""
    return InputError(f"no photo in {store} has the label {label!r}", f"{hint}{also}")


def _trace(run: Run, theirs: Sequence[Mapping[str, str]], label: str) -> Trace:
    on_disk = sum(os.path.lexists(Path(run.plan.dataset) / row["path"]) for row in theirs)
    return Trace(run, len(theirs), sum(row["label"] != label for row in theirs), on_disk)


def erase_person(store: Path, traces: PersonTraces, broker: Broker | None = None) -> Erasure:
    """Erase what `find_person` found.

    Args:
        broker: its queues are emptied, because messages name photos; the orchestrator sends again what is missing.

    Raises:
        RunConflict: a run of the store is being worked on.
        BrokerError: the broker does not answer.
        StoreError: something cannot be written or deleted; erasing again goes on.
    """
    with _all_runs_claimed(store):
        if broker:
            broker.empty((IMAGES, TRAINING))
        removed = {}
        for trace in traces.runs:
            removed[trace.run.run_id] = _strip(trace.run)
        erased = erase_photos(store, traces.keys)
        logs = tuple(_emptied(store / "logs", (*traces.paths, *traces.keys)))
        for trace in traces.runs:
            _without(trace.run, traces)
        left = count_photos(store, traces.keys)
    if left:
        raise StoreError(f"{left} of their photos were encoded again meanwhile", "End all workers, then repeat it")
    return Erasure(traces, erased, removed, logs)


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


@contextlib.contextmanager
def _all_runs_claimed(store: Path) -> Iterator[None]:
    """Claim every run of the store: an orchestrator compacts encodings, and would write them again."""
    with contextlib.ExitStack() as claims:
        for run_id in list_runs(store):
            try:
                run = open_run(store, run_id)
            except StoreError:
                continue  # of another version, or damaged: no process can work on it
            if not claims.enter_context(claim(run)) or read_attempts(run.attempts)[0]:
                raise RunConflict(f"run {run_id} is being worked on", f"First: lineup cancel {run_id}")
        yield


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


def _emptied(logs: Path, names: Iterable[str]) -> Iterator[str]:
    """Empty each log that contains one of these names; a process that writes to it goes on at its end."""
    spellings = {spelling for name in names for spelling in (name.encode(), name.encode("unicode_escape"))}
    pattern = re.compile(b"|".join(re.escape(spelling) for spelling in sorted(spellings)))
    for path in sorted(logs.glob("*.log*")):
        try:
            with path.open("r+b") as log:
                found = any(pattern.search(line) for line in log)
                if found:
                    log.truncate(0)
        except OSError as error:
            raise StoreError(f"cannot empty {path}: {error.strerror}", "Fix permissions, then repeat it") from error
        if found:
            yield path.name
