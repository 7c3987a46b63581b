"""Where a run stands, from the store alone: whoever only asks needs no broker and disturbs nobody."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from orchestrator.scheduler import work as stages
from storage.encodings import Done
from storage.parts import list_parts
from storage.plans import ENCODER_RUN
from storage.runs import Run
from storage.schemas import SPLITS
from storage.tables import read_table

STAGES = ("images", "splits", "training", "comparison", "refit", "report", "encoder", "finished")


@dataclass(frozen=True)
class Status:
    """Where a run stands.

    Args:
        state: running | finished | cancelled | stopped.
        stage: one of STAGES.
        done, total: of the stage's photos, trainings or epochs.
        reason: why it is stopped.
        resent: messages that were lost and sent again by this orchestrator.
        note: how well it goes, where there are figures for it.
    """

    run_id: str
    state: str
    stage: str
    done: int = 0
    total: int = 0
    reason: str = ""
    resent: int = 0
    note: str = ""


def look_at(run: Run) -> Status:
    """Where a run stands, from the store alone."""
    if run.finished:
        return Status(run.run_id, "finished", "finished")
    state = "stopped" if run.stopped else "cancelled" if run.cancelled else "running"
    if not run.faces.exists():
        photos = stages.catalogued(run)
        done = photos.keys() & (Done(run.encodings / "faces").look() | Done(run.failures).look())
        return Status(run.run_id, state, "images", len(done), len(photos), run.stopped)
    if run.plan.kind == ENCODER_RUN:
        epochs, most, note = stages.encoder_progress(run)
        return Status(run.run_id, state, "encoder", epochs, most, run.stopped, note=note)
    if not run.splits.exists():
        return Status(run.run_id, state, "splits", reason=run.stopped)
    wanted = stages.trainings(run, read_table(run.splits, SPLITS))
    done = {path.stem for path in list_parts(run.scores)} & wanted.keys()
    if len(done) < len(wanted):
        return Status(run.run_id, state, "training", len(done), len(wanted), run.stopped)
    if not run.comparison.exists():
        return Status(run.run_id, state, "comparison", 0, 1, run.stopped)
    return Status(run.run_id, state, "refit" if stages.refit_work(run) else "report", 0, 1, run.stopped)


def as_json(status: Status) -> dict[str, object]:
    """A status as `--json` prints it."""
    return asdict(status)
