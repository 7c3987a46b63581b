"""Times of several machines are not mixed where one machine has them all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from storage.schemas import EFFORTS
from workers.compare import host_times
from workers.compare.host_times import common_host, photo_time


def fits(*hosts: str) -> list[dict[str, Any]]:
    return [{"host": host, "outcome": "ok"} for host in hosts]


def efforts(*rows: tuple[str, str, dict[str, float]]) -> pa.Table:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    return pa.Table.from_pylist(
        [
            {"photo_key": key, "worker": host, "seconds": list(seconds.items()), "attempt": 1, "finished": when}
            for key, host, seconds in rows
        ],
        EFFORTS,
    )


STEPS = {"read": 0.001, "detect": 0.002, "landmarks": 0.003, "align": 0.004, "encode": 0.005}


def test_the_common_host_fitted_every_configuration() -> None:
    assert common_host({"knn": fits("a", "b", "b"), "svm": fits("b", "a")}) == "b"
    assert common_host({"knn": fits("a", "a"), "svm": fits("b")}) is None
    assert common_host({}) is None


def test_a_failed_fit_was_not_timed() -> None:
    failed = [{"host": "b", "outcome": "failed"}]
    assert common_host({"knn": fits("a"), "svm": failed}) == "a"
    assert common_host({"knn": fits("a", "b"), "svm": [*failed, *fits("a")]}) == "a"


def test_a_photos_time_is_the_median_of_the_sum_of_its_steps() -> None:
    table = efforts(
        ("1", "a", STEPS),
        ("2", "a", {**STEPS, "detect": 0.004}),
        ("3", "a", {**STEPS, "detect": 0.102}),
        ("faceless", "a", {"read": 9.0, "detect": 9.0}),
        ("of another run", "a", {**STEPS, "read": 9.0}),
    )
    found = photo_time(table, {"1", "2", "3", "faceless"}, None)
    assert found is not None
    assert found.milliseconds == pytest.approx(17, rel=1e-5)
    assert found.hosts == ("a",)


def test_photos_of_the_host_of_the_fits_are_preferred() -> None:
    table = efforts(("1", "a", STEPS), ("2", "b", {**STEPS, "read": 1.0}))
    alone = photo_time(table, {"1", "2"}, "a")
    assert alone is not None
    assert alone.milliseconds == pytest.approx(15, rel=1e-5)
    assert alone.hosts == ("a",)
    elsewhere = photo_time(table, {"1", "2"}, "c")
    assert elsewhere is not None
    assert elsewhere.hosts == ("a", "b")


def test_of_many_photos_a_sample_by_their_keys_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_times, "MOST_PHOTOS", 2)
    table = efforts(("1", "a", STEPS), ("2", "a", STEPS), ("3", "a", {**STEPS, "read": 9.0}))
    found = photo_time(table, {"1", "2", "3"}, "a")
    assert found is not None
    assert found.milliseconds == pytest.approx(15, rel=1e-5)


def test_without_efforts_there_is_no_time() -> None:
    assert photo_time(efforts(), {"1"}, None) is None
