"""Our own encoder: people apart, killed and resumed to the same bits."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from storage.plans import TripletSettings
from workers.learning.encoder.checkpoint import Progress
from workers.learning.encoder.picture_encoder import FILE, encoder_digest, load_picture_encoder
from workers.learning.encoder.train_triplets import CHECKPOINT, split_people, train_by_triplets
from workers.learning.fold import CannotFit
from workers.learning.networks.stored_network import NetworkLayout, network_bytes

SETTINGS = TripletSettings(people=4, faces=2, epochs=3, passes=1, held_share=0.25, seed=3)


def pictures(people: int = 8, photos: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """A coarse pattern for each person, under noise."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 200, (people, 1, 8, 8, 3)).repeat(16, axis=2).repeat(16, axis=3)
    x = (coarse + rng.integers(0, 50, (people, photos, 128, 128, 3))).astype(np.uint8)
    return x.reshape(-1, 128, 128, 3), np.repeat([f"p{i}" for i in range(people)], photos)


@pytest.mark.slow
def test_a_killed_training_continues_and_ends_with_the_same_bits(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from tests.workers.learning.encoder.test_train_triplets import *
def die(done, most, figures):
    if done == 2: os.kill(os.getpid(), signal.SIGKILL)
train_by_triplets(*pictures(), SETTINGS, Path(sys.argv[1]), die)
"""
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "killed")], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [each.name for each in (tmp_path / "killed").iterdir()] == [CHECKPOINT]
    seen: list[int] = []
    resumed = train_by_triplets(*pictures(), SETTINGS, tmp_path / "killed", lambda done, *_: seen.append(done))
    whole = train_by_triplets(*pictures(), SETTINGS, tmp_path / "whole", board=tmp_path / "board")
    assert seen == [3]
    assert resumed == whole
    x = pictures()[0]
    ours, theirs = load_picture_encoder(tmp_path / "killed"), load_picture_encoder(tmp_path / "whole")
    assert ours(x).tobytes() == theirs(x).tobytes()
    assert np.allclose(np.linalg.norm(ours(x), axis=1), 1, atol=1e-5)
    assert ours(x[3:4]).tobytes() == ours(x)[3:4].tobytes()  # a face's bits depend on its picture alone
    # equal although the layers of one were numbered later
    assert encoder_digest(tmp_path / "killed") == encoder_digest(tmp_path / "whole")
    assert theirs.view == "aligned"
    assert json.loads((tmp_path / "whole" / "encoder.json").read_text())["after"]["pairs"] == whole.after.pairs
    assert written(tmp_path / "board") == {
        (name, step): pytest.approx(value)
        for name, curve in whole.curves.items()
        for step, value in enumerate(curve, 1)
    }


def test_a_network_that_is_not_an_encoder_is_refused(tmp_path: Path) -> None:
    layout = NetworkLayout("dense_network", {"classes": 2})
    (tmp_path / FILE).write_bytes(network_bytes(layout.build(), layout))
    with pytest.raises(ValueError, match="not a face encoder"):
        load_picture_encoder(tmp_path)


def written(board: Path) -> dict[tuple[str, int], float]:
    """What TensorBoard would read: (name, step) -> value."""
    import tensorflow as tf

    found: dict[tuple[str, int], float] = {}
    for path in sorted(board.glob("*tfevents*")):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            found |= {(value.tag, event.step): value.simple_value for value in event.summary.value}
    return found


def test_no_person_is_in_two_sets() -> None:
    labels = np.concatenate([np.repeat([f"p{i}" for i in range(20)], 3), ["alone"]])
    sets = split_people(labels, TripletSettings())
    people = [set(labels[rows]) for rows in (sets.train, sets.validation, sets.test)]
    assert [len(each) for each in people] == [14, 3, 3]
    assert len(set.union(*people)) == 20
    assert "alone" not in set.union(*people)
    other = split_people(labels, replace(TripletSettings(), seed=1))
    assert set(labels[other.test]) != people[2]


def test_too_few_people_are_named() -> None:
    with pytest.raises(CannotFit, match="there are 5"):
        split_people(np.repeat(list("abcde"), 2), TripletSettings())


def test_the_best_epoch_is_the_first_of_the_highest_accuracy() -> None:
    done = Progress.start()
    for number, accuracy in enumerate([0.6, 0.9, 0.9, 0.7]):
        done = done.after({"loss": 1.0, "val_accuracy": accuracy}, [np.array([number])])
    assert (done.epoch, done.best_epoch, done.best[0][0]) == (4, 2, 1)
    assert done.curves["val_accuracy"] == [0.6, 0.9, 0.9, 0.7]
