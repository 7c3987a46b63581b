"""A user's mistake is one line that names what, where and the hint; the exit code says whose fault it was."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from storage.runs import Run
from tests.orchestrator.cli.conftest import Lineup, Result


def line(result: Result) -> str:
    """The last line on standard error, which must be the only one of the error."""
    assert "Traceback" not in result.out + result.err
    *before, last = result.err.splitlines()
    assert not [each for each in before if each.startswith("lineup: ")]
    assert last.startswith("lineup: ")
    assert ".." not in last.replace("../", "")
    return last


@pytest.fixture
def here(lineup: Lineup) -> Path:  # noqa: ARG001 - it changes the current folder
    return Path.cwd()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Path.absolute, "is not there. Name an existing folder"),
        (lambda path: path.mkdir(), "has no sub-folders. Make one folder a person"),
        (lambda path: path.write_text("x"), "is not a folder"),
        (lambda path: (path / "ada").mkdir(parents=True), "readable photos of 0 people; 2 are needed"),
    ],
)
@pytest.mark.parametrize("command", ["run", "submit"])
def test_a_folder_that_is_none_of_photos(lineup: Lineup, here: Path, command: str, make: object, words: str) -> None:
    make(here / "photos")  # type: ignore[operator]
    result = lineup(command, "photos")
    assert result.code == 2
    assert words in line(result)
    assert str(here / "photos") in line(result)
    assert result.out == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('configuratons = ["knn-1"]', "Did you mean 'configurations'?"),
        ('configurations = ["knn-9"]', "knn-9"),
        ('[faces]\ndetector = "cnnn"', "faces.detector"),
        ("seed = ", "not a TOML file"),
        (None, "experiment.toml cannot be read: No such file or directory. `lineup init` writes a new one"),
    ],
)
def test_a_broken_experiment(lineup: Lineup, here: Path, photos: Path, text: str | None, words: str) -> None:
    if text is not None:
        (here / "experiment.toml").write_text(text)
    result = lineup("run", photos, "-e", "experiment.toml")
    assert result.code == 2
    assert "experiment.toml" in line(result)
    assert words in line(result)


def test_a_labels_file_that_is_not_there_or_names_no_such_photo(lineup: Lineup, here: Path, photos: Path) -> None:
    result = lineup("run", photos, "--labels", "people.csv")
    assert (result.code, line(result)) == (2, "lineup: people.csv is not there. Name an existing CSV file.")
    (here / "people.csv").write_text("path,label\nada/none.jpg,ada\n")
    result = lineup("run", photos, "--labels", "people.csv")
    assert result.code == 2
    assert "ada/none.jpg" in line(result)


def test_a_store_that_is_a_file_or_whose_folder_cannot_be_made(lineup: Lineup, here: Path, photos: Path) -> None:
    (here / "file").write_text("")
    for store in ("file", "/proc/nowhere"):
        result = lineup("submit", photos, store=store)
        assert result.code == 1
        assert store in line(result)
        assert "LINEUP_STORE" in line(result)


@pytest.mark.parametrize("command", ["status", "watch", "resume", "cancel", "report", "check", "retry"])
def test_a_run_that_is_not_there_and_a_store_without_any(
    lineup: Lineup, here: Path, tmp_path: Path, command: str
) -> None:
    assert "Start one: lineup run FOLDER" in line(lineup(command))
    result = lineup(command, "nobody-1234")
    assert result.code == 1
    assert "nobody-1234" in line(result)
    assert "`lineup runs` lists them" in line(result)
    assert "is not the name of a run" in line(lineup(command, "../../etc"))
    assert not (tmp_path / "store").exists()  # a command that only reads leaves nothing behind
    assert list(here.iterdir()) == []


def test_a_report_before_there_is_one(lineup: Lineup, photos: Path) -> None:
    run_id = lineup("submit", photos).out.strip()
    result = lineup("report")
    assert result.code == 1
    assert f"has no result yet. Finish it: lineup resume {run_id}" in line(result)


def test_a_setting_that_is_not_usable(lineup: Lineup) -> None:
    result = lineup("status", processes="many")
    assert result.code == 2
    assert "LINEUP_PROCESSES" in line(result)


@pytest.mark.parametrize("command", [("orchestrator",), ("worker", "images")])
def test_a_service_without_an_address_of_a_broker(lineup: Lineup, command: tuple[str, ...]) -> None:
    result = lineup(*command)
    assert result.code == 2
    assert "LINEUP_BROKER_URL is not set" in line(result)


def test_a_broker_that_is_not_there_or_an_address_that_is_none(lineup: Lineup, photos: Path) -> None:
    result = lineup("run", photos, broker_url="redis://:hunter2@127.0.0.1:1/0")
    assert result.code == 1
    assert "redis://127.0.0.1:1 does not answer" in line(result)
    result = lineup("run", photos, broker_url="redis://:hunter2/x@127.0.0.1/0")
    assert result.code == 2
    assert "hunter2" not in line(result)


def test_a_run_name_that_is_another_experiments(lineup: Lineup, run: Run, here: Path) -> None:
    (here / "e.toml").write_text('configurations = ["majority"]')
    result = lineup("submit", run.plan.dataset, "-e", "e.toml", "--run", run.run_id)
    assert result.code == 1
    assert f"run {run.run_id} has other photos or another experiment" in line(result)


def test_a_damaged_plan_is_named_and_hides_no_other_run(lineup: Lineup, run: Run) -> None:
    broken = run.folder.with_name("broken")
    broken.mkdir()
    (broken / "run.json").write_text("{")
    assert str(broken / "run.json") in line(lineup("status", "broken"))
    result = lineup("runs")
    assert result.code == 0
    state = {words[0]: words for words in (each.split() for each in result.out.splitlines())}
    assert "unreadable:" in state["broken"]
    assert state[run.run_id][-1] == "finished"


def test_init_writes_over_nothing(lineup: Lineup, here: Path) -> None:
    assert lineup("init").code == 0
    (here / "experiment.toml").write_text("mine")
    result = lineup("init")
    assert (result.code, line(result)) == (
        2,
        "lineup: experiment.toml is there already. Choose another name, or --force",
    )
    assert (here / "experiment.toml").read_text() == "mine"
    assert lineup("init", "--force").code == 0


def test_people_who_do_not_exist_do_not_come_among_those_who_do(lineup: Lineup, here: Path) -> None:
    (here / "photos" / "grandmother").mkdir(parents=True)
    result = lineup("synth", "photos", "--people", 1, "--photos", 1, "--side", 64)
    assert result.code == 2
    assert "photos holds 'grandmother', which would not be drawn" in line(result)
    assert [path.name for path in (here / "photos").iterdir()] == ["grandmother"]
    (here / "file").write_text("")
    for out in ("file", "/proc/nowhere"):
        result = lineup("synth", out, "--people", 1, "--photos", 1, "--side", 64)
        assert result.code == 2
        assert f"cannot write {out}" in line(result)


@pytest.mark.parametrize("arguments", [("--verbose", "run", "none"), ("run", "none", "-v")])
def test_verbose_shows_the_traceback_wherever_it_stands(lineup: Lineup, arguments: tuple[str, ...]) -> None:
    result = lineup(*arguments)
    assert result.code == 2
    assert "Traceback" in result.err
    assert result.err.splitlines()[-1].startswith("lineup: ")


def test_a_command_or_option_that_is_none(lineup: Lineup) -> None:
    result = lineup("rnu", "photos")
    assert result.code == 2
    assert "Did you mean 'run'?" in result.err
    assert lineup("run", "photos", "--frob").code == 2
    assert lineup("run").code == 2


def test_a_no_to_the_question_erases_nothing(lineup: Lineup, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    result = lineup("forget", "ada")
    assert result.code == 1
    assert result.err.endswith("lineup: nothing was done\n")
    assert run.finished


def test_ctrl_c_before_there_is_a_run_is_130_and_one_line(
    lineup: Lineup, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("orchestrator.scheduler.planning.store_catalog", interrupted)
    result = lineup("run", photos)
    assert result.code == 130
    assert result.err.splitlines()[-1] == "lineup: interrupted"


@pytest.mark.parametrize("command", ["run", "submit", "train-encoder"])
def test_photos_that_cannot_be_enough_are_refused_before_anything_is_encoded(
    lineup: Lineup, here: Path, photos: Path, command: str
) -> None:
    for person in sorted(photos.iterdir()):
        (here / "few" / person.name).mkdir(parents=True)
        shutil.copy(min(person.iterdir()), here / "few" / person.name)
    result = lineup(command, "few")
    assert result.code == 2
    expected = "Only 0 people have 4 different photos; too few"
    if command == "train-encoder":
        expected = "4 people; 6 are needed"
    assert expected in line(result)
    assert lineup("runs", "--json").out.strip() == "[]"


def test_after_ctrl_c_the_process_cleans_up_and_ends_without_taking_modules_apart() -> None:
    code = """
import atexit, sys
from orchestrator.cli import main as command
class Module:
    def __del__(self): print("taken apart")
module = Module()
atexit.register(print, "cleaned up")
command.main = lambda: sys.exit(int(sys.argv[1]))
command.run_main()
"""
    printed = {}
    for number in (130, 2):
        done = subprocess.run([sys.executable, "-c", code, str(number)], capture_output=True, text=True, check=False)
        assert done.returncode == number
        printed[number] = done.stdout.splitlines()
    assert printed == {130: ["cleaned up"], 2: ["cleaned up", "taken apart"]}
