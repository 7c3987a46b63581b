"""A finished run from Python: tables, recommendation, names, report."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import lineup
from lineup.result import Result
from storage.errors import InputError, LineupError, RunNotFound
from tests.tiny_run import CONFIGURATIONS
from workers.faces.photo import Pixels


def photo_of(result: Result, person: str) -> Path:
    catalog = result.table("catalog")
    first: str = sorted(catalog["path"][catalog["label"] == person])[0]
    return result.folder.parents[2] / "faces" / first


def people(result: Result) -> list[str]:
    return sorted(set(result.table("catalog")["label"]))


def test_the_comparison_has_a_row_a_configuration_the_best_first(result: Result) -> None:
    table = result.comparison
    assert sorted(table.index) == sorted(CONFIGURATIONS)
    assert table["rank"].is_monotonic_increasing
    assert table["accuracy"].between(0, 1).all()


def test_the_recommendation_prints_as_its_sentence(result: Result) -> None:
    told = result.recommendation
    assert told.configuration in CONFIGURATIONS
    assert str(told) == told.sentence
    assert str(told).startswith(f"Use {told.configuration}: ")


def test_the_table_of_faces_has_their_measurements(result: Result) -> None:
    faces = result.table("faces")
    assert len(faces) == 12
    assert len(faces["embedding"].iloc[0]) == 128


def test_a_wrong_table_is_refused_with_the_choices(result: Result) -> None:
    with pytest.raises(InputError, match=r"'face' is no table of a run\. Choose from .*faces"):
        result.table("face")


def test_identify_names_the_people_of_the_run(result: Result) -> None:
    for person in people(result):
        [face] = result.identify(photo_of(result, person))
        assert (face.name, face.nearest) == (person, person)
        left, top, right, bottom = face.box
        assert 0 <= left < right
        assert 0 <= top < bottom


def test_a_likeness_that_nobody_reaches_makes_everybody_unknown(result: Result) -> None:
    [face] = result.identify(photo_of(result, people(result)[0]), threshold=100)
    assert face.name == "unknown"
    assert face.nearest == people(result)[0]


def test_another_configuration_than_the_winner_names_too(result: Result, picture: Pixels) -> None:
    [face] = result.identify(picture, configuration="knn-1")
    assert face.nearest in people(result)


def test_a_picture_without_a_face_has_no_names(result: Result) -> None:
    assert result.identify(np.full((100, 100, 3), 128, np.uint8)) == []


def test_what_cannot_be_read_is_an_error_that_says_why(result: Result, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jpg cannot be read"):
        result.identify(tmp_path / "none.jpg")
    with pytest.raises(InputError, match="the bytes: "):
        result.identify(b"no picture")
    with pytest.raises(InputError, match="threshold is 101"):
        result.identify(b"", threshold=101)


def test_the_report_is_shown_in_a_frame_that_holds_the_page(result: Result) -> None:
    frame = result.report()
    assert frame.path.name == "index.html"
    shown = frame._repr_html_()
    assert shown.startswith('<iframe sandbox="allow-scripts"')
    assert "&lt;!doctype html&gt;" in shown.lower()
    assert "allow-same-origin" not in shown


def test_a_notebook_shows_a_run_as_its_sentence_and_table(result: Result) -> None:
    shown = result._repr_html_()
    assert all(f"<td>{name}</td>" in shown for name in CONFIGURATIONS)
    assert result.recommendation.sentence.split(";")[0] in shown


def test_runs_are_found_again_by_name_and_as_the_newest(result: Result) -> None:
    store = result.folder.parents[1]
    assert [each.name for each in lineup.runs(store=store)] == [result.name]
    assert lineup.open_run(store=store).name == lineup.open_run(result.name, store=store).name == result.name
    with pytest.raises(RunNotFound):
        lineup.open_run("another", store=store)


def test_an_empty_store_has_no_run(tmp_path: Path) -> None:
    assert lineup.runs(store=tmp_path / "store") == []
    with pytest.raises(RunNotFound, match=r"lineup\.run"):
        lineup.open_run(store=tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_without_pandas_an_error_says_how_to_install_it(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(LineupError, match=r"pip install .lineup\[notebook\]"):
        _ = result.comparison
    assert result.recommendation.configuration


def test_a_finished_run_resumes_at_once(result: Result) -> None:
    assert result.resume(progress=False) is result
