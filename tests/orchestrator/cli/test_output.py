"""What commands print: words for people, JSON for programs, on the right stream."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

import click
import pytest

from orchestrator.cli import idle_run
from orchestrator.cli.main import COMMANDS
from orchestrator.cli.main import lineup as group
from storage.run_claim import claim
from storage.runs import Run, list_runs, open_run
from storage.worker_faults import WorkerFile
from tests.command_line import parse
from tests.orchestrator.cli.conftest import Lineup
from tests.tiny_run import CONFIGURATIONS


def test_help_of_every_command_is_there_at_once() -> None:
    before = os.times()
    for name in COMMANDS:
        subprocess.run(
            [Path(sys.executable).with_name("lineup"), name, "--help"], check=True, capture_output=True, timeout=60
        )
    after = os.times()
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    # processor time, because a busy machine stretches any other
    assert spent / len(COMMANDS) < 0.3


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_each_of_its_options(name: str) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    assert command.help
    options = [each for each in command.params if isinstance(each, click.Option) and not each.help]
    assert not [each.name for each in options if not isinstance(each.type, click.Choice)]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_an_example_that_it_takes(name: str) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    _, *examples = re.split(r"Examples?:\n", command.help or "")
    lines = re.sub(r'"\$\(.*\)"', "RUN", "".join(examples)).splitlines()
    own = [line for line in lines if re.search(rf"\blineup {name}\b", line)]
    assert own
    for line in own:
        (arguments,) = re.findall(rf"\blineup ({name}\b.*?)(?: &&.*| > .*)?$", line)
        parse(shlex.split(arguments))


def test_a_finished_run_is_told_in_words_and_as_json(lineup: Lineup, run: Run) -> None:
    words = lineup("report")
    assert words.code == 0
    first, rule, *lines, counts, page = words.out.splitlines()
    assert first.startswith("Use ")
    assert rule.startswith("The rule: ")
    head = next(line for line in lines if line.startswith("rank"))
    assert head.split()[:3] == ["rank", "configuration", "view"]
    assert {row.split()[1] for row in lines if row[:1].isdigit()} == set(CONFIGURATIONS)
    assert counts == "24 photos: 24 ok"
    assert page == f"Report: {(run.report / 'index.html').as_uri()}"
    result = json.loads(lineup("report", run.run_id, "--json").out)
    assert result["photos"] == {"ok": 24}
    assert {row["configuration"] for row in result["comparison"]} == set(CONFIGURATIONS)
    assert Path(result["report"]).is_file()


@pytest.mark.parametrize("command", ["resume", "watch"])
def test_what_is_finished_is_told_again_without_starting_anything(lineup: Lineup, run: Run, command: str) -> None:
    result = lineup(command, "--json")
    assert result.code == 0
    assert json.loads(result.out)["state"] == "finished"
    assert not (run.folder.parents[1] / "logs").exists()


def test_the_same_photos_and_experiment_again_are_the_same_run(lineup: Lineup, run: Run) -> None:
    names = ", ".join(f'"{name}"' for name in CONFIGURATIONS)
    Path("e.toml").write_text(
        f"seed = 1\nconfigurations = [{names}]\n[protocol]\nmin_photos_per_person = 2\ndraws = 1\n"
    )
    result = lineup("run", run.plan.dataset, "-e", "e.toml")
    assert result.code == 0
    assert f"Run {run.run_id} is known and goes on where it stood." in result.err
    assert "24 photos: 24 ok" in result.out


def test_status_runs_and_check_as_words_and_json(lineup: Lineup, run: Run) -> None:
    assert lineup("status").out == f"{run.run_id}  finished\n"
    assert json.loads(lineup("status", "--json").out)["state"] == "finished"
    head, row = lineup("runs").out.splitlines()
    assert head.split() == ["run", "planned", "people", "photos", "recommended", "accuracy", "state"]
    told = json.loads(lineup("runs", "--json").out)[0]
    assert row.split()[0] == run.run_id
    assert row.split()[3:6] == ["4", "24", told["recommended"]]
    assert row.split()[-1] == told["state"] == "finished"
    assert [one["run_id"] for one in json.loads(lineup("runs", "--json").out)] == [run.run_id]
    assert json.loads(lineup("check", "--json").out)["faults"] == []


def test_a_store_without_runs_is_an_empty_list_and_a_hint(lineup: Lineup) -> None:
    assert json.loads(lineup("runs", "--json").out) == []
    result = lineup("runs")
    assert (result.code, result.out) == (0, "")
    assert "lineup run FOLDER" in result.err


def test_submit_plans_once_prints_the_name_and_starts_nothing(lineup: Lineup, photos: Path, tmp_path: Path) -> None:
    result = lineup("submit", photos)
    assert result.code == 0
    run_id = result.out.strip()
    assert list_runs(tmp_path / "store") == [run_id]
    assert "4 people, 24 photos" in result.err
    assert json.loads(lineup("submit", photos, "--json").out) == {"run_id": run_id, "existed": True}
    assert not (tmp_path / "store" / "logs").exists()
    result = lineup("status", run_id)
    assert result.out == f"{run_id}  running, images 0/24\n"
    assert f"Nobody is working on it. Go on with: lineup resume {run_id}" in result.err
    assert lineup("runs").out.splitlines()[1].endswith("  interrupted, images 0/24")
    with claim(open_run(tmp_path / "store", run_id)):
        state = lineup("runs").out.splitlines()[1]
    assert re.search(r"  (running|waiting), images 0/24", state)


def test_watching_says_within_seconds_that_nobody_works_on_the_run(
    lineup: Lineup, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle_run, "PATIENCE_SECONDS", 0.0)
    run_id = lineup("submit", photos).out.strip()
    threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    result = lineup("watch", run_id)
    assert result.code == 130
    assert result.err.count(f"Nobody is working on it. Go on with: lineup resume {run_id}") == 1


def test_the_page_of_all_runs_leads_to_the_reports_of_the_finished_ones(
    lineup: Lineup, run: Run, photos: Path, tmp_path: Path
) -> None:
    begun = lineup("submit", photos, "--run", "begun").out.strip()
    result = lineup("runs", "--html")
    page = tmp_path / "store" / "runs.html"
    assert result.out == f"Runs: {page.as_uri()}\n"
    text = page.read_text()
    assert re.findall(r'<a href="([^"]+)">([^<]+)</a>', text) == [(f"runs/{run.run_id}/report/index.html", run.run_id)]
    assert f">{begun}</td>" in text
    assert ">interrupted, " in text
    assert (page.parent / "runs" / run.run_id / "report" / "index.html").is_file()


def test_a_run_or_configuration_that_is_misspelt_is_told_with_the_one_that_is_meant(lineup: Lineup, run: Run) -> None:
    wrong = run.run_id[:-1] + "x"
    for command in (["report"], ["watch"], ["remove"], ["compare", run.run_id], ["identify", "a.jpg", "--run"]):
        result = lineup(*command, wrong)
        assert result.code == 1, command
        assert f"Did you mean {run.run_id!r}?" in result.err, command
    assert f"Did you mean {run.run_id!r}?" in lineup("run", "photos", "-e", wrong).err
    photo = next(Path(run.plan.dataset).rglob("*.jpg"))
    assert "Did you mean 'knn-1'?" in lineup("identify", photo, "-c", "knn1").err


def test_a_cancelled_run_says_how_to_go_on(lineup: Lineup, photos: Path) -> None:
    run_id = lineup("submit", photos).out.strip()
    assert lineup("cancel").out == f"{run_id} is cancelled; go on with: lineup resume {run_id}\n"
    assert json.loads(lineup("cancel", run_id, "--json").out) == {"run_id": run_id, "cancelled": True}
    assert json.loads(lineup("status", "--json").out)["state"] == "cancelled"
    result = lineup("watch")
    assert result.code == 1
    assert f"lineup resume {run_id}" in result.err
    lineup("submit", photos)
    assert json.loads(lineup("status", "--json").out)["state"] == "running"


def test_status_names_a_worker_that_differs_from_the_plan(lineup: Lineup, photos: Path, tmp_path: Path) -> None:
    lineup("submit", photos)
    worker = WorkerFile(tmp_path / "store" / "workers" / "one.worker", "images-1@host", ("images",), 1, "numpy 0.1")
    told = lineup("status")
    worker.close()
    assert "images-1@host" in told.out + told.err
    assert "numpy 0.1 instead of" in told.out + told.err
    told = lineup("status")
    assert "instead of" not in told.out + told.err


def test_a_finished_run_cannot_be_cancelled(lineup: Lineup, run: Run) -> None:
    assert lineup("cancel").out == f"{run.run_id} has finished already\n"
    assert run.finished
    assert not run.cancelled


def test_configurations_are_listed_with_their_parameters(lineup: Lineup) -> None:
    found = {one["name"]: one for one in json.loads(lineup("configurations", "--json").out)}
    assert found["knn-3"] == {"name": "knn-3", "view": "embedding", "parameters": {"k": 3}}
    assert [line.split()[0] for line in lineup("configurations").out.splitlines()] == [*found]


def test_synth_draws_the_folder_that_run_takes(lineup: Lineup) -> None:
    result = lineup("synth", "faces", "--people", 2, "--photos", 2, "--side", 64)
    assert result.out == "4 photos of 2 people in faces\n"
    assert len(list(Path("faces").glob("*/*.jpg"))) == 4


def test_init_writes_a_file_that_submit_takes(lineup: Lineup, photos: Path) -> None:
    assert "lineup run FOLDER -e mine.toml" in lineup("init", "mine.toml").out
    default = lineup("submit", photos).out
    assert lineup("submit", photos, "-e", "mine.toml").out == default


@pytest.mark.parametrize(
    ("shape", "begin"),
    [("html", "<!doctype html>"), ("md", "Use "), ("csv", "\ufeffconfiguration,"), ("latex", r"\begin{tabular}")],
)
def test_a_report_is_printed_in_the_form_that_is_asked_for(lineup: Lineup, run: Run, shape: str, begin: str) -> None:
    told = lineup("report", run.run_id, "--format", shape)
    assert told.code == 0
    assert told.out.startswith(begin)


def test_a_run_is_removed_when_it_is_confirmed(lineup: Lineup, run: Run) -> None:
    assert lineup("remove", run.run_id, "--yes").code == 0
    assert not run.folder.exists()
    assert run.encodings.is_dir()
    assert lineup("remove", run.run_id, "--yes").code != 0


def test_an_experiment_may_be_named_by_an_earlier_run(lineup: Lineup, run: Run) -> None:
    again = lineup("run", run.plan.dataset, "-e", run.run_id)
    assert again.code == 0
    assert f"Run {run.run_id} is known" in again.err


def test_a_run_compared_with_itself_differs_in_nothing(lineup: Lineup, run: Run) -> None:
    words = lineup("compare", run.run_id, run.run_id)
    assert words.code == 0
    assert "Difference +0.0 points" in words.out
    told = json.loads(lineup("compare", run.run_id, run.run_id, "--json").out)
    assert (told["difference"], told["only_first"], told["only_second"]) == (0, 0, 0)
    assert told["low"] < 0 < told["high"]
    assert told["faces"] > 0
