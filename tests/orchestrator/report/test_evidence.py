"""The report shows the figures that the comparison stored, and draws them inside their squares."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from orchestrator.report.curve_charts import MOST_POINTS, open_set_curves, reliability_curves
from orchestrator.report.evidence import Evidence, evidence_of
from orchestrator.report.material import ReportMaterial, no_findings
from orchestrator.report.method import open_set_sentences, protocol
from orchestrator.report.page import render_page
from orchestrator.report.people import NEAR_DUPLICATES_LISTED, listed_near_duplicates, worst_recalls
from orchestrator.report.terminal import comparison_rows
from orchestrator.report.words import answer, verdict
from storage.finding_schemas import OPEN_SET_CURVE, PEOPLE, SPLIT_TABLES
from storage.schemas import FITS
from tests.orchestrator.report.conftest import without_scripts
from tests.workers.compare.conftest import STRANGERS, Study, make_study
from workers.compare.comparison import Comparison, compare_configurations
from workers.compare.paired import Pair


@pytest.fixture(scope="module")
def study() -> Study:
    return make_study({"good": 0.9, "fair": 0.6, "blind": 0.0})


@pytest.fixture(scope="module")
def comparison(study: Study) -> Comparison:
    return study.compared()


@pytest.fixture(scope="module")
def evidence(comparison: Comparison) -> Evidence:
    return evidence_of(comparison.tables(), ["good", "fair", "blind"])


def findings_of(comparison: Comparison, **rows: list[dict[str, object]]) -> dict[str, pa.Table]:
    """The tables of a comparison beside tables of splits with these rows."""
    named = {name: pa.Table.from_pylist(found, schema=SPLIT_TABLES[name]) for name, found in rows.items()}
    return {**no_findings(), **comparison.tables(), **named}


def near(first: str, second: str, by_hash: bool, by_embedding: bool) -> dict[str, object]:
    """A row of NEAR_DUPLICATES."""
    faces = {"first": first, "first_face": 0, "second": second, "second_face": 0}
    return {**faces, "by_hash": by_hash, "by_embedding": by_embedding}


@pytest.fixture(scope="module")
def opened(material: ReportMaterial, study: Study, comparison: Comparison) -> ReportMaterial:
    """The hostile run's photos with the study's results."""
    results = {"scores": study.scores, "fits": study.fits, "splits": study.splits}
    findings = findings_of(comparison)
    return replace(material, comparison=comparison.table, pairs=comparison.pairs, findings=findings, **results)


def points(text: str) -> list[tuple[float, float]]:
    pairs = (point.split(",") for point in text.split())
    return [(float(x), float(y)) for x, y in pairs]


def test_the_open_set_figures_are_those_of_the_comparison(evidence: Evidence, comparison: Comparison) -> None:
    for row in comparison_rows(comparison.table):
        found = evidence.open_set[row["configuration"]]
        assert (found["dir"], found["far"]) == (row["dir_at_far"], row["far"])
        assert (found["far_low"], found["far_high"]) == (row["far_low"], row["far_high"])
        assert (found["calibrate_people"], found["calibrate_faces"]) == (1, STRANGERS["calibrate"][1])
        assert (found["unknown_people"], found["unknown_faces"]) == (1, STRANGERS["unknown"][1])


def test_a_run_in_which_every_configuration_failed_has_no_evidence(study: Study) -> None:
    failed = [{**row, "outcome": "failed", "reason": "no"} for row in study.fits.to_pylist()]
    fits = pa.Table.from_pylist(failed, schema=FITS)
    compared = compare_configurations(study.scores, fits, study.splits, {})
    nothing = evidence_of(compared.tables(), [])
    assert (nothing.open_set, nothing.spread, nothing.choice) == ({}, {}, None)
    assert compared.figures["people"].num_rows == 0


def test_an_open_set_curve_runs_from_one_stranger_to_all_and_ends_at_the_accuracy(
    comparison: Comparison,
) -> None:
    squares = open_set_curves(comparison.figures["open_set_curve"], ["good", "fair", "blind"])
    assert [square.title for square in squares] == ["good", "fair", "blind"]
    for square, row in zip(squares, comparison_rows(comparison.table), strict=True):
        assert square.note.endswith("10.0 %")
        named, turned_away = (points(line.points) for line in square.lines)
        assert [x for x, _ in named] == sorted(x for x, _ in named)
        assert (named[0][0], named[-1][0]) == (0.0, 100.0)
        assert named[-1][1] == pytest.approx(100 - 100 * row["accuracy"], abs=0.01)
        assert turned_away[-1] == (100.0, 100.0)
        assert all(0 <= y <= 100 for _, y in named + turned_away)


def test_very_many_strangers_are_thinned_and_one_alone_is_drawn() -> None:
    def table(count: int) -> pa.Table:
        rows = [{"configuration": "a", "far": k / count, "dir": k / count, "miss": 0.0} for k in range(1, count + 1)]
        return pa.Table.from_pylist(rows, schema=OPEN_SET_CURVE)

    (square,) = open_set_curves(table(50_000), ["a"])
    drawn = points(square.lines[0].points)
    assert MOST_POINTS / 2 < len(drawn) <= MOST_POINTS
    assert (drawn[0][0], drawn[-1]) == (0.0, (100.0, 0.0))
    (square,) = open_set_curves(table(1), ["a"])
    assert square.lines[0].points == "100.00,0.00"


def test_a_reliability_mark_lies_at_its_confidence_and_accuracy(comparison: Comparison) -> None:
    (square,) = reliability_curves(comparison.figures["reliability"], {"fair": 0.25})
    rows = [row for row in comparison.figures["reliability"].to_pylist() if row["configuration"] == "fair"]
    assert [(dot.x, 100 - dot.y) for dot in square.dots] == [
        pytest.approx((100 * row["confidence"], 100 * row["accuracy"])) for row in rows
    ]
    largest = max(zip(rows, square.dots, strict=True), key=lambda both: both[1].size)[0]
    assert largest["faces"] == max(row["faces"] for row in rows)
    assert square.note == "calibration error 25.0 %"


def test_the_page_of_an_open_run_draws_every_curve_and_names_the_strangers_numbers(opened: ReportMaterial) -> None:
    page = render_page(opened)
    assert page.count('class="curves squares"') == 2
    for name in ("good", "fair", "blind"):
        assert page.count(f"<figcaption>{name}</figcaption>") == 2
    assert "12 faces of one person" in page
    assert "A rate of 0 % does not mean never" in page
    assert not re.search(r"\bnan\b", without_scripts(page), re.IGNORECASE)


def test_hostile_names_stay_text_in_every_new_section(opened: ReportMaterial, material: ReportMaterial) -> None:
    evil = "<script>alert(1)</script>"
    rename = {"ann": evil, "good": "<img src=x>"}

    def hostile(table: pa.Table) -> pa.Table:
        rows = table.to_pylist()
        for row in rows:
            for key in ("truth", "predicted", "label", "configuration"):
                row[key] = rename.get(row.get(key), row.get(key))
            if "top_labels" in row:
                row["top_labels"] = [rename.get(name, name) for name in row["top_labels"]]
        columns = table.schema.names
        return table.from_pylist([{key: row[key] for key in columns} for row in rows], schema=table.schema)

    results = hostile(opened.scores), hostile(opened.fits), hostile(opened.splits)
    compared = compare_configurations(*results, {})
    keys = material.catalog["photo_key"].to_pylist()
    findings = findings_of(
        compared,
        left_out=[
            {"reason": "too_few_photos", "label": evil, "groups": 2},
            {"reason": "no_face", "label": "<b>nobody</b>", "groups": 0},
        ],
        near_duplicates=[near(keys[0], "<i>gone</i>", True, False)],
        encoder_overlap=[{"encoder": "<u>own</u>", "run": "<u>run</u>", "people": 3, "named": 1, "photos": 1}],
    )
    page = render_page(
        replace(
            opened, scores=results[0], fits=results[1], splits=results[2], comparison=compared.table,
            pairs=compared.pairs, findings=findings,
        )
    )  # fmt: skip
    for tag in ("<script", "<img src=x", "<b>nobody", "<i>", "<u>"):
        assert tag not in without_scripts(page)
    assert "&lt;img src=x&gt;" in page
    assert "&lt;b&gt;nobody" in page


def test_the_winner_is_said_to_be_chosen_by_the_faces_that_score_it(opened: ReportMaterial, evidence: Evidence) -> None:
    assert evidence.choice
    text = " ".join(answer(opened, evidence.choice))
    assert "chosen and scored on the same test faces, so its accuracy is biased upwards" in text
    assert f"Expect {100 * evidence.choice.accuracy:.1f} % on new photos like these" in text
    assert f"good is the best in {100 * evidence.choice.wins['good']:.0f} of 100 redraws" in text


def test_a_lone_configuration_was_not_chosen(opened: ReportMaterial, comparison: Comparison) -> None:
    alone = comparison.table.slice(0, 1)
    assert "biased" not in " ".join(answer(replace(opened, comparison=alone, pairs=())))


def test_the_answer_says_than_whom_it_is_better_and_what_proves_it(opened: ReportMaterial) -> None:
    def asked(**changes: Any) -> str:
        pairs = tuple(replace(pair, p_same=0.0, p_second_better=0.0, **changes) for pair in opened.pairs)
        return " ".join(answer(replace(opened, pairs=pairs)))

    text = asked(p_first_better=0.99, p_maxt=0.01)
    assert (
        "better by more than one point, with 95 % probability, than fair and blind. Corrected for having chosen" in text
    )
    assert "significantly better than all of them" in text
    assert "significantly better than none of them" in asked(p_first_better=0.99, p_maxt=0.2)
    text = asked(p_first_better=0.5, p_maxt=None)
    assert "not enough faces to tell it apart from fair and blind" in text
    assert "better by more" not in text


@pytest.mark.parametrize(
    ("probabilities", "word"),
    [((0.96, 0.03, 0.01), "a better"), ((0.01, 0.97, 0.02), "practically the same"), ((0.4, 0.5, 0.1), "undecided"),
     ((0.0, 0.01, 0.99), "b better")],
)  # fmt: skip
def test_a_verdict_is_one_of_three_answers_or_none(probabilities: tuple[float, float, float], word: str) -> None:
    assert verdict(Pair("a", "b", 0.0, -0.1, 0.1, 1, 1, *probabilities)) == word


def test_a_closed_run_says_nothing_of_the_open_set(evidence: Evidence) -> None:
    assert open_set_sentences(replace(evidence, open_set={})) == []
    assert any("not a sample" in line for line in open_set_sentences(evidence))
    many = dict.fromkeys(("calibrate_people", "unknown_people"), 50)
    crowd = {name: {**row, **many} for name, row in evidence.open_set.items()}
    assert not any("not a sample" in line for line in open_set_sentences(replace(evidence, open_set=crowd)))


def test_of_very_many_people_the_worst_recalls_are_shown(comparison: Comparison) -> None:
    found = worst_recalls(comparison.figures["people"])
    assert [row["recall"] for row in found["fair"]] == sorted(row["recall"] for row in found["fair"])
    many = [
        {"configuration": "a", "label": f"p{i:03}", "faces": 10, "recall": i / 100, "low": 0.0, "high": 1.0}
        for i in range(100)
    ]
    table = pa.Table.from_pylist(many, schema=PEOPLE)
    assert [row["label"] for row in worst_recalls(table)["a"]] == [f"p{i:03}" for i in range(25)]


def test_near_duplicates_are_told_by_path_and_by_measure(material: ReportMaterial, comparison: Comparison) -> None:
    keys = material.catalog["photo_key"].to_pylist()
    paths = material.catalog["path"].to_pylist()
    rows = [near(keys[0], keys[1], True, True), near(keys[1], keys[2], True, False)]
    findings = findings_of(comparison, near_duplicates=rows)
    listed = listed_near_duplicates(material.catalog, findings["near_duplicates"])
    assert listed == [(paths[0], paths[1], "both"), (paths[1], paths[2], "hash")]
    text = " ".join(protocol(replace(material, findings=findings)))
    assert "2 pairs by the pictures' hashes, 1 by the faces' embeddings, 1 by both" in text
    assert "some may lie on both sides" in text
    grouped = " ".join(protocol(replace(material, findings=findings, near_grouped=True)))
    assert "near-duplicates, share a group" in grouped
    film = findings_of(comparison, near_duplicates=rows * NEAR_DUPLICATES_LISTED)["near_duplicates"]
    assert len(listed_near_duplicates(material.catalog, film)) == NEAR_DUPLICATES_LISTED


def test_who_takes_no_part_is_named_with_the_reason(material: ReportMaterial, comparison: Comparison) -> None:
    rows: list[dict[str, object]] = [
        {"reason": "too_few_photos", "label": "bob", "groups": 3},
        {"reason": "no_face", "label": "eve", "groups": 0},
        {"reason": "several_names", "photo_key": "k1"},
        {"reason": "several_names", "photo_key": "k2"},
    ]
    text = " ".join(protocol(replace(material, findings=findings_of(comparison, left_out=rows))))
    assert "Left out, since they have too few different photos with a face: bob (3)." in text
    assert "Left out, since no photo of them has a face: eve." in text
    assert "Left out: 2 pictures under several people's names." in text
