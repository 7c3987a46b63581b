"""A folder of photos runs no code, whatever its sub-folders are called, when a command is started inside it."""

from __future__ import annotations

import contextlib
import os
import pkgutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from orchestrator.local.cluster import LocalCluster
from tests.cluster import descendants, wait_for
from tests.proxy import free_port
from workers.synthetic.photo_folder import write_folder

LINEUP = Path(sys.executable).with_name("lineup")

TRIED = {"celeryconfig", "flowerconfig", "sitecustomize", "usercustomize", "django", "gevent", "eventlet", "readline"}
"""Names that Python, Celery and Flower try to import, or to run as a file, and that need not be installed."""

NAMES = {*sys.stdlib_module_names, *(module.name for module in pkgutil.iter_modules()), *TRIED}
"""Every top-level name that any process of ours could import."""

PAYLOAD = """
import os
with open({marker!r}, "a") as file:
    file.write(__file__ + " " + os.environ.get("LINEUP_BROKER_URL", "") + chr(10))
"""


@pytest.fixture(scope="module")
def marker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that exists when any of the code in `photos` has run."""
    return tmp_path_factory.mktemp("marker") / "ran"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, marker: Path) -> Path:
    """Three people, and beside them a folder and a file for each name, all with code."""
    folder = tmp_path_factory.mktemp("photos") / "people"
    write_folder(folder, people=3, photos=4, seed=2, side=160, processes=1)
    payload = PAYLOAD.format(marker=str(marker))
    for name in NAMES:
        (folder / name).mkdir()
        for file in ("__init__", "__main__", "app", "queue", "main"):
            (folder / name / f"{file}.py").write_text(payload)
        (folder / f"{name}.py").write_text(payload)
    (folder / "experiment.toml").write_text('configurations = ["knn-1", "dense", "majority"]')
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A store that lies elsewhere, and one process a queue."""
    store = tmp_path_factory.mktemp("store") / "store"
    return {**os.environ, "LINEUP_STORE": str(store), "LINEUP_PROCESSES": "1", "LINEUP_BROKER_URL": ""}


@pytest.fixture(autouse=True)
def nothing_ran(marker: Path) -> Iterator[None]:
    """No code of the folder runs during any test."""
    yield
    assert not marker.exists(), marker.read_text()


def lineup(photos: Path, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [str(LINEUP), *arguments], cwd=photos, env=environment, capture_output=True, text=True, check=False, timeout=220
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_is_a_folder_for_each_name_that_is_imported(photos: Path) -> None:
    wanted = {"celery", "kombu", "workers", "orchestrator", "storage", "billiard", "multiprocessing", "json", "keras"}
    assert wanted <= NAMES
    assert {"celery", "workers", "flowerconfig.py"} <= {path.name for path in photos.iterdir()}


def test_the_code_would_be_found_where_the_current_folder_is_on_the_path(photos: Path, marker: Path) -> None:
    subprocess.run([sys.executable, "-c", "import celeryconfig"], cwd=photos, check=True, capture_output=True)
    assert marker.exists()
    marker.unlink()


def test_run_and_identify(photos: Path, environment: dict[str, str], tmp_path: Path) -> None:
    assert "knn-1" in lineup(photos, environment, "run", ".", "-e", "experiment.toml")
    photo = next(path for path in photos.rglob("*") if path.suffix in (".jpg", ".png"))
    lineup(photos, environment, "identify", str(photo.relative_to(photos)))
    lineup(photos, environment, "identify", str(drawn_video(tmp_path / "clip.mp4")))  # decoded by another process


def drawn_video(path: Path) -> Path:
    import cv2

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for _ in range(3):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    return path


def test_synth_which_starts_python_processes(photos: Path, environment: dict[str, str], tmp_path: Path) -> None:
    lineup(photos, environment, "synth", str(tmp_path / "drawn"), "--people", "2", "--photos", "2")


@pytest.mark.parametrize(
    "code",
    [
        "from orchestrator.inference.annotate import _letters; _letters()",
        "import numpy; from workers.compare.pair_protocol import RocCurve;"
        "from orchestrator.verification.draw_curves import curves_picture;"
        "curves_picture(RocCurve(*(numpy.array([0.1, 1.0]) for _ in range(3))), [], 'svg')",
    ],
)
def test_drawing_reads_no_settings_there(tmp_path: Path, code: str) -> None:
    os.mkfifo(tmp_path / "matplotlibrc")  # opening it would wait for ever
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60, capture_output=True)


def test_worker(photos: Path, environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    with LocalCluster(tmp_path / "broker", queues=()) as broker, log.open("wb") as file:
        worker = subprocess.Popen(
            [str(LINEUP), "worker", "images"],
            cwd=photos,
            env={**environment, "LINEUP_BROKER_URL": broker.broker_url, "LINEUP_STORE": str(tmp_path / "broker")},
            stdout=file,
            stderr=file,
        )
        try:
            wait_for(lambda: broker.broker.queues() or worker.poll() is not None, "an answer of the worker")
            assert worker.poll() is None, log.read_text()
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 0
        finally:
            worker.kill()
            worker.wait()


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def test_up_with_its_flower(photos: Path, environment: dict[str, str], tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    with log.open("wb") as file:
        command = [str(LINEUP), "up"]
        settings = {**environment, "LINEUP_FLOWER_PORT": str(port)}
        up = subprocess.Popen(command, cwd=photos, env=settings, stdout=file, stderr=file)
    try:
        wait_for(lambda: up.poll() is not None or answers(port), "Flower")
        assert up.poll() is None, log.read_text()
        folders = {Path(f"/proc/{pid}/cwd").readlink() for pid in descendants(up.pid)}
        assert len(folders) >= 2  # the broker's, and that of workers and Flower
        assert not [folder for folder in folders if folder.is_relative_to(photos)]
        up.send_signal(signal.SIGINT)
        assert up.wait(60) == 0
    finally:
        up.kill()
        up.wait()
