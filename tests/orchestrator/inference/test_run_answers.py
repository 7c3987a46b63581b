"""Workers encode, names are found here: the answers are those of the local way, each photo is answered once."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from orchestrator.inference import local_answers
from orchestrator.inference.encoded_photos import EncodedPhotos
from orchestrator.inference.load_model import recogniser_of
from orchestrator.inference.local_answers import LocalAnswers
from orchestrator.inference.media_type import read_regular
from orchestrator.inference.photo_pool import Answer, PhotoNaming
from orchestrator.inference.photo_totals import PhotoTotals
from orchestrator.inference.photos import PhotoAnswer, name_photo
from orchestrator.inference.run_answers import RunAnswers, plan_naming
from orchestrator.scheduler.work import planned_photos
from orchestrator.stop_request import StopRequest
from storage.errors import EngineError
from storage.outputs import OutputLedger
from storage.runs import Run
from tests.tiny_run import encode_here
from workers.faces.engine import FaceEngine, load_engine
from workers.faces.records import PhotoResult
from workers.faces.refusal import Refusal
from workers.jobs.embed_faces import encode_and_embed
from workers.jobs.photo_ref import PhotoRef
from workers.jobs.write_failure import write_failure
from workers.recognition.recogniser import Recogniser


@pytest.fixture
def heap(run: Run, tmp_path: Path) -> Path:
    """Photos of one, three and no people, one twice, one below, a text and a cut photo."""
    photos = sorted(Path(run.plan.dataset).glob("*/*-001.jpg"))
    folder = tmp_path / "heap"
    (folder / "below").mkdir(parents=True)
    for photo in photos[:2]:
        shutil.copy(photo, folder)
    shutil.copy(photos[0], folder / "below" / "again.jpg")
    Image.fromarray(np.hstack([np.asarray(Image.open(path)) for path in photos[:3]])).save(folder / "three.jpg")
    Image.new("RGB", (200, 200), "grey").save(folder / "nobody.png")
    (folder / "text.jpg").write_text("no photo")
    (folder / "cut.jpg").write_bytes(photos[0].read_bytes()[:600])
    return folder


def without_times(answer: PhotoAnswer) -> PhotoAnswer:
    """Without what is measured and where the faces came from."""
    faces = tuple(replace(face, named=replace(face.named, milliseconds=0.0)) for face in answer.faces)
    return replace(answer, seconds=0.0, faces=faces, stored=False)


def by_path(answers: Iterable[Answer]) -> dict[Path, tuple[PhotoAnswer, bytes | None]]:
    found = {answer.path: (without_times(answer), jpeg) for answer, jpeg in answers}
    return dict(sorted(found.items()))


def local(recogniser: Recogniser, heap: Path, engine: FaceEngine) -> dict[Path, tuple[PhotoAnswer, bytes | None]]:
    """What the engine of this process says."""
    paths = [path for path in heap.rglob("*") if path.is_file()]
    return by_path(name_photo(path, engine, recogniser, annotate=True) for path in paths)


@pytest.mark.parametrize("configuration", ["svm-linear", "eigenfaces-svm"])
def test_the_answers_are_those_of_the_local_way(own: Run, heap: Path, configuration: str) -> None:
    recogniser = recogniser_of(own, configuration)
    planned = plan_naming(own, heap, recogniser, OutputLedger(None)).run
    assert (own.plan.engine.policy, planned.plan.engine.policy) == ("central", "all")
    answers = RunAnswers(planned, heap, recogniser, annotate=True)
    refused = [answer.path.name for answer, _ in answers.take()]
    assert sorted(refused) == ["cut.jpg", "text.jpg"]
    assert answers.are_missing
    encode_here(planned)
    found = by_path(itertools.chain(answers.take(), RunAnswers(planned, heap, recogniser, True).take()))
    assert found == local(recogniser, heap, load_engine(recogniser.settings))
    assert len(found) == len(answers.paths) == 7
    assert len(found[heap / "three.jpg"][0].faces) == 3
    assert not answers.are_missing
    assert list(answers.take()) == []


def test_answers_come_as_photos_are_done_and_a_failure_is_an_answer(
    own: Run, heap: Path, recogniser: Recogniser
) -> None:
    planned = plan_naming(own, heap, recogniser, OutputLedger(None)).run
    answers = RunAnswers(planned, heap, recogniser, annotate=False)
    assert len(list(answers.take())) == 2
    (first, path), *others = planned_photos(planned).items()
    encode_and_embed(planned, [PhotoRef(first, path)])
    of_first = {heap / path, heap / path_of_twin(path)}
    assert {only_the_next(answers) for _ in of_first} == of_first
    assert only_the_next(answers) is None
    write_failure(planned, others[0][0], "timed_out", "no answer within 60 s", 3)
    (failed,) = [answer for answer, _ in answers.take()]
    assert (failed.path, failed.outcome, failed.faces) == (heap / others[0][1], "timed_out", ())
    encode_and_embed(planned, [PhotoRef(*each) for each in others[1:]])
    given = list(iter(lambda: only_the_next(answers), None))
    assert len(given) == len(answers.paths) - 2 - len(of_first) - 1
    assert len(set(given)) == len(given)


def only_the_next(answers: RunAnswers) -> Path | None:
    """The path of the next answer, of an iterator that is not used up."""
    answer, _ = next(answers.take(), (None, None))
    return answer.path if answer else None


def path_of_twin(path: str) -> str:
    """The other path of the photo that is there twice; of others, their own."""
    twins = {"ada-001.jpg": "below/again.jpg", "below/again.jpg": "ada-001.jpg"}
    return twins.get(path, path)


def test_photos_that_were_stored_before_are_told_apart_from_those_that_workers_encoded(
    own: Run, heap: Path, recogniser: Recogniser
) -> None:
    planned = plan_naming(own, heap, recogniser, OutputLedger(None)).run
    answers = RunAnswers(planned, heap, recogniser, annotate=False)
    encode_here(planned)
    read = [answer for answer, _ in answers.take() if answer.was_read]
    assert [answer.stored for answer in read] == [False] * 5
    assert min(answer.seconds for answer in read) > 0.001
    again = RunAnswers(planned, heap, recogniser, annotate=False)
    assert {answer.stored for answer, _ in again.take() if answer.was_read} == {True}


def test_a_photo_that_is_stored_is_not_encoded_again_on_this_machine(
    own: Run, heap: Path, recogniser: Recogniser, engine: FaceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = local(recogniser, heap, engine)
    planned = plan_naming(own, heap, recogniser, OutputLedger(None)).run
    encode_here(planned)
    shutil.copy(heap / "three.jpg", heap / "moved.jpg")  # a photo is known by its bytes, wherever it lies
    new = Path(own.plan.dataset) / "bruno" / "bruno-002.jpg"
    before = files_of(own.store)
    encoded: list[Path] = []

    def counted(path: Path, *how: Any) -> Answer:
        encoded.append(path)
        return name_photo(path, *how)

    monkeypatch.setattr(local_answers, "name_photo", counted)
    naming = PhotoNaming(own.store, own.run_id, "svm-linear", None, annotate=True)
    paths = [*expected, heap / "moved.jpg", new]
    found = list(LocalAnswers(recogniser, naming, StopRequest()).name(paths))
    assert [answer.path for answer, _ in found] == paths
    assert encoded == [heap / "cut.jpg", heap / "text.jpg", new]
    assert by_path(found[:7]) == expected
    assert without_times(found[7][0]).faces == expected[heap / "three.jpg"][0].faces
    assert [answer.stored for answer, _ in found] == [path not in encoded for path in paths]
    assert files_of(own.store) == before  # of what is encoded here, nothing is kept


def files_of(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_encodings_of_other_settings_are_not_used(own: Run, heap: Path, recogniser: Recogniser) -> None:
    encode_here(plan_naming(own, heap, recogniser, OutputLedger(None)).run)
    other = replace(recogniser, engine=replace(recogniser.engine, smallest_face=0))
    planned = plan_naming(own, heap, other, OutputLedger(None)).run
    answers = RunAnswers(planned, heap, other, annotate=False)
    assert [answer for answer, _ in answers.take() if answer.was_read] == []
    assert answers.are_missing


def test_invented_faces_are_not_named(own: Run, heap: Path, recogniser: Recogniser) -> None:
    invented = replace(recogniser, engine=replace(recogniser.engine, null_engine=True))
    with pytest.raises(EngineError, match="names nobody"):
        plan_naming(own, heap, invented, OutputLedger(None))


def test_after_a_stop_no_further_photo_is_read(
    own: Run, heap: Path, recogniser: Recogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode_here(plan_naming(own, heap, recogniser, OutputLedger(None)).run)
    stop, read = StopRequest(), []

    def noted(path: Path, most: int) -> bytes | Refusal:
        read.append(path)
        stop.set()
        return read_regular(path, most)

    monkeypatch.setattr(local_answers, "TOGETHER", 2)
    monkeypatch.setattr(local_answers, "read_regular", noted)
    naming = PhotoNaming(own.store, own.run_id, "svm-linear", None, annotate=False)
    photos = [heap / "three.jpg", *[heap / "ada-001.jpg"] * 199]
    assert list(LocalAnswers(recogniser, naming, stop).name(photos)) == []
    assert 1 <= len(read) <= 2
    stop.close()


def test_no_boxes_are_drawn_on_a_photo_that_was_replaced_since_it_was_looked_up(
    own: Run, heap: Path, recogniser: Recogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode_here(plan_naming(own, heap, recogniser, OutputLedger(None)).run)
    photo, other = heap / "three.jpg", (heap / "ada-001.jpg").read_bytes()

    def replaced(path: Path, most: int) -> bytes | Refusal:
        data = read_regular(path, most)
        path.write_bytes(other)
        return data

    monkeypatch.setattr(local_answers, "read_regular", replaced)
    naming = PhotoNaming(own.store, own.run_id, "svm-linear", None, annotate=True)
    ((answer, jpeg),) = LocalAnswers(recogniser, naming, StopRequest()).name([photo])
    assert (len(answer.faces), jpeg) == (3, None)


def test_what_one_call_leaves_of_a_batch_is_not_read_again(
    own: Run, heap: Path, recogniser: Recogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = plan_naming(own, heap, recogniser, OutputLedger(None)).run
    encode_here(planned)
    read: list[int] = []
    results = EncodedPhotos.results

    def counted(photos: EncodedPhotos, keys: Collection[str], timed: bool = False) -> Iterator[PhotoResult]:
        read.append(len(keys))
        return results(photos, keys, timed)

    monkeypatch.setattr(EncodedPhotos, "results", counted)
    answers = RunAnswers(planned, heap, recogniser, annotate=False)
    given = list(iter(lambda: only_the_next(answers), None))
    assert len(set(given)) == len(given) == len(answers.paths)
    assert read == [4]


def test_where_the_seconds_of_workers_are_gone_no_time_is_told(own: Run, heap: Path, recogniser: Recogniser) -> None:
    planned = plan_naming(own, heap, recogniser, OutputLedger(None)).run
    answers = RunAnswers(planned, heap, recogniser, annotate=False)
    encode_here(planned)
    shutil.rmtree(planned.encodings / "efforts")
    totals = PhotoTotals()
    for answer, _ in answers.take():
        assert answer.seconds == 0
        totals.add(answer)
    assert "Naming:" in totals.line
    assert "a photo (median)" not in totals.line
