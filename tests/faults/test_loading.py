"""A process that dies while it loads the faces of a run: the training is given up after `attempts` deaths."""

from __future__ import annotations

from pathlib import Path

from storage.parts import list_parts, read_parts
from storage.read_attempts import read_attempts
from storage.schemas import FITS
from tests.cluster import Cluster, wait_for
from workers.queue.messages import train_configuration_message
from workers.queue.task_names import TRAINING

ATTEMPTS = 2


def test_a_training_whose_process_dies_while_loading_is_a_failed_fit_and_never_trained_by_two(
    cluster: Cluster, photos: Path
) -> None:
    run = cluster.plan(photos, configurations=["knn-1"], attempts=ATTEMPTS)
    reconciler = cluster.reconciler(run)
    mark = cluster.marks / "die-while-loading"
    mark.touch()
    cluster.drive(reconciler, until=lambda: mark.read_text())
    message = train_configuration_message(run, "knn-1", 0, 0)
    for number in range(2):  # the same message again, while the first process loads
        cluster.stack.broker.send(message.task, message.arguments, TRAINING, f"copy-{number}")
    cluster.drive(reconciler, until=lambda: list_parts(run.scores))
    assert mark.read_text().splitlines() == ["died"] * ATTEMPTS
    (fit,) = read_parts(list_parts(run.fits), FITS).to_pylist()
    assert (fit["outcome"], fit["reason"]) == ("failed", f"its process died {ATTEMPTS} times")
    wait_for(lambda: not read_attempts(run.attempts)[0], "the end of the attempt that wrote the failed fit")
