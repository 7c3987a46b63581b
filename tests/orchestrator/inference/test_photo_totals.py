"""Counts and times of the answers for photos."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.inference.photo_totals import PhotoTotals
from tests.orchestrator.inference.test_format_names import ANSWERS


def test_the_summary_counts_and_times() -> None:
    totals = PhotoTotals()
    for answer in ANSWERS:
        totals.add(answer)
    said = totals.line
    assert "3 photos (1 ok, 1 unreadable, 1 no_face), 2 faces, 1 of them known." in said
    assert "40 ms a photo" in said
    assert "0.020 ms a face (median)" in said


def test_a_photo_that_was_stored_or_whose_time_is_not_known_is_not_in_the_median() -> None:
    totals = PhotoTotals()
    for answer in (ANSWERS[0], replace(ANSWERS[0], seconds=0.0), replace(ANSWERS[0], seconds=9.0, stored=True)):
        totals.add(answer)
    assert "Of 1 photo the faces were in the store" in totals.line
    assert "50 ms a photo" in totals.line
