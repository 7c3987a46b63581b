"""Lineup in containers: what docs/containers.md promises, tried on a real Docker engine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from storage.runs import Run, list_runs, open_run
from tests.cluster import efforts, tables
from tests.compose.deployment import RUN_SECONDS, START_SECONDS, Deployment, deployed, wait_for, worker_seconds
from workers.synthetic.photo_folder import write_folder

PEOPLE, EACH = 12, 70
PHOTOS = PEOPLE * EACH
NOTHING = "has none of the catalogued photos"
COPIES, PAIRS = 2, 3
EXPERIMENT = 'configurations = ["knn-1", "svm-linear", "majority"]\n'

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders of photos, 840 in `many` and 84 in `few`, and an experiment; readable for all users."""
    top = tmp_path_factory.mktemp("photos")
    for name, each, seed in (("many", EACH, 5), ("few", EACH // 10, 6)):
        write_folder(top / name, people=PEOPLE, photos=each, seed=seed, side=256, processes=2)
    (top / "experiment.toml").write_text(EXPERIMENT)
    for path in (*top.rglob("*"), top, *top.parents[:1]):
        path.chmod(path.stat().st_mode | 0o055)
    return top


@pytest.fixture(scope="module")
def clone(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment with three workers for photos, each with one process."""
    with deployed(tmp_path_factory.mktemp("first") / "lineup", photos) as deployment:
        deployment.compose("build")
        deployment.scale(3)
        yield deployment


def submitted(clone: Deployment, folder: str) -> str:
    return clone.lineup("submit", f"/photos/{folder}", "-e", "/photos/experiment.toml").strip()


def embedded(clone: Deployment, folder: Path, processes: int) -> Run:
    """An undisturbed embedded run in the same image."""
    folder.mkdir()
    folder.chmod(0o777)
    settings = ("-e", "LINEUP_BROKER_URL=", "-e", "LINEUP_STORE=/out/store", "-e", f"LINEUP_PROCESSES={processes}")
    command = ("run", "/photos/many", "-e", "/photos/experiment.toml")
    clone.lineup(*command, options=(*settings, "-v", f"{folder}:/out"))
    (run_id,) = list_runs(folder / "store")
    return open_run(folder / "store", run_id)


def copies(folder: Path, into: Path) -> None:
    """Photos that show the same as those of a folder, COPIES of each, with bytes of their own: a JPEG's comment."""
    for path in sorted(folder.rglob("*.jpg")):
        start, rest = path.read_bytes()[:2], path.read_bytes()[2:]
        target = into / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        for number in range(COPIES):
            target.with_stem(f"{path.stem}-{number}").write_bytes(start + b"\xff\xfe\x00\x03%d" % number + rest)


def encoded_in_containers(clone: Deployment, folder: Path) -> tuple[float, float]:
    """Processor seconds a photo of a container with two processes for photos, and its photos a second."""
    clone.scale(1)
    wait_for(clone.all_healthy, "all services", START_SECONDS)
    (worker,) = clone.containers("worker-images")
    clone.wait_until_finished(submitted(clone, "few"))  # afterwards all has been loaded
    before = worker_seconds(worker)
    run_id = submitted(clone, "bulk")
    clone.wait_until_finished(run_id)
    seconds = worker_seconds(worker) - before
    return seconds / (COPIES * PHOTOS), rate(open_run(clone.copy_store(folder), run_id))


def encoded_in_one(clone: Deployment, folder: Path) -> tuple[float, float]:
    """The same of `lineup up`, whose broker, workers and orchestrator are in one container of the same image."""
    folder.mkdir()
    folder.chmod(0o777)
    settings = ("-e", "LINEUP_BROKER_URL=", "-e", "LINEUP_STORE=/out/store", "-v", f"{folder}:/out")
    one = clone.compose("run", "-d", "-T", *settings, "lineup", "up").stdout.strip()

    def lineup(*words: str) -> str:
        done = subprocess.run(["docker", "exec", one, "lineup", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def finished(name: str) -> str:
        run_id = lineup("submit", f"/photos/{name}", "-e", "/photos/experiment.toml")
        wait_for(lambda: json.loads(lineup("status", run_id, "--json"))["state"] == "finished", run_id, RUN_SECONDS)
        return run_id

    try:
        wait_for((folder / "store" / "store-id").exists, "the store", START_SECONDS)
        finished("few")
        before = worker_seconds(one)
        run_id = finished("bulk")
        seconds = worker_seconds(one) - before
        return seconds / (COPIES * PHOTOS), rate(open_run(folder / "store", run_id))
    finally:
        subprocess.run(["docker", "rm", "-f", one], check=False, capture_output=True)


def rate(run: Run) -> float:
    """Photos a second between the first and the last batch that was encoded."""
    times: list[datetime] = sorted(efforts(run).column("finished").to_pylist())
    return sum(time > times[0] for time in times) / (times[-1] - times[0]).total_seconds()


def test_all_become_healthy_and_doctor_is_content(clone: Deployment) -> None:
    wait_for(clone.all_healthy, "all services", START_SECONDS)
    found = json.loads(clone.lineup("doctor", "--json"))
    assert [one["what"] for one in found if one["state"] != "ok"] == ["passwords and paths travel unencrypted"]
    assert len(clone.containers("worker-images")) == 3


def test_the_overrides_are_accepted_by_compose(clone: Deployment) -> None:
    (clone.folder / ".env").open("a").write("LINEUP_S3_STORE=s3://bucket/lineup\n")
    for name in ("gpu", "s3"):
        clone.compose("-f", "docker-compose.yml", "-f", f"deploy/compose.{name}.yml", "config", "--quiet")


def test_a_run_through_a_kill_and_scaling_has_the_tables_of_an_undisturbed_one(
    clone: Deployment, tmp_path: Path
) -> None:
    run_id = submitted(clone, "many")
    seen: dict[str, Any] = {}
    while seen.get("stage", "images") == "images" and seen.get("done", 0) < PHOTOS // 20:
        seen = clone.status(run_id)
    assert seen["stage"] == "images", "it was encoded before anything could happen: draw more photos"
    victim = next(iter(clone.containers("worker-images")))
    subprocess.run(["docker", "kill", victim], check=True, capture_output=True)
    clone.scale(1)
    clone.scale(4)
    clone.wait_until_finished(run_id)
    disturbed = open_run(clone.copy_store(tmp_path / "disturbed"), run_id)
    plain = embedded(clone, tmp_path / "embedded", processes=2)
    assert tables(disturbed) == tables(plain)
    assert disturbed.catalog.read_bytes() == plain.catalog.read_bytes()
    assert len(set(efforts(disturbed).column("worker").to_pylist())) >= 2


def test_a_second_clone_of_the_same_name_leaves_the_first_alone(
    clone: Deployment, photos: Path, tmp_path: Path
) -> None:
    before = clone.containers()
    with deployed(tmp_path / "second" / "lineup", photos) as second:
        second.compose("build")
        second.scale(1)
        assert second.name != clone.name
        wait_for(second.all_healthy, "the second deployment", START_SECONDS)
        assert second.lineup("runs", "--json").strip() in ("", "[]")
        after = clone.containers()
        assert after.keys() == before.keys()
        assert not after.keys() & second.containers().keys()
        assert len(json.loads(clone.lineup("runs", "--json"))) >= 1
    assert clone.containers().keys() == before.keys()


def test_a_worker_with_an_empty_photo_mount_is_not_ready_says_why_and_costs_no_photo(
    clone: Deployment, tmp_path: Path
) -> None:
    clone.scale(1)
    empty = tmp_path / "empty"
    empty.mkdir()
    wrong = clone.compose("run", "-d", "-T", "-v", f"{empty}:/photos:ro", "worker-images").stdout.strip()
    try:
        clone.compose("stop", "worker-images")  # the wrong one was started by `run`, and stays
        run_id = submitted(clone, "few")
        wait_for(lambda: clone.status(run_id)["faults"], "the fault", START_SECONDS)
        (fault,) = clone.status(run_id)["faults"]
        assert NOTHING in fault
        asked = ["docker", "exec", wrong, "lineup", "ready"]

        def says_why() -> bool:
            ready = subprocess.run(asked, capture_output=True, text=True, check=False)
            assert ready.returncode == 1
            return NOTHING in ready.stderr

        wait_for(says_why, "the reason", START_SECONDS)
        assert NOTHING in clone.lineup("doctor", check=False)
        clone.scale(1)
        clone.wait_until_finished(run_id)
        assert "all is well" in clone.lineup("check", run_id)
    finally:
        subprocess.run(["docker", "rm", "-f", wrong], check=False, capture_output=True)


def test_containers_encode_at_nine_tenths_of_an_embedded_run_at_least(
    clone: Deployment, photos: Path, tmp_path: Path
) -> None:
    """By processor time, to which others on this machine only add: the least of some turns counts, of each side.

    Photos a second are printed beside it; on a machine that has nothing else to do they say the same.
    """
    copies(photos / "many", photos / "bulk")
    settings = (clone.folder / ".env").read_text()
    (clone.folder / ".env").write_text(settings.replace("LINEUP_PROCESSES=1", "LINEUP_PROCESSES=2"))
    seconds: dict[str, list[float]] = {"containers": [], "embedded": []}
    for number in range(PAIRS):
        clone.compose("down", "--volumes", "--timeout", "5")
        ours = encoded_in_containers(clone, tmp_path / f"containers-{number}")
        clone.compose("down", "--volumes", "--timeout", "5")
        plain = encoded_in_one(clone, tmp_path / f"embedded-{number}")
        for who, (of_photo, speed) in (("containers", ours), ("embedded", plain)):
            seconds[who].append(of_photo)
            print(f"\n{who}: {1000 * of_photo:.2f} ms of processor time a photo, {speed:.0f} photos/s", end="")
    assert min(seconds["embedded"]) / min(seconds["containers"]) >= 0.9, seconds
