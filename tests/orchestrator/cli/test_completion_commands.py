"""What a shell completes, and where its script is written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli import completion_commands
from storage.runs import Run
from tests.orchestrator.cli.conftest import Lineup


def completed(lineup: Lineup, monkeypatch: pytest.MonkeyPatch, *words: str) -> list[str]:
    """What bash is told for the last of the words."""
    monkeypatch.setenv("_LINEUP_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", " ".join(["lineup", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    found = lineup()
    monkeypatch.delenv("_LINEUP_COMPLETE")
    assert not found.err
    return [line.partition(",")[2] for line in found.out.splitlines() if line]


def test_commands_runs_configurations_and_people_are_completed(
    lineup: Lineup, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert completed(lineup, monkeypatch, "rep") == ["report"]
    for words in (["report"], ["remove"], ["compare"], ["identify", "--run"], ["run", "photos", "-e"]):
        assert run.run_id in completed(lineup, monkeypatch, *words, run.run_id[:3]), words
    configurations = run.plan.experiment.configurations
    assert completed(lineup, monkeypatch, "identify", "-c", "") == list(configurations)
    assert completed(lineup, monkeypatch, "identify", "--run", "no-run", "-c", "") == []
    assert completed(lineup, monkeypatch, "forget", "a") == ["ada"]


def test_without_a_store_nothing_is_completed_and_nothing_is_printed(
    lineup: Lineup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LINEUP_STORE", str(tmp_path / "nowhere"))
    assert completed(lineup, monkeypatch, "report", "") == []
    assert not (tmp_path / "nowhere").exists()


def test_bash_itself_completes_a_run_with_the_printed_script(run: Run) -> None:
    command = Path(sys.executable).with_name("lineup")
    line = (
        'eval "$(lineup completion bash)"; COMP_WORDS=(lineup report ""); COMP_CWORD=2; '
        '_lineup_completion lineup; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    environment = {**os.environ, "LINEUP_STORE": str(run.store), "PATH": f"{command.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [run.run_id]


FISH = "lineup completion fish | source; for line in $argv; complete -C $line; echo; end"
ZSH = """
compdef() { }  # what zsh would offer is printed
compadd() { print -rl -- $completions }
_describe() { print -rl -- $completions_with_descriptions }
_path_files() { print -r -- paths $* }
eval "$(lineup completion zsh)"
for line in $argv; do
  words=("${(@s: :)line}")
  CURRENT=$#words
  _lineup_completion
  print
done
"""


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_fish_itself_completes_commands_runs_and_folders(run: Run, tmp_path: Path) -> None:
    (tmp_path / "here" / "holiday").mkdir(parents=True)
    lines = ["lineup rep", "lineup report ", "lineup run hol"]
    commands, runs, folders, _ = by_shell(run, tmp_path, "fish", "--no-config", "-c", FISH, *lines).split("\n\n")
    assert commands.startswith("report\tPrint the result of RUN (the newest, "), "not cut at the comma"
    assert runs == run.run_id
    assert folders.startswith("holiday/")


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_itself_completes_commands_runs_and_folders(run: Run, tmp_path: Path) -> None:
    lines = ["lineup rep", "lineup report ", "lineup run hol"]
    commands, runs, folders, _ = by_shell(run, tmp_path, "zsh", "-f", "-c", ZSH, "zsh", *lines).split("\n\n")
    assert commands.startswith("report:Print the result of RUN (the newest, ")
    assert runs == run.run_id
    assert folders == "paths -/"


def by_shell(run: Run, folder: Path, *command: str) -> str:
    """What a shell prints, in the folder `here`, for which `lineup` is this one's command."""
    script = folder / "bin" / "lineup"
    script.parent.mkdir()
    (folder / "here").mkdir(exist_ok=True)
    script.write_text(f"#!{sys.executable}\nfrom orchestrator.cli.main import main\nmain()\n")
    script.chmod(0o755)
    path = f"{script.parent}:{os.environ['PATH']}"
    environment = {**os.environ, "LINEUP_STORE": str(run.store), "PATH": path, "HOME": str(folder), "TERM": "dumb"}
    here = folder / "here"
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_installing_writes_the_script_where_the_shell_looks_and_no_other_file(
    lineup: Lineup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shell: str
) -> None:
    place = tmp_path / "home" / "lineup"
    monkeypatch.setitem(completion_commands.PLACES, shell, place)
    for _ in range(2):
        done = lineup("completion", shell, "--install")
        assert done.code == 0
        assert str(place) in done.err
        assert place.read_text().strip() == lineup("completion", shell).out.strip()
    place.write_text("another's")
    refused = lineup("completion", shell, "--install")
    assert refused.code == 2
    assert place.read_text() == "another's"
