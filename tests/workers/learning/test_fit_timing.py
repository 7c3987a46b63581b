"""Fits are timed warm, and the first is told apart."""

from __future__ import annotations

import time

import pytest

from workers.learning import fit_timing
from workers.learning.fit_timing import time_fit


class Slow:
    """A fit whose calls take the given seconds."""

    def __init__(self, *seconds: float) -> None:
        self.seconds = list(seconds)
        self.calls = 0

    def __call__(self) -> int:
        time.sleep(self.seconds[min(self.calls, len(self.seconds) - 1)])
        self.calls += 1
        return self.calls


def test_the_first_fit_is_told_apart_and_the_last_is_kept() -> None:
    fit = Slow(0.1, 0.01)
    timed = time_fit(fit)
    assert timed.fitted == fit.calls == 1 + fit_timing.REPEATS
    columns = timed.columns()
    assert columns["fit_first_seconds"] >= 0.1
    assert 0.01 <= columns["fit_least_seconds"] <= columns["fit_seconds"]
    assert columns["fit_cpu_seconds"] < columns["fit_seconds"]  # it slept
    assert columns["warm_fits"] == fit_timing.REPEATS
    assert columns["cores"] >= 1


def test_a_fit_is_repeated_for_half_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_timing, "REPEAT_SECONDS", 0.02)
    assert len(time_fit(Slow(0.03)).warm_seconds) == 1


def test_a_long_fit_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_timing, "SECOND_FIT_SECONDS", 0.01)
    calls: list[int] = []

    def fit() -> None:
        calls.append(1)
        until = time.process_time() + 0.02
        while time.process_time() < until:
            pass

    columns = time_fit(fit).columns()
    assert len(calls) == 1
    assert columns["warm_fits"] == 0
    assert columns["fit_seconds"] == columns["fit_first_seconds"]


def test_a_warm_up_takes_the_place_of_the_second_fit() -> None:
    warm_up, fit = Slow(0.1), Slow(0.01)
    timed = time_fit(fit, warm_up)
    assert (warm_up.calls, fit.calls) == (1, 1)
    assert timed.first_seconds >= 0.11
    assert timed.warm_seconds[0] < timed.first_seconds - 0.09


def test_the_time_limit_starts_anew_before_the_second_fit() -> None:
    fit = Slow(0.0)
    calls: list[int] = []
    time_fit(fit, again=lambda: calls.append(fit.calls))
    assert calls == [1]
