"""A small file exhausts nobody: not the catalogue, not a worker, not identify; and it costs no other photo.

Time is processor time of the reading process, since these tests share a machine; memory is its peak.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from orchestrator.dataset.catalog import build_catalog
from orchestrator.inference.photos import identify_photos
from storage.engine_settings import EngineSettings, Limits
from tests.attacks.hostile_files import ATTACKS
from tests.cluster import wait_for
from workers.faces.decode.guarded_reader import GuardedReader
from workers.faces.engine import load_engine
from workers.faces.refusal import Refusal
from workers.synthetic.photo_folder import write_folder

SECONDS = 3.0
"""Of processor time for any of the files: a photo of 50 megapixels takes about one."""

REFUSED_SECONDS = 0.5
"""For those that our own parsers refuse: 16 MB are copied and looked at once or twice."""

MEGABYTES = 400
"""Peak of the reading process, of which 40 are its own: 49 million pixels of 16 bits take 100, their RGB 200."""

AT_ONCE = {
    "comment_segments",
    "exif_segments",
    "gif_frame",
    "png_chunks",
    "ppm_comment",
    "strips",
    "tiles",
    "webp_chunks",
}
"""Refused by our own parsers. The others are read without what makes them hostile, or end in the reading process."""

OUTCOMES = {"gif_frame": "too_large", "scans": "unreadable", "tags": "unreadable"} | dict.fromkeys(
    AT_ONCE - {"gif_frame"}, "unreadable"
)

HANGING_READER = """
import os, sys, time
if sys.orig_argv[1:4] == ["-P", "-m", "workers.faces.decode.reader_process"]:
    open(os.environ["TMPDIR"] + "/reading", "w").close()
    time.sleep(1000)
"""


@pytest.fixture
def reader() -> Iterator[GuardedReader]:
    made = GuardedReader()
    made.header(b"start")
    yield made
    made.close()


def peak_mb(reader: GuardedReader) -> float:
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{reader.pid}/status").read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) / 1024


def cpu_seconds(reader: GuardedReader) -> float:
    """Of the reading process, user and system."""
    fields = Path(f"/proc/{reader.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("name", ATTACKS)
def test_a_hostile_file_takes_little_time_and_memory(reader: GuardedReader, name: str) -> None:
    data = ATTACKS[name]()
    process, before = reader.pid, cpu_seconds(reader)
    head, photo = reader.header(data), reader.image(data, Limits())
    took = cpu_seconds(reader) - before
    assert reader.pid == process, "it cost the process its life"
    assert (photo.outcome if isinstance(photo, Refusal) else "ok") == OUTCOMES.get(name, "ok")
    assert isinstance(head, Refusal) == (OUTCOMES.get(name) == "unreadable")
    assert took < (REFUSED_SECONDS if name in AT_ONCE else SECONDS)
    assert peak_mb(reader) < MEGABYTES


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people with good photos, and every hostile file among the first one's."""
    folder = tmp_path_factory.mktemp("attacked") / "people"
    write_folder(folder, people=2, photos=2, seed=5, side=160, processes=1)
    for name, build in ATTACKS.items():
        (folder / "ada" / f"{name}.jpg").write_bytes(build())
    return folder


def test_the_catalogue_describes_all_of_them(attacked: Path) -> None:
    began = time.process_time()
    table, _ = build_catalog(attacked)
    assert time.process_time() - began < SECONDS
    found = {Path(row["path"]).stem: row["outcome"] for row in table.to_pylist()}
    # the catalogue looks at headers alone: an honest header is ok
    wanted = {name: OUTCOMES.get(name, "ok") for name in ATTACKS}
    assert {name: found[name] for name in wanted} == wanted
    assert [found[name] for name in found if name not in wanted] == ["ok"] * 4


def test_a_worker_and_identify_give_each_its_outcome_and_read_the_photo_behind_it(attacked: Path) -> None:
    engine = load_engine(EngineSettings())
    good = attacked / "bruno" / "bruno-001.jpg"
    # the search for small faces in 49 million black pixels takes a while
    paths = [attacked / "ada" / f"{name}.jpg" for name in sorted(ATTACKS) if name != "deep_png"]
    order = [path for hostile in paths for path in (hostile, good)]
    results = engine.encode_photos([(path.stem, path.read_bytes()) for path in order], before=lambda _: None)
    named = SimpleNamespace(
        model=SimpleNamespace(labels=("ada",)),
        others={},
        needs_own_embedding=False,
        name=lambda faces: [None] * len(faces),
    )
    answers = list(identify_photos(paths, engine, cast(Any, named)))
    for path, result, after, answer in zip(paths, results[::2], results[1::2], answers, strict=True):
        wanted = OUTCOMES.get(path.stem, "no_face")  # they show nobody
        assert (result.outcome, answer.outcome) == (wanted, wanted), path.stem
        assert (after.outcome, len(after.faces)) == ("ok", 1)


def test_a_reading_process_that_is_killed_costs_one_photo_a_second_try(reader: GuardedReader, attacked: Path) -> None:
    good = (attacked / "bruno" / "bruno-001.jpg").read_bytes()
    os.kill(reader.pid, signal.SIGKILL)
    assert not isinstance(reader.image(good, Limits()), Refusal)


def test_reading_stops_at_once_when_it_is_closed(reader: GuardedReader) -> None:
    os.kill(reader.pid, signal.SIGSTOP)
    answers: list[object] = []
    thread = threading.Thread(target=lambda: answers.append(reader.header(b"GIF89a")))
    thread.start()
    time.sleep(0.2)
    reader.close()
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(answers[0], Refusal)


def test_the_limits_of_the_reading_process(reader: GuardedReader) -> None:
    limits = Path(f"/proc/{reader.pid}/limits").read_text().splitlines()
    soft = {line[:26].strip(): line[26:].split()[0] for line in limits}
    assert int(soft["Max data size"]) < 1_200_000_000
    assert int(soft["Max open files"]) == 16
    assert int(soft["Max cpu time"]) < 20
    assert int(soft["Max core file size"]) == 0
    status = Path(f"/proc/{reader.pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    environment = Path(f"/proc/{reader.pid}/environ").read_bytes()
    assert b"LINEUP" not in environment


@pytest.mark.parametrize("command", ["run", "verify"])
def test_one_interrupt_ends_a_command_whose_readers_hang_and_leaves_no_process(
    tmp_path: Path, attacked: Path, command: str
) -> None:
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "sitecustomize.py").write_text(HANGING_READER)
    environment = {
        **os.environ,
        **{"PYTHONPATH": str(tmp_path / "plugin"), "TMPDIR": str(tmp_path), "LINEUP_STORE": str(tmp_path / "store")},
        "LINEUP_BROKER_URL": "",
    }
    lineup = Path(sys.executable).with_name("lineup")
    # a shell starts what it runs in the background with SIGINT ignored, and so would this test's command be started
    process = subprocess.Popen(
        ["env", "--default-signal=INT", str(lineup), command, str(attacked)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for((tmp_path / "reading").exists, "the first reading process", seconds=60)
        process.send_signal(signal.SIGINT)
        process.wait(20)  # a busy machine; the readers hang for ever
    finally:
        process.kill()
    wait_for(lambda: not _readers_in(tmp_path), "the end of the reading processes", seconds=5)


def test_the_reading_process_dies_with_its_parent() -> None:
    code = (
        "import os, time; from workers.faces.decode.guarded_reader import GuardedReader\n"
        "reader = GuardedReader(); reader.header(b'x'); print(reader.pid, flush=True); time.sleep(1000)"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        os.kill(child, signal.SIGSTOP)  # not even a busy decoder keeps it
        parent.kill()
    wait_for(lambda: not Path(f"/proc/{child}").exists(), "its end", seconds=5)


def _readers_in(folder: Path) -> list[int]:
    """Reading processes whose temporary folder this is."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TMPDIR={folder}\0".encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found
