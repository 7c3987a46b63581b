"""The layout of a store, and the paths and the state of a run.

<store>/                                   0700
  encodings/<engine fingerprint>/          shared by all runs: a pure function of a photo's bytes
    faces/<part>.parquet  efforts/<part>.parquet
    embeddings/<encoder fingerprint>/<part>.parquet      of the same faces by another encoder
  encoders/<sha256>.onnx                   the networks that runs were planned with
  runs/<run id>/
    run.json                               the plan; written once, never changed
    catalog.parquet  faces.parquet  splits.parquet  comparison.parquet
    embeddings/<encoder>.parquet           of the experiment's further encoders, by their names
    near_duplicates.parquet ...            what the report shows (storage/finding_schemas.py)
    failures/<part>.parquet                photos that this run could not do: vanished, timed out, poisoned
    scores/<part>.parquet  fits/<part>.parquet
    attempts/                              storage/attempts.py, storage/read_attempts.py
    handed_back/                           see storage/handed_back.py
    cancelled  stopped                     there while the run is cancelled; while it needs a person, and why
    retain-days                            storage/retention.py
    orchestrator.lock                      held by the orchestrator that works on the run; with leases
    orchestrator.<number>.lock             (storage/leases.py)
    report/index.html
    model/<configuration>/                 refitted on all known faces: the winner, and what `identify` asked for
    enrolled/<part>.parquet  <digest>/<configuration>/    people who were added, and models that know them
    encoder/                               of a run that trains an encoder: encoder.npz encoder.json tensorboard/
  store-id  message-key                    storage/store_id.py, storage/store_key.py
  liveness  leases/lease-<id>              how the living are known: storage/liveness.py
  refused/<host>.json                      how many messages were refused (storage/refused_messages.py)
  known_files/<dataset>/<reader>/<part>.parquet   storage/known_files.py
  scans/<scan>/                            storage/scans.py
  outputs                                  what was written outside the store: storage/outputs.py
  workers/<worker>.worker                  see storage/worker_faults.py
  logs/<process>.log  <process>.log.1      of what `run` and `up` start
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from storage.errors import RunNotFound
from storage.finding_schemas import COMPARISON_TABLES, SPLIT_TABLES
from storage.plans import COMPARISON_RUN, ENCODER_REPORT, ENCODER_RUN, FACES_RUN, Plan, plan_text, read_plan
from storage.read_attempts import forget_deaths, read_attempts
from storage.write_whole import write_bytes

RUN_FILE = "run.json"
RETENTION = "retain-days"
EMBEDDING_FOLDER = "embeddings"
ENROLLED_FOLDER = "enrolled"

RUN_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


@dataclass(frozen=True)
class Run:
    """The paths of one run."""

    folder: Path
    plan: Plan

    @property
    def run_id(self) -> str:
        return self.plan.run_id

    @property
    def store(self) -> Path:
        return self.folder.parents[1]

    @property
    def encodings(self) -> Path:
        return encodings_folder(self.store, self.plan.engine_fingerprint)

    def embedding_parts(self, encoder_fingerprint: str) -> Path:
        """The folder of an encoder's parts in the shared encodings."""
        return self.encodings / EMBEDDING_FOLDER / encoder_fingerprint

    def embeddings(self, encoder: str) -> Path:
        """The table of an encoder that the experiment names."""
        return self.folder / EMBEDDING_FOLDER / f"{encoder}.parquet"

    @property
    def attempts(self) -> Path:
        return self.folder / "attempts"

    @property
    def catalog(self) -> Path:
        return self.folder / "catalog.parquet"

    @property
    def faces(self) -> Path:
        return self.folder / "faces.parquet"

    @property
    def failures(self) -> Path:
        return self.folder / "failures"

    @property
    def splits(self) -> Path:
        return self.folder / "splits.parquet"

    def table(self, name: str) -> Path:
        """The file of a table of SPLIT_TABLES or COMPARISON_TABLES (storage/finding_schemas.py)."""
        return self.folder / f"{name}.parquet"

    @property
    def handed_back(self) -> Path:
        return self.folder / "handed_back"

    @property
    def scores(self) -> Path:
        return self.folder / "scores"

    @property
    def fits(self) -> Path:
        return self.folder / "fits"

    @property
    def comparison(self) -> Path:
        return self.folder / "comparison.parquet"

    @property
    def report(self) -> Path:
        return self.folder / "report"

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def enrolled(self) -> Path:
        return self.folder / ENROLLED_FOLDER

    @property
    def encoder(self) -> Path:
        return self.folder / "encoder"

    @property
    def is_there(self) -> bool:
        """Whether it was not removed since it was opened."""
        return (self.folder / RUN_FILE).is_file()

    @property
    def cancelled(self) -> bool:
        return (self.folder / "cancelled").is_file()

    def cancel(self) -> None:
        """Ask everyone to stop working on this run."""
        write_bytes(self.folder / "cancelled", b"")

    @property
    def stopped(self) -> str:
        """Why the run cannot go on; empty where it can."""
        try:
            return (self.folder / "stopped").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def stop(self, why: str) -> None:
        """Note that the run needs its owner."""
        write_bytes(self.folder / "stopped", why.encode(errors="replace"))

    def let_go_on(self) -> None:
        """Take back a cancellation or a stop, and hold nothing that died so far against any item: a person asked."""
        for name in ("cancelled", "stopped"):
            (self.folder / name).unlink(missing_ok=True)
        forget_deaths(read_attempts(self.attempts)[1])

    @property
    def finished(self) -> bool:
        """Whether the last thing that a run of its kind writes is there, and all tables that a report needs."""
        last = {
            COMPARISON_RUN: self.report / "index.html",
            FACES_RUN: self.faces,
            ENCODER_RUN: self.encoder / ENCODER_REPORT,
        }
        tables = (*SPLIT_TABLES, *COMPARISON_TABLES) if self.compares else ()
        return last[self.plan.kind].is_file() and all(self.table(name).is_file() for name in tables)

    @property
    def compares(self) -> bool:
        """Whether it is one that trains and compares."""
        return self.plan.kind == COMPARISON_RUN


def create_run(store: Path, plan: Plan) -> Run:
    """Write the plan of a new run; the catalogue must be there before (a run without one does not exist)."""
    folder = run_folder(store, plan.run_id)
    write_bytes(folder / RUN_FILE, plan_text(plan).encode())
    return Run(folder, plan)


def run_folder(store: Path, run_id: str) -> Path:
    """Where a run is, or will be.

    Raises:
        RunNotFound: the name could not be a run's (and might be a path).
    """
    if not RUN_ID.fullmatch(run_id):
        raise RunNotFound(f"{run_id!r} is not the name of a run", "`lineup runs` lists them")
    return store / "runs" / run_id


def encodings_folder(store: Path, engine_fingerprint: str) -> Path:
    """Where the encodings of a face engine are, which all its runs share."""
    return store / "encodings" / engine_fingerprint


def encoder_network_path(store: Path, digest: str) -> Path:
    """Where the network of an encoder is, by the sha256 of its bytes."""
    return store / "encoders" / f"{digest}.onnx"


def open_run(store: Path, run_id: str) -> Run:
    """Read a run's plan.

    Raises:
        RunNotFound: there is no such run in this store.
        StoreError: run.json is damaged or of another version of Lineup.
    """
    folder = run_folder(store, run_id)
    try:
        plan = read_plan(folder / RUN_FILE)
    except FileNotFoundError:
        raise RunNotFound(f"there is no run {run_id} in {store}", "`lineup runs` lists them") from None
    return Run(folder, plan)


def list_runs(store: Path) -> list[str]:
    """The names of all runs, newest first."""
    folder = store / "runs"
    if not folder.is_dir():
        return []
    found = [path.parent for path in folder.glob(f"*/{RUN_FILE}")]
    return [path.name for path in sorted(found, key=lambda path: (path / RUN_FILE).stat().st_mtime, reverse=True)]
