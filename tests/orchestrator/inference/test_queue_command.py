"""`lineup identify --queue` as it is typed, with a real broker and real workers."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest

from orchestrator.inference.load_model import recogniser_of
from orchestrator.inference.run_answers import plan_naming
from orchestrator.maintenance.erase_person import erase_person, find_person
from orchestrator.scheduler.service import Service
from storage.encodings import Done
from storage.errors import BrokerError, DatasetError, InputError, RunConflict
from storage.outputs import OutputLedger
from storage.run_claim import claim
from storage.runs import Run, list_runs, open_run
from tests.cluster import Cluster
from tests.faults.marking import comment
from tests.orchestrator.conftest import Call
from tests.orchestrator.inference.conftest import rows_of
from tests.tiny_run import encode_here


@pytest.fixture
def of_lab(lab: Cluster, run: Run) -> Run:
    """The run in the store whose workers are running."""
    for parent in ("runs", "encodings"):
        (lab.store / parent).mkdir(0o700, exist_ok=True)
    shutil.copytree(run.folder, lab.store / "runs" / run.run_id, dirs_exist_ok=True)
    shutil.copytree(run.encodings, lab.store / "encodings" / run.encodings.name, dirs_exist_ok=True)
    return open_run(lab.store, run.run_id)


def stored_of(text: str) -> list[bool]:
    """Of each photo that could be read, whether its faces came from the store."""
    answers = [json.loads(line) for line in text.splitlines()[1:]]
    return [answer["stored"] for answer in answers if answer["outcome"] == "ok"]


def encode_runs(store: Path) -> list[str]:
    return [name for name in list_runs(store) if name.startswith("faces-heap-")]


def test_workers_encode_each_photo_once_and_the_rows_are_the_local_ones(
    lab: Cluster, of_lab: Run, heap: Path, tmp_path: Path, call: Call
) -> None:
    asked = ("identify", str(heap), "--run", of_lab.run_id, "-c", "svm-linear", "--json")
    url = lab.stack.broker_url
    local = call(lab.store, *asked)
    assert encode_runs(lab.store) == []
    out, links = tmp_path / "out", tmp_path / "sorted"
    done = call(lab.store, *asked, "--queue", "--out", str(out), "--sort-into", str(links), broker_url=url)
    assert done.exit_code == 0, done.output
    rows = rows_of(done.stdout)
    assert sorted(Path(row["copy"]).name for row in rows.values() if row["copy"]) == sorted(
        copy.name for copy in out.iterdir()
    )
    assert sum(row.pop("copy") is not None for row in rows.values()) == 9
    assert sorted(link.name for link in links.glob("ada/*")) == ["ada-001.jpg", "ada-002.jpg", "twin.jpg"]
    expected = rows_of(local.stdout)
    assert rows == {path: {key: row[key] for key in row if key != "copy"} for path, row in expected.items()}
    assert rows[str(heap / "text.jpg")]["outcome"] == "unreadable"
    assert stored_of(local.stdout) == stored_of(done.stdout) == [False] * 9
    assert json.loads(done.stdout.splitlines()[0])["encode_run"] == encode_runs(lab.store)[0]

    nobody = "redis://127.0.0.1:1"  # needed by nobody: everything is stored
    again = call(lab.store, *asked, "--queue", broker_url=nobody)
    here = call(lab.store, *asked, broker_url=nobody)
    for told in (again, here):
        assert rows_of(told.stdout) == expected
        assert stored_of(told.stdout) == [True] * 9


def test_the_last_line_names_the_commands_that_delete_all_that_was_kept(own: Run, heap: Path, call: Call) -> None:
    recogniser = recogniser_of(own, "svm-linear")
    for _ in range(2):  # a photo more is another run, whose faces are to be deleted, too
        encode_here(plan_naming(own, heap, recogniser, OutputLedger(None)).run)
        shutil.copy(heap / "twin.jpg", heap / "more.jpg")
    (heap / "more.jpg").unlink()
    assert len(encode_runs(own.store)) == 2
    engine = open_run(own.store, encode_runs(own.store)[0]).encodings
    done = call(own.store, "identify", str(heap), "-c", "svm-linear", "--queue")
    assert done.exit_code == 0, done.output
    assert "9 photos the faces were in the store" in done.stdout
    (told,) = [line for line in done.stderr.splitlines() if "are kept in the store" in line]
    for command in told.partition(" of this folder: lineup ")[2].split(" && lineup "):
        assert call(own.store, *command.split()).exit_code == 0, command
    assert (encode_runs(own.store), engine.exists()) == ([], False)
    assert not list((own.store / "known_files").rglob("*heap*"))
    assert list_runs(own.store) == [own.run_id]


def test_that_line_is_there_too_where_the_broker_does_not_answer(own: Run, heap: Path, call: Call) -> None:
    asked = ("identify", str(heap), "-c", "svm-linear", "--queue")
    done = call(own.store, *asked, broker_url="redis://127.0.0.1:1")
    assert isinstance(done.exception, BrokerError)
    assert f"lineup remove {encode_runs(own.store)[0]} --yes && lineup gc --yes" in done.stderr.splitlines()[-1]
    quiet = call(own.store, *asked, "--quiet", broker_url="redis://127.0.0.1:1")
    assert "are kept in the store" not in quiet.stderr


def test_who_is_forgotten_in_a_compared_run_is_forgotten_in_the_photos_that_were_named(own: Run, heap: Path) -> None:
    recogniser = recogniser_of(own, "svm-linear")
    named = plan_naming(own, heap, recogniser, OutputLedger(None)).run
    encode_here(named)
    assert len(Done(named.encodings / "faces").look()) == 8
    assert erase_person(own.store, find_person(own.store, "ada")).complete
    assert len(Done(named.encodings / "faces").look()) == 6
    with pytest.raises(RunConflict, match=f"a person of them was forgotten since.*lineup remove {named.run_id}"):
        plan_naming(own, heap, recogniser, OutputLedger(None))


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (("HEAP/ada-001.jpg",), InputError, "--queue is for one folder"),
        (("HEAP", "HEAP"), InputError, "--queue is for one folder"),
        (("rtsp://camera.example/front",), InputError, "--queue is for one folder"),
        (("HEAP/gone",), DatasetError, "is not there"),
        (("s3://bucket/photos", "--sort-into", "HEAP/../sorted"), InputError, "to which no link leads"),
        (("HEAP", "--out", "HEAP/../one.jpg"), InputError, "several photos need a folder"),
        (("HEAP", "--sort-into", "HEAP/sorted"), InputError, "whose photos are to be sorted"),
    ],
)
def test_what_the_queue_cannot_do_is_refused(
    own: Run, heap: Path, call: Call, arguments: tuple[str, ...], error: type[Exception], sentence: str
) -> None:
    words = [each.replace("HEAP", str(heap)) for each in arguments]
    done = call(own.store, "identify", "-c", "knn-1", "--queue", *words)
    assert isinstance(done.exception, error)
    assert sentence in str(done.exception)


def test_a_bucket_is_for_the_queue(own: Run, call: Call) -> None:
    done = call(own.store, "identify", "-c", "knn-1", "s3://bucket/photos")
    assert isinstance(done.exception, InputError)
    assert "Add --queue" in str(done.exception)


def test_the_service_of_a_store_drives_the_run(lab: Cluster, of_lab: Run, heap: Path, call: Call) -> None:
    comment(heap / "twin.jpg", "one that is not stored yet")
    of_lab.cancel()  # the service is to leave it alone
    planned = plan_naming(of_lab, heap, recogniser_of(of_lab, "svm-linear"), OutputLedger(None)).run
    service, stop = Service(lab.store, lab.stack.broker), threading.Event()
    service.round()
    with claim(planned) as free:
        assert not free
    thread = threading.Thread(target=service.serve, args=(stop,))
    thread.start()
    try:
        asked = ("identify", str(heap), "--run", of_lab.run_id, "-c", "svm-linear", "--json")
        done = call(lab.store, *asked, "--queue", broker_url=lab.stack.broker_url)
    finally:
        stop.set()
        thread.join()
    assert done.exit_code == 0, done.output
    assert len(rows_of(done.stdout)) == 10
    assert planned.finished
