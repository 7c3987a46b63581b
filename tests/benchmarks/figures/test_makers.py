"""A figure is read from a finished run; without its photos it is left as it is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks.figures import __main__ as command
from benchmarks.figures import comparisons, documents, makers
from benchmarks.figures.comparisons import Compared, Runner, SourceMissing
from benchmarks.figures.makers import FIGURES, GROUP_PHOTOS, content, strangers
from benchmarks.figures.run_tables import rows_of
from orchestrator.report.terminal import percent
from storage.experiments import Protocol
from storage.runs import Run
from tests.tiny_run import CONFIGURATIONS, tiny_run
from workers.learning.configurations import UNKNOWN


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    protocol = Protocol(kind="k-shot", shots=(1, 2), repeats=1, min_photos_per_person=2)
    return tiny_run(tmp_path_factory.mktemp("figures"), protocol=protocol)


def runner_with(run: Run) -> Runner:
    return Runner(Path("nowhere"), _done={wanted.name: run for figure in FIGURES.values() for wanted in figure.runs})


@pytest.mark.parametrize(
    "name", sorted(name for name in FIGURES.keys() - {"strangers", "encoders"} if not name.startswith("tour-"))
)
def test_a_figure_names_every_configuration_of_its_run_and_says_when_it_was_made(name: str, run: Run) -> None:
    text = content(name, runner_with(run))
    for configuration in CONFIGURATIONS:
        assert re.search(rf"\b{configuration}\b", text)
    assert re.fullmatch(
        rf"Made on \d+ \w+ \d{{4}} by `make figures ONLY={name}`: .+, \d+ cores, load [\d to]+\.",
        text.splitlines()[-1],
    )


def test_the_accuracies_are_those_of_the_run(run: Run) -> None:
    text = content("missions-split", runner_with(run))
    for row in rows_of(run):
        (line,) = re.findall(rf"^\| \S+ \| \**{row['configuration']}\** \|.*$", text, re.MULTILINE)
        assert line.split(" | ")[2] == percent(row["accuracy"])


def test_strangers_are_counted_by_the_names_that_identify_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    (tmp_path / GROUP_PHOTOS).mkdir()
    faces = [{"name": UNKNOWN}, {"name": "ada"}, {"name": UNKNOWN}]
    answer = json.dumps({"photos": [{"faces": faces}, {"faces": []}]})
    monkeypatch.setattr(makers, "lineup", lambda *_: answer)
    rows = strangers(Runner(tmp_path), run).splitlines()[2:]
    assert [row.split(" | ")[-2:] for row in rows] == [["3", "1 |"]]


def test_without_its_photos_a_figure_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(documents, "FIGURES", tmp_path / "figures")
    monkeypatch.setattr(command, "insert", list)
    monkeypatch.setattr("sys.argv", ["figures", "kfold-bubble", "--data", str(tmp_path)])
    command.main()
    assert capsys.readouterr().out.startswith("kfold-bubble stays as it is: ")
    assert not (tmp_path / "figures").exists()


def test_a_finished_run_is_used_again_only_on_request(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    asked: list[str] = []
    monkeypatch.setattr(comparisons, "STORE", run.store)
    monkeypatch.setattr(comparisons, "lineup", lambda *arguments: asked.append(arguments[0]))
    wanted = Compared(run.run_id, "faces")
    with pytest.raises(SourceMissing):
        Runner(Path("nowhere"), keep=True).finished(wanted)
    (run.report).mkdir(exist_ok=True)
    (run.report / "index.html").touch()
    assert Runner(run.store.parent, keep=True).finished(wanted).run_id == run.run_id
    assert asked == []


def test_an_unknown_name_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["figures", "suspects"])
    with pytest.raises(SystemExit):
        command.main()
    assert "suspects: there is demo, " in capsys.readouterr().err


def test_photos_whose_label_is_doubted_are_left_out_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    (run.report).mkdir(exist_ok=True)
    (run.report / "suspects.csv").write_text("﻿path,label,suggested,action,reason\nada/1.jpg,ada,bob,,why\n", "utf-8")
    asked: list[str] = []
    monkeypatch.setattr(comparisons, "FOLDER", tmp_path)
    monkeypatch.setattr(comparisons, "STORE", run.store)
    monkeypatch.setattr(comparisons, "lineup", lambda *arguments: asked.extend(arguments))
    monkeypatch.setattr(comparisons, "open_run", lambda *_: run)
    first = Compared("first", "faces")
    runner = Runner(run.store.parent, _done={"first": run})
    runner.finished(Compared("second", "faces", without_suspects_of=first))
    assert asked[-2] == "--corrections"
    assert Path(asked[-1]).read_text().splitlines()[1] == "ada/1.jpg,ada,bob,leave-out,why"
