"""A person is added to a finished run's models, named by identify, taken out again, and forgotten."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orchestrator.inference.enroll import check_new_person, enroll, enroll_photos, take_out
from orchestrator.inference.load_model import recogniser_of
from orchestrator.inference.photos import identify_photos
from orchestrator.maintenance.erase_person import erase_person, find_person
from storage.enrolled_people import galleries_of, read_enrolled
from storage.errors import DatasetError, InputError
from storage.runs import Run, open_run
from tests.tiny_run import lineup
from workers.faces.engine import load_engine
from workers.synthetic.identity import draw_identity
from workers.synthetic.render import render
from workers.synthetic.scene import draw_scene

NEW = 7
"""The number of the person who is new, among those who are drawn from the seed of `tiny_run`."""


@pytest.fixture(scope="module")
def frida(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five photos of a person who is not in the run."""
    folder = tmp_path_factory.mktemp("frida")
    for number in range(5):
        picture = render(draw_identity(3, NEW), draw_scene(3, NEW, number), 200)
        Image.fromarray(picture).save(folder / f"{number}.png")
    return sorted(folder.iterdir())


@pytest.fixture
def gallery(run: Run, tmp_path: Path) -> Run:
    """A copy of the run, to be changed."""
    shutil.copytree(run.store, tmp_path / "store")
    return open_run(tmp_path / "store", run.run_id)


def added(gallery: Run, photos: list[Path], configuration: str = "knn-1", name: str = "frida") -> int:
    found = list(enroll_photos(photos, recogniser_of(gallery, configuration)))
    return enroll(gallery, check_new_person(gallery, name), found)


def names(gallery: Run, photos: list[Path], configuration: str = "knn-1") -> list[str]:
    recogniser = recogniser_of(gallery, configuration)
    answers = identify_photos(photos, load_engine(recogniser.settings), recogniser)
    return [face.named.nearest for answer in answers for face in answer.faces]


@pytest.mark.parametrize("configuration", ["knn-1", "svm-linear"])
def test_identify_names_a_person_who_was_enrolled(gallery: Run, frida: list[Path], configuration: str) -> None:
    assert "frida" not in names(gallery, frida[3:], configuration)
    assert added(gallery, frida[:3], configuration) == 3
    assert names(gallery, frida[3:], configuration) == ["frida", "frida"]


def test_the_others_are_named_as_before(gallery: Run, frida: list[Path], photos: list[Path]) -> None:
    before = names(gallery, photos)
    added(gallery, frida)
    assert names(gallery, photos) == before


def test_the_threshold_stays_and_says_so_and_its_figures_are_not_claimed(gallery: Run, frida: list[Path]) -> None:
    before = recogniser_of(gallery, "knn-1")
    added(gallery, frida)
    after = recogniser_of(gallery, "knn-1")
    assert after.threshold.value == before.threshold.value
    assert after.threshold.rule.endswith("people who were enrolled later had no part in it")
    assert before.operating is not None
    assert after.operating is None
    assert after.faces == before.faces + 5


def test_the_model_of_the_run_itself_stays_as_it_is(gallery: Run, frida: list[Path]) -> None:
    recogniser_of(gallery, "knn-1")
    before = {path: path.read_bytes() for path in gallery.model.rglob("*") if path.is_file()}
    added(gallery, frida)
    recogniser_of(gallery, "knn-1")
    assert {path: path.read_bytes() for path in gallery.model.rglob("*") if path.is_file()} == before


def test_the_same_name_again_replaces_the_photos(gallery: Run, frida: list[Path]) -> None:
    added(gallery, frida[:3])
    added(gallery, frida[3:])
    assert set(read_enrolled(gallery)["path"].to_pylist()) == set(map(str, frida[3:]))


def test_who_is_taken_out_is_known_no_more(gallery: Run, frida: list[Path]) -> None:
    before = recogniser_of(gallery, "knn-1").model.labels
    added(gallery, frida)
    recogniser_of(gallery, "knn-1")
    take_out(gallery, "frida")
    assert recogniser_of(gallery, "knn-1").model.labels == before
    assert list(gallery.enrolled.iterdir()) == []
    with pytest.raises(InputError, match="nobody called 'frida'"):
        take_out(gallery, "frida")


def test_a_photo_that_does_not_show_one_person_is_left_out(gallery: Run, frida: list[Path], tmp_path: Path) -> None:
    several, nobody, text = tmp_path / "several.png", tmp_path / "nobody.png", tmp_path / "text.jpg"
    Image.fromarray(np.hstack([np.asarray(Image.open(path)) for path in frida[:2]])).save(several)
    Image.new("RGB", (200, 200), "grey").save(nobody)
    text.write_text("no photo")
    asked = [several, nobody, text, tmp_path / "none.jpg", frida[0], frida[0]]
    found = list(enroll_photos(asked, recogniser_of(gallery, "knn-1")))
    outcomes = ["several_faces", "no_face", "unreadable", "unreadable", "ok", "duplicate"]
    assert [each.outcome for each in found] == outcomes
    assert enroll(gallery, "frida", found) == 1
    with pytest.raises(InputError, match="no photo has one usable face"):
        enroll(gallery, "frida", found[:4])


def test_a_name_that_is_taken_or_means_a_stranger_is_refused(gallery: Run) -> None:
    known = recogniser_of(gallery, "knn-1").model.labels[0]
    with pytest.raises(InputError, match=f"knows '{known}' already"):
        check_new_person(gallery, known)
    with pytest.raises(DatasetError, match="unknown"):
        check_new_person(gallery, "unknown")


def test_forget_erases_a_person_who_was_enrolled(gallery: Run, frida: list[Path]) -> None:
    added(gallery, frida)
    recogniser_of(gallery, "knn-1")
    traces = find_person(gallery.store, "frida")
    assert traces.galleries == (gallery.run_id,)
    assert erase_person(gallery.store, traces).complete
    assert galleries_of(gallery.store, "frida") == []
    assert not [path for path in gallery.store.rglob("*") if path.is_file() and b"frida" in path.read_bytes()]
    assert gallery.comparison.exists()


def test_the_command_adds_warns_and_takes_out(gallery: Run, frida: list[Path], photos: list[Path]) -> None:
    options = ("--run", gallery.run_id, "--configuration", "knn-1")
    done = lineup(gallery.store, "enroll", "frida", *map(str, frida), *options, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert "frida" in told["people"]
    assert all(photo["enrolled"] for photo in told["photos"])
    twin = lineup(gallery.store, "enroll", "twin", str(photos[0]), *options)
    assert "is it the same person?" in twin.stderr
    assert "had no part in it" in twin.stdout
    removed = lineup(gallery.store, "enroll", "twin", "--remove", *options, "--json")
    assert json.loads(removed.stdout) == {"run_id": gallery.run_id, "person": "twin", "removed": True}
    again = lineup(gallery.store, "enroll", "frido", "--remove", *options)
    assert again.returncode == 2
    assert "Did you mean 'frida'? Enrolled are frida" in again.stderr


def test_a_name_is_taken_out_however_its_letters_are_composed(gallery: Run, frida: list[Path]) -> None:
    composed, apart = "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}", "Zoe\N{COMBINING DIAERESIS}"
    added(gallery, frida, name=composed)
    done = lineup(gallery.store, "enroll", apart, "--remove", "--run", gallery.run_id)
    assert done.returncode == 0, done.stderr
    assert galleries_of(gallery.store, composed) == []
