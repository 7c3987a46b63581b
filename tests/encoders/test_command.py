"""`lineup train-encoder` as it is typed, with a private broker and real workers, and what it is good for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.experiment.experiment_file import from_toml
from storage.runs import Run
from tests.tiny_run import lineup
from workers.learning.encoder.picture_encoder import encoder_digest


def test_help_names_every_choice(tmp_path: Path) -> None:
    shown = lineup(tmp_path / "store", "train-encoder", "--help")
    assert shown.returncode == 0
    for word in ("--labels", "--epochs", "semi-hard|batch-hard", "aligned|crop", "--seed", "--run", "--json", "-q"):
        assert word in shown.stdout


def test_a_folder_of_too_few_people_is_the_users_mistake(others: Path, tmp_path: Path) -> None:
    shown = lineup(tmp_path / "store", "train-encoder", str(others))
    assert shown.returncode == 2
    assert "photos of 4 people; 6 are needed" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_finished_encoder_is_printed_with_the_lines_to_compare_it(trained: Run) -> None:
    shown = lineup(trained.store, "report", trained.run_id)
    assert shown.returncode == 0, shown.stderr
    assert "3 for training, 2 for early stopping, 2 for testing" in shown.stdout
    assert f'own = "{trained.run_id}"' in shown.stdout
    (line,) = (line for line in shown.stdout.splitlines() if line.startswith("  configurations"))
    from_toml("\n".join([line, "[encoders]", f'own = "{trained.run_id}"']))
    plain = json.loads(lineup(trained.store, "report", trained.run_id, "--json").stdout)
    assert plain["encoder"]["digest"] == encoder_digest(trained.encoder)
    assert plain["encoder"]["path"] == str(trained.encoder / "encoder.npz")


def test_an_encoders_run_is_listed_but_is_no_newest_comparison(trained: Run) -> None:
    (row,) = [line for line in lineup(trained.store, "runs").stdout.splitlines() if line.startswith(trained.run_id)]
    assert row.split()[-1] == "finished"
    alone = lineup(trained.store, "report")  # of a comparison, if other tests made one; it may name its encoder
    assert "tensorboard --logdir" in lineup(trained.store, "report", trained.run_id).stdout
    assert "tensorboard --logdir" not in alone.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)  # eight processes one after the other, four of which import TensorFlow
def test_from_a_folder_to_an_encoder_to_a_table_to_names(teachers: Path, others: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    trained = lineup(store, "train-encoder", str(teachers), "--epochs", "2", "--run", "mine", "--json")
    assert trained.returncode == 0, trained.stderr
    shown = json.loads(trained.stdout)
    assert (shown["run_id"], shown["photos"]) == ("mine", {"ok": 21})
    assert shown["encoder"]["people"] == [3, 2, 2]
    assert 0 <= shown["encoder"]["before"]["accuracy"] <= 1
    assert "Training encoder" in trained.stderr
    assert "validation pairs" in trained.stderr
    assert Path(shown["encoder"]["path"]).exists()

    again = lineup(store, "resume", "mine")
    assert "trained      " in again.stdout
    assert 'own = "mine"' in again.stdout
    assert again.stdout == lineup(store, "report", "mine").stdout

    file = tmp_path / "own.toml"
    file.write_text(
        'configurations = ["knn-1", "knn-1@own"]\n[encoders]\nown = "mine"\n[protocol]\nmin_photos_per_person = 2\n'
    )
    compared = lineup(store, "run", str(others), "-e", str(file))
    assert compared.returncode == 0, compared.stderr
    assert "knn-1@own" in compared.stdout
    assert "the encoder own (mine)" in compared.stdout
    photo = next(others.glob("*/*.jpg"))
    named = lineup(store, "identify", str(photo), "--configuration", "knn-1@own", "--json")
    assert named.returncode == 0, named.stderr
    _, answer = (json.loads(line) for line in named.stdout.splitlines())
    assert answer["faces"][0]["nearest"] == photo.parent.name
    assert lineup(store, "check").returncode == 0
    assert lineup(store, "check", "mine").returncode == 0


@pytest.mark.parametrize("option", [("--mining", "hardest"), ("--view", "left"), ("--epochs", "0")])
def test_a_wrong_option_is_refused_with_the_choices(tmp_path: Path, option: tuple[str, str]) -> None:
    shown = lineup(tmp_path / "store", "train-encoder", str(tmp_path), *option)
    assert shown.returncode == 2
    assert option[0] in shown.stderr
