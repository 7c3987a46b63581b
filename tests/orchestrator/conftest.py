"""One real broker with real workers for the tests of this room, and a run of people with hostile names through them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestrator.cli.main import lineup
from storage.runs import Run, open_run
from tests.cluster import Cluster, running
from tests.faults.marking import PLUGIN
from workers.faces import scan_files
from workers.faces.decode import open_file
from workers.queue.environment import load_settings
from workers.synthetic.photo_folder import write_folder

HOSTILE = (
    "<script>alert('label')<\\script>",
    '"&quot;><img src=x onerror=alert(1)>{{7*7}}',
    "-rf\n\x1b[31m\u202ered\u202c",
    "=HYPERLINK(x)%s%n$(reboot)`id`;'--",
    "é" * 127,
)
"""Names that try to be markup, a template, an option, a terminal's command, a formula, SQL; and 254 bytes of one."""

Call = Callable[..., Result]


@pytest.fixture
def files_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that this process reads for a catalogue, in any order."""
    names: list[str] = []
    read_file = open_file.read_file

    def noted(path: Path, most_bytes: int) -> object:
        names.append(path.name)
        return read_file(path, most_bytes)

    monkeypatch.setattr(scan_files, "read_file", noted)
    return names


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker and one worker process a queue; tests share its store, each with photos of its own."""
    with running(tmp_path_factory.mktemp("lab"), PLUGIN, processes=1) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def hostile_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five people, four photos of each, one that is no photo; names as above."""
    folder = tmp_path_factory.mktemp("photos") / "<b onload=alert(0)>"
    write_folder(folder, people=len(HOSTILE), photos=4, seed=3, side=160, processes=1)
    for person, label in zip(sorted(folder.iterdir()), HOSTILE, strict=True):
        person.rename(folder / label)
    first = next((folder / HOSTILE[0]).iterdir())
    first.rename(first.with_name("<script>alert('path')\u2028<\\script>.jpg"))
    (folder / HOSTILE[1] / "--help; <svg onload=alert(2)>.jpg").write_bytes(b"\xff\xd8 no photo")
    return folder


@pytest.fixture(scope="session")
def hostile_run(lab: Cluster, hostile_photos: Path) -> Run:
    """A finished run of them."""
    run = lab.plan(hostile_photos)
    assert lab.finish(run).state == "finished"
    return run


@pytest.fixture
def copied(hostile_run: Run, tmp_path: Path) -> Run:
    """The same run in a store of its own, to be damaged."""
    store = tmp_path / "store"
    shutil.copytree(hostile_run.folder, store / "runs" / hostile_run.run_id)
    shutil.copytree(hostile_run.encodings, store / "encodings" / hostile_run.encodings.name)
    store.chmod(0o700)
    return open_run(store, hostile_run.run_id)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """The command line on a store: call(store, "check", ...)."""

    def invoke(store: Path, *arguments: str, broker_url: str = "", answer: str = "") -> Result:
        monkeypatch.setenv("LINEUP_STORE", str(store))
        monkeypatch.setenv("LINEUP_BROKER_URL", broker_url)
        load_settings.cache_clear()
        return CliRunner().invoke(lineup, arguments, input=answer)

    yield invoke
    load_settings.cache_clear()
