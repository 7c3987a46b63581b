"""A process whose first request to an object store stays unanswered says so once; every answer ends the watch."""

from __future__ import annotations

import contextlib
import threading

import pytest

from storage.errors import StoreUnreachable
from storage.first_answer import FirstAnswer
from storage.object_path import ObjectPath
from storage.object_stores import tell_of_silence
from tests.s3 import FaultyProxy

SHORT, LONG = 0.05, 5.0


def test_silence_is_told_once() -> None:
    told: list[str] = []
    heard = threading.Event()

    def tell(address: str) -> None:
        told.append(address)
        heard.set()

    first = FirstAnswer(tell, SHORT)
    for _ in range(2):
        with first.awaited("s3://bucket/a"):
            heard.wait(LONG)
    assert told == ["s3://bucket/a"]


@pytest.mark.parametrize("answer", [None, FileNotFoundError(), FileExistsError()])
def test_after_an_answer_nothing_is_told(answer: Exception | None) -> None:
    told: list[str] = []
    first = FirstAnswer(told.append, SHORT)
    with contextlib.suppress(OSError), first.awaited("s3://bucket/a"):
        if answer:
            raise answer
    with first.awaited("s3://bucket/a"):
        threading.Event().wait(3 * SHORT)
    assert told == []


def test_a_store_that_refused_may_still_be_silent_later() -> None:
    heard = threading.Event()
    first = FirstAnswer(lambda _: heard.set(), SHORT)
    with pytest.raises(StoreUnreachable), first.awaited("s3://bucket/a"):
        raise StoreUnreachable("refused")
    with first.awaited("s3://bucket/a"):
        assert heard.wait(LONG)


def test_requests_of_a_path_are_watched(
    bucket: ObjectPath, faulty: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("storage.first_answer.SILENT_SECONDS", SHORT)
    monkeypatch.setattr("storage.object_stores._first_answers", [])
    tell_of_silence(told.append)
    faulty.latency = 0.3
    assert not (bucket / "store" / "run.json").is_file()
    assert told == [f"{bucket.bucket} does not answer; it is tried for 90 s at most"]
