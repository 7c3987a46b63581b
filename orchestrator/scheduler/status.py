"""Status of a run, from the store alone: it needs no broker and disturbs no process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from orchestrator.scheduler.compatibility import check_readable
from orchestrator.scheduler.work import needs_refit, planned_photos
from orchestrator.scheduler.worker_watch import QUEUE_OF_STAGE, WorkerWatch, workers_now
from orchestrator.text import training_figures
from storage.encodings import Done
from storage.parts import list_parts
from storage.plans import ENCODER_RUN
from storage.read_attempts import Attempts, look_at_attempts
from storage.runs import Run
from storage.schemas import SPLITS
from storage.tables import read_table
from workers.jobs.part_names import refit_part
from workers.jobs.planned_trainings import Training, planned_trainings

STAGES = ("images", "splits", "training", "comparison", "refit", "report", "encoder", "finished")


@dataclass(frozen=True)
class Status:
    """Status of a run.

    Args:
        state: running | finished | cancelled | stopped.
        stage: one of STAGES.
        done, total: of the stage's photos, trainings or epochs.
        reason: why it is stopped.
        resent: messages that were lost and sent again by this orchestrator.
        note: figures of the training so far, in words; empty where there are none.
        now: what is being trained and how far that is, in words; empty in other stages.
        waiting: what is wrong where the run cannot go on now; it goes on by itself when that is over.
        faults: what is wrong with workers and what to do, a sentence each; others may do the work.
        disk_full: whether a full disk is what it waits for: a process that is started now would die.
    """

    run_id: str
    state: str
    stage: str
    done: int = 0
    total: int = 0
    reason: str = ""
    resent: int = 0
    note: str = ""
    waiting: str = ""
    now: str = ""
    faults: tuple[str, ...] = ()
    disk_full: bool = False


def status_of(run: Run, watch: WorkerWatch | None = None) -> Status:
    """Read the status of a run; raises StoreError or RunStuck where its tables cannot be read.

    Args:
        watch: has patience with workers that start; None where there was no look before.
    """
    status = _stored_status(run)
    queue = QUEUE_OF_STAGE.get(status.stage)
    if status.state != "running" or queue is None:
        return status
    found = watch.look(queue, status.done) if watch else workers_now(run.store, queue)
    return replace(status, faults=found.faults, waiting=found.waiting)


def _stored_status(run: Run) -> Status:
    check_readable(run)
    if run.finished:
        epochs, most, note = encoder_progress(run)
        return Status(run.run_id, "finished", "finished", epochs, most, note=note)
    state = "stopped" if run.stopped else "cancelled" if run.cancelled else "running"
    if not run.faces.is_file():
        photos = planned_photos(run)
        done = photos.keys() & (Done(run.encodings / "faces").look() | Done(run.failures).look())
        return Status(run.run_id, state, "images", len(done), len(photos), run.stopped)
    if run.plan.kind == ENCODER_RUN:
        epochs, most, note = encoder_progress(run)
        return Status(run.run_id, state, "encoder", epochs, most, run.stopped, note=note)
    if not run.splits.is_file():
        return Status(run.run_id, state, "splits", reason=run.stopped)
    trainings = planned_trainings(run, read_table(run.splits, SPLITS))
    done = {path.stem for path in list_parts(run.scores)} & trainings.keys()
    if len(done) < len(trainings):
        now = trained_now(look_at_attempts(run.attempts), trainings)
        return Status(run.run_id, state, "training", len(done), len(trainings), run.stopped, now=now)
    if not run.comparison.is_file():
        return Status(run.run_id, state, "comparison", 0, 1, run.stopped)
    if needs_refit(run):
        return Status(
            run.run_id, state, "refit", 0, 1, run.stopped, now=refitted_now(run, look_at_attempts(run.attempts))
        )
    return Status(run.run_id, state, "report", 0, 1, run.stopped)


def trained_now(attempts: Attempts, trainings: Mapping[str, Training]) -> str:
    """The configurations that are being trained, in words: of several splits at once, their number; how far they are.

    >>> trainings = {"a1": ("dense", 0, 0), "a2": ("dense", 0, 1), "b1": ("svm-rbf", 0, 0)}
    >>> trained_now(Attempts({"a1", "a2", "b1"}, [], {"a2": "epoch 3/60"}), trainings)
    'dense (2×, epoch 3/60), svm-rbf'
    """
    at_work: dict[str, list[str]] = {}
    for part, (name, _, _) in trainings.items():
        if part in attempts.running:
            at_work.setdefault(name, []).append(attempts.progress.get(part, ""))
    return ", ".join(_at_work(name, progress) for name, progress in at_work.items())


def _at_work(name: str, progress: Sequence[str]) -> str:
    count = f"{len(progress)}×" if len(progress) > 1 else ""
    beside = ", ".join(filter(None, (count, " and ".join(filter(None, progress)))))
    return f"{name} ({beside})" if beside else name


def refitted_now(run: Run, attempts: Attempts) -> str:
    """How far the refit of the winner is, in words; empty where its process does not tell."""
    return attempts.progress.get(refit_part(run.plan.fingerprint), "")


def encoder_progress(run: Run) -> tuple[int, int, str]:
    """Epochs that are done, epochs at most, the figures of the last one in words; zeros where none is trained."""
    if run.plan.kind != ENCODER_RUN:
        return 0, 0, ""
    from workers.jobs.train_encoder import curves_of, settings_of

    curves = curves_of(run)
    losses, accuracies = curves.get("loss", []), curves.get("val_accuracy", [])
    return len(accuracies), settings_of(run).epochs, training_figures(losses, accuracies)


def status_as_json(status: Status) -> dict[str, object]:
    """A status as `--json` prints it."""
    return asdict(status)
