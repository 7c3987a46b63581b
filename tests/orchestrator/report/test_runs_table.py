"""A table of all runs."""

from __future__ import annotations

from orchestrator.report.runs_table import RunSummary, runs_text


def test_a_run_is_a_line_and_what_is_not_known_is_a_dash() -> None:
    done = RunSummary("2026-11-26 01:42", 8, 64, "knn-1", 0.987)
    _, first, second = runs_text([("faces-1", done, "finished"), ("faces-22", RunSummary(), "unreadable: torn")])
    assert first.split() == ["faces-1", "2026-11-26", "01:42", "8", "64", "knn-1", "98.7", "%", "finished"]
    assert second.split() == ["faces-22", "–", "–", "–", "–", "–", "unreadable:", "torn"]


def test_no_run_gives_no_line() -> None:
    assert runs_text([]) == []
