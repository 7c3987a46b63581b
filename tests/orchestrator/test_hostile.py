"""Hostile names go all the way and stay words; hostile messages are refused; secrets stay where they belong."""

from __future__ import annotations

import html.parser
import json
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from orchestrator.local.child_process import flower_command, worker_command, worker_environment
from orchestrator.report.bokeh_figures import page_scripts
from orchestrator.scheduler.work import planned_photos
from storage.parts import read_part
from storage.refused_messages import BY_ITS_TASK, count_refused, refused_messages
from storage.runs import Run
from storage.schemas import CATALOG, SPLITS
from tests.cluster import Cluster, wait_for
from tests.orchestrator.conftest import HOSTILE, Call
from workers.queue.task_names import COMPARE_RUN, ENCODE_PHOTOS, REFIT_WINNER, TRAIN_CONFIGURATION, TRAIN_ENCODER


class Tags(html.parser.HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.handlers: set[str] = set()
        self.links: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attributes:
            if name.startswith("on"):
                self.handlers.add(name)
            if name in ("href", "src", "xlink:href", "action"):
                self.links.add((value or "").split(":")[0].split("#")[0])

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_names_are_labels_to_the_last_letter(hostile_run: Run) -> None:
    catalog, splits = read_part(hostile_run.catalog, CATALOG), read_part(hostile_run.splits, SPLITS)
    assert catalog is not None
    assert splits is not None
    assert set(catalog["label"].to_pylist()) == set(HOSTILE)
    assert set(splits["label"].to_pylist()) == set(HOSTILE)


def test_nothing_hostile_is_markup_in_the_report(hostile_run: Run) -> None:
    page = (hostile_run.report / "index.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)
    assert not {"iframe", "object", "b", "form", "link"} & tags.tags
    assert re.findall(r"<script>(.*?)</script>", page, re.DOTALL) == list(page_scripts())
    assert page.count("<script") == len(page_scripts()) + page.count('<script type="application/json">')
    assert tags.handlers == set()
    assert tags.links <= {"data", ""}
    assert "{{7*7}}" in tags.text
    assert "alert('label')" in tags.text
    assert not {"\x1b", "\u202e"} & set(page)


def test_nothing_hostile_steers_the_terminal(hostile_run: Run, lab: Cluster, call: Call) -> None:
    for command in (("report",), ("status",), ("runs",), ("check",), ("report", "--json")):
        arguments = command if command == ("runs",) else (command[0], hostile_run.run_id, *command[1:])
        told = call(lab.store, *arguments)
        assert told.exit_code == 0, told.output
        assert all(line.isprintable() for line in told.output.splitlines())


def test_messages_that_no_orchestrator_sends_are_refused_and_do_nothing(lab: Cluster, hostile_run: Run) -> None:
    name, key = hostile_run.run_id, next(iter(planned_photos(hostile_run)))
    messages: list[tuple[str, tuple[object, ...]]] = [
        (ENCODE_PHOTOS, ("../../etc", [key])),
        (ENCODE_PHOTOS, ("no-such-run", [key])),
        (ENCODE_PHOTOS, (7, [key])),
        (ENCODE_PHOTOS, (name, [[key, "../../../etc/passwd"]])),
        (ENCODE_PHOTOS, (name, ["a" * 64])),
        (ENCODE_PHOTOS, (name, ["../../x"])),
        (ENCODE_PHOTOS, (name, [key, key])),
        (ENCODE_PHOTOS, (name, {"0": key})),
        (ENCODE_PHOTOS, (name, [])),
        (TRAIN_CONFIGURATION, (name, "svm-linear", 0, 0)),
        (TRAIN_CONFIGURATION, (name, "knn-1", True, 0)),
        (TRAIN_CONFIGURATION, (name, "knn-1", "0", 0)),
        (TRAIN_CONFIGURATION, (name, "knn-1", 99, 0)),
        (TRAIN_CONFIGURATION, (name, "../../knn-1", 0, 0)),
        (COMPARE_RUN, ("../../etc",)),
        (COMPARE_RUN, ({"run": name},)),
        (REFIT_WINNER, ([name],)),
        (TRAIN_ENCODER, (name,)),
    ]
    count_refused(lab.store, BY_ITS_TASK)
    before = sorted(lab.store.rglob("*"))
    refused = refused_messages(lab.store)[BY_ITS_TASK]
    for number, (task, arguments) in enumerate(messages):
        queue = "images" if task == ENCODE_PHOTOS else "training"
        lab.stack.broker.send(task, arguments, queue, f"hostile-{number}")
    wait_for(lambda: refused_messages(lab.store)[BY_ITS_TASK] == refused + len(messages), "their refusal")
    assert sorted(lab.store.rglob("*")) == before


def test_a_pickle_in_the_queue_is_never_opened(lab: Cluster, hostile_run: Run, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    pickle = f"cposix\nsystem\n(S'touch {canary}'\ntR."
    envelope = {
        "body": pickle,
        "content-encoding": "binary",
        "content-type": "application/x-python-serialize",
        "headers": {"task": ENCODE_PHOTOS, "id": "p", "lang": "py"},
        "properties": {"delivery_tag": "p", "delivery_info": {"exchange": "", "routing_key": "images"}},
    }
    lab.connection().lpush("images", json.dumps(envelope))
    log = lab.store / "logs" / "worker-images.log"
    wait_for(lambda: "message refused (unsigned" in log.read_text(), "a no")
    assert not canary.exists()
    lab.finish(hostile_run)  # the worker lives on
    assert lab.worker("images").alive


@pytest.fixture(scope="module")
def password(lab: Cluster) -> str:
    found = urlsplit(lab.stack.broker_url).password
    assert found
    assert len(found) >= 24
    return found


def test_no_password_is_in_any_command_line(lab: Cluster, password: str) -> None:
    lines = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines[path.parent.name] = path.read_bytes()
        except OSError:  # it has ended
            continue
    assert {str(child.pid) for child in lab.stack.children()} <= lines.keys()
    assert not [pid for pid, line in lines.items() if password.encode() in line]
    assert not [word for word in flower_command(5555) if "auth" in word.lower()]


def test_no_password_is_in_the_store(lab: Cluster, hostile_run: Run, password: str) -> None:
    assert hostile_run.finished
    files = [path for path in lab.store.rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" and path.stat().st_size for path in files)
    assert not [path for path in files if password.encode() in path.read_bytes()]


def test_a_worker_that_finds_no_broker_does_not_log_its_password(tmp_path: Path) -> None:
    url = "redis://:hunter2@127.0.0.1:1/0"
    environment = {"LINEUP_BROKER_URL": url, "LINEUP_STORE": str(tmp_path), "PATH": "", **worker_environment()}
    log = tmp_path / "log"
    with log.open("wb") as file:
        worker = subprocess.Popen(worker_command("images", 1, "lost"), env=environment, stdout=file, stderr=file)
    try:
        wait_for(lambda: b"does not answer" in log.read_bytes(), "its complaint")
    finally:
        worker.kill()
        worker.wait()
    assert b"hunter2" not in log.read_bytes()


def test_what_is_stored_is_for_its_owner_only(lab: Cluster, hostile_run: Run) -> None:
    socket = Path(urlsplit(lab.stack.broker_url).path)
    assert (socket.stat().st_mode & 0o777, socket.parent.stat().st_mode & 0o777) == (0o700, 0o700)
    folders = [path for path in lab.store.rglob("*") if path.is_dir()]
    assert hostile_run.scores in folders
    assert {path.stat().st_mode & 0o077 for path in folders} == {0}
