"""What the report says about its times."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from orchestrator.report.material import ReportMaterial
from orchestrator.report.page import render_page
from orchestrator.report.run_times import PHOTO_TO_NAME, timing_sentences
from tests.orchestrator.report.conftest import compare, compared, table

Row = dict[str, Any]


def fit(configuration: str, host: str, **more: Any) -> Row:
    row = {"configuration": configuration, "repeat": 0, "fold": 0, "outcome": "ok", "reason": "", "chosen": "{}"}
    row |= {"history": "", "host": host, "finished": datetime(2026, 1, 1, tzinfo=UTC), "fit_seconds": 1.0}
    return row | {"cores": 4, "load": 1.0, "warm_fits": 3} | more


def timed(material: ReportMaterial, *fits: Row, **columns: Any) -> ReportMaterial:
    more = {"hosts": ["here"], "photo_hosts": ["here"], "photo_to_name_ms": 40.0, "fit_first_seconds": 9.25} | columns
    row = compared("knn-1", 1, 0.9, 0.8, 1.0) | more
    return replace(material, comparison=compare(row), fits=table("fits", fits))


def text(*args: Any, **columns: Any) -> str:
    return " ".join(timing_sentences(timed(*args, **columns)))


def test_the_machine_its_cores_and_its_load_are_named(material: ReportMaterial) -> None:
    said = text(material, fit("knn-1", "here"), fit("knn-1", "here", load=2.5))
    assert "here (4 cores, load 1.00 to 2.50 when fits began)" in said
    assert PHOTO_TO_NAME in said
    assert "hosts" not in said
    assert "longer than on an idle machine" not in said


def test_a_busy_machine_is_told(material: ReportMaterial) -> None:
    assert "longer than on an idle machine" in text(material, fit("knn-1", "here", load=4.5))


def test_several_hosts_are_told_and_which_of_them_the_times_are_of(material: ReportMaterial) -> None:
    fits = fit("knn-1", "here"), fit("knn-1", "there")
    assert "2 hosts fitted (here, there); times are of here only" in text(material, *fits)
    assert "No host fitted every configuration" in text(material, *fits, hosts=["here", "there"])


def test_photos_of_another_host_are_told(material: ReportMaterial) -> None:
    assert "The photos were encoded on there" in text(material, fit("knn-1", "here"), photo_hosts=["there"])


def test_a_fit_that_was_too_long_to_be_repeated_is_named(material: ReportMaterial) -> None:
    assert "Not fitted again, since the first fit took more than 10 s of processor time: knn-1." in text(
        material, fit("knn-1", "here", warm_fits=0)
    )


def test_a_run_without_times_says_nothing(material: ReportMaterial) -> None:
    assert timing_sentences(material) == []


def test_the_page_shows_the_first_fit_beside_the_warm_one(material: ReportMaterial) -> None:
    page = render_page(timed(material, fit("knn-1", "<i>here")))
    assert '<td class="n">9.25</td><td class="n">0.500</td>' in page
    assert "First fit, s" in page
    assert "<i>here" not in page
