"""The training of an encoder goes on where it was killed; one that finishes no epoch is given up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.scheduler.planning import plan_encoder
from orchestrator.scheduler.status import status_of
from storage.errors import DatasetError, RunStuck
from storage.experiments import Experiment
from storage.plans import TripletSettings
from storage.read_attempts import read_attempts
from storage.runs import Run
from tests.cluster import Cluster, check_no_stray_files, pids_at, wait_for
from tests.tiny_run import encode_here
from workers.jobs.part_names import encoder_part
from workers.jobs.train_encoder import train_encoder_of
from workers.synthetic.photo_folder import write_folder

EPOCHS = 8
SETTINGS = TripletSettings(people=3, faces=3, epochs=EPOCHS, passes=6)
"""Epochs of some tenths of a second: long enough to be hit in one."""

DIE = """
import os, signal, sys
from pathlib import Path
from storage.attempts import Attempt
with Attempt(Path(sys.argv[1]), sys.argv[2]) as log:
    log.begin(sys.argv[2], 60)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven people, three photos each."""
    folder = tmp_path_factory.mktemp("people") / "people"
    write_folder(folder, people=7, photos=3, seed=5, side=160, processes=1)
    return folder


@pytest.fixture(scope="module")
def undisturbed(people: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a training in this process without any fault."""
    run = plan(tmp_path_factory.mktemp("store"), people)
    encode_here(run)
    train_encoder_of(run)
    return files(run)


def plan(store: Path, people: Path, attempts: int = 3) -> Run:
    return plan_encoder(store, people, None, replace(Experiment(), attempts=attempts), SETTINGS).run


def files(run: Run) -> dict[str, bytes]:
    return {name: (run.encoder / name).read_bytes() for name in ("encoder.npz", "encoder.json")}


def epochs(run: Run) -> int:
    """How many are finished, if the training still goes on."""
    status = status_of(run)
    return status.done if status.stage == "encoder" else EPOCHS


def kill_in_training(cluster: Cluster, run: Run, after: int) -> int:
    """Kill the training when it has finished more than `after` epochs; returns how many it had."""
    part = encoder_part(run.plan.fingerprint)
    cluster.drive(cluster.reconciler(run), until=lambda: epochs(run) > after and pids_at(run, part))
    (pid,) = pids_at(run, part)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: pid not in pids_at(run, part), "the training's death")
    done = epochs(run)
    assert after < done < EPOCHS
    return done


def test_a_training_killed_at_an_epoch_ends_with_the_bytes_of_an_undisturbed_one(
    cluster: Cluster, people: Path, undisturbed: dict[str, bytes]
) -> None:
    run = plan(cluster.store, people)
    kill_in_training(cluster, run, 0)
    assert cluster.finish(run).state == "finished"
    assert files(run) == undisturbed
    check_no_stray_files(cluster.store)
    assert {path.name for path in run.encoder.iterdir()} == {"encoder.npz", "encoder.json", "tensorboard"}


def test_a_cancelled_training_stops_at_once_and_resumed_ends_with_the_same_bytes(
    cluster: Cluster, people: Path, undisturbed: dict[str, bytes]
) -> None:
    run = plan(cluster.store, people)
    part = encoder_part(run.plan.fingerprint)
    reconciler = cluster.reconciler(run)
    cluster.drive(reconciler, until=lambda: epochs(run) > 0 and pids_at(run, part))
    run.cancel()
    assert cluster.drive(reconciler).state == "cancelled"
    wait_for(lambda: not pids_at(run, part), "the training's end")
    assert 0 < epochs(run) < EPOCHS
    run.let_go_on()
    assert cluster.finish(run).state == "finished"
    assert files(run) == undisturbed


@pytest.mark.slow
def test_a_training_that_gets_on_between_deaths_is_never_given_up(
    cluster: Cluster, people: Path, undisturbed: dict[str, bytes]
) -> None:
    run = plan(cluster.store, people, attempts=2)
    done = 0
    for _ in range(3):
        done = kill_in_training(cluster, run, done)
    assert cluster.finish(run).state == "finished"
    assert files(run) == undisturbed


def test_a_training_that_dies_again_and_again_without_getting_on_is_given_up(cluster: Cluster, people: Path) -> None:
    run = plan(cluster.store, people, attempts=2)
    part = encoder_part(run.plan.fingerprint)
    encode_here(run)
    for _ in range(2):
        subprocess.run([sys.executable, "-c", DIE, run.attempts, part], check=False)
    assert len(read_attempts(run.attempts)[1]) == 2
    train_encoder_of(run)
    assert not run.finished
    with pytest.raises(RunStuck, match="the encoder's training failed: its process died 2 times"):
        cluster.finish(run)
    assert status_of(run).state == "stopped"


def test_too_few_people_are_told_before_anything_is_trained(cluster: Cluster, tmp_path: Path) -> None:
    from PIL import Image

    folder = tmp_path / "people"
    write_folder(folder, people=6, photos=2, seed=5, side=160, processes=1)
    for number, photo in enumerate((folder / "ada").iterdir()):
        Image.new("RGB", (160, 160), (90 * number, 90, 90)).save(photo)
    run = plan_encoder(cluster.store, folder, None, Experiment(), SETTINGS).run
    with pytest.raises(DatasetError, match="there are 5, counting photos in which a face was found"):
        cluster.finish(run)
