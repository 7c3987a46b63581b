"""What the report draws from the scores is what `workers.compare` computes, and it is drawn inside its square."""

from __future__ import annotations

import re
from dataclasses import replace

import pyarrow as pa
import pytest

from orchestrator.report.curve_charts import MOST_POINTS, open_set_curves, reliability_curves
from orchestrator.report.evidence import Evidence, evidence_of
from orchestrator.report.material import ReportMaterial
from orchestrator.report.method import protocol, strangers
from orchestrator.report.page import render_page
from orchestrator.report.people import near_duplicates, recalls
from orchestrator.report.terminal import comparison_rows
from orchestrator.report.words import answer, verdict
from tests.workers.compare.conftest import STRANGERS, Study, make_study
from workers.compare.comparison import Comparison, compare_run
from workers.compare.figure_tables import OPEN_SET
from workers.compare.paired import Pair


@pytest.fixture(scope="module")
def study() -> Study:
    return make_study({"good": 0.9, "fair": 0.6, "blind": 0.0})


@pytest.fixture(scope="module")
def comparison(study: Study) -> Comparison:
    return compare_run(study.scores, study.fits, study.splits)


@pytest.fixture(scope="module")
def evidence(study: Study, comparison: Comparison) -> Evidence:
    return evidence_of(study.scores, comparison_rows(comparison.table))


@pytest.fixture(scope="module")
def opened(material: ReportMaterial, study: Study, comparison: Comparison) -> ReportMaterial:
    """The hostile run's photos with the study's results."""
    results = {"scores": study.scores, "fits": study.fits, "splits": study.splits}
    return replace(material, comparison=comparison.table, pairs=comparison.pairs, **results)


def points(text: str) -> list[tuple[float, float]]:
    pairs = (point.split(",") for point in text.split())
    return [(float(x), float(y)) for x, y in pairs]


def test_strangers_are_counted_as_the_comparison_counts_them(evidence: Evidence, comparison: Comparison) -> None:
    for row in comparison_rows(comparison.table):
        found = evidence.strangers[row["configuration"]]
        assert (found.dir, found.far) == pytest.approx((row["dir_at_far"], row["far"]))
    assert evidence.calibrating == (1, STRANGERS["calibrate"][1])
    assert evidence.testing == (1, STRANGERS["unknown"][1])


def test_a_configuration_that_failed_gives_no_evidence(study: Study, comparison: Comparison) -> None:
    rows = [{**row, "outcome": "failed"} for row in comparison_rows(comparison.table)]
    nothing = evidence_of(study.scores, rows)
    assert (nothing.strangers, nothing.spread, nothing.choice) == ({}, {}, None)
    assert nothing.curves.people.num_rows == 0


def test_an_open_set_curve_runs_from_one_stranger_to_all_and_ends_at_the_accuracy(
    evidence: Evidence, comparison: Comparison
) -> None:
    squares = open_set_curves(evidence.curves.open_set, ["good", "fair", "blind"])
    assert [square.title for square in squares] == ["good", "fair", "blind"]
    for square, row in zip(squares, comparison_rows(comparison.table), strict=True):
        assert "10.0 % of the strangers" in square.note
        named, turned_away = (points(line.points) for line in square.lines)
        assert [x for x, _ in named] == sorted(x for x, _ in named)
        assert (named[0][0], named[-1][0]) == (0.0, 100.0)
        assert named[-1][1] == pytest.approx(100 - 100 * row["accuracy"], abs=0.01)
        assert turned_away[-1] == (100.0, 100.0)
        assert all(0 <= y <= 100 for _, y in named + turned_away)


def test_very_many_strangers_are_thinned_and_one_alone_is_drawn() -> None:
    def table(count: int) -> pa.Table:
        rows = [{"configuration": "a", "far": k / count, "dir": k / count, "miss": 0.0} for k in range(1, count + 1)]
        return OPEN_SET.empty_table().from_pylist(rows, schema=OPEN_SET)

    (square,) = open_set_curves(table(50_000), ["a"])
    drawn = points(square.lines[0].points)
    assert MOST_POINTS / 2 < len(drawn) <= MOST_POINTS
    assert (drawn[0][0], drawn[-1]) == (0.0, (100.0, 0.0))
    (square,) = open_set_curves(table(1), ["a"])
    assert square.lines[0].points == "100.00,0.00"


def test_a_reliability_mark_lies_at_its_confidence_and_accuracy(evidence: Evidence) -> None:
    (square,) = reliability_curves(evidence.curves.reliability, {"fair": 0.25})
    rows = [row for row in evidence.curves.reliability.to_pylist() if row["configuration"] == "fair"]
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
    assert "nothing below 10.0 % can be claimed" in page
    assert not re.search(r"\bnan\b", page, re.IGNORECASE)


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

    results = [hostile(table) for table in (opened.scores, opened.fits, opened.splits)]
    compared = compare_run(*results)
    keys = material.catalog["photo_key"].to_pylist()
    findings = {
        "excluded": [[evil, 2]],
        "faceless": ["<b>nobody</b>"],
        "near": {
            "by_hash": 1, "by_embedding": 0, "by_both": 0, "grouped": True,
            "examples": [[keys[0], "<i>gone</i>", "<u>hash</u>"]],
        },
    }  # fmt: skip
    page = render_page(
        replace(
            opened, scores=results[0], fits=results[1], splits=results[2], comparison=compared.table,
            pairs=compared.pairs, findings=findings,
        )
    )  # fmt: skip
    for tag in ("<script", "<img src=x", "<b>nobody", "<i>", "<u>"):
        assert tag not in page
    assert "&lt;img src=x&gt;" in page
    assert "&lt;b&gt;nobody" in page


def test_the_winner_is_said_to_be_chosen_by_the_faces_that_score_it(opened: ReportMaterial, evidence: Evidence) -> None:
    assert evidence.choice
    text = " ".join(answer(opened, evidence.choice))
    assert "chosen and scored on the same test faces, which tends to flatter it" in text
    assert f"the best is worth {100 * evidence.choice.accuracy:.1f} %" in text
    assert f"good comes first in {100 * evidence.choice.wins['good']:.0f} of 100 redraws" in text


def test_a_lone_configuration_was_not_chosen(opened: ReportMaterial, comparison: Comparison) -> None:
    alone = comparison.table.slice(0, 1)
    assert "flatter" not in " ".join(answer(replace(opened, comparison=alone, pairs=())))


def test_the_paired_test_has_the_word_over_the_intervals(opened: ReportMaterial) -> None:
    sure = tuple(replace(pair, p_value=0.01, rope=0.0) for pair in opened.pairs)
    text = " ".join(answer(replace(opened, pairs=sure)))
    assert "It is better than fair and blind beyond chance (McNemar" in text
    assert "interval lies" not in text
    even = tuple(replace(pair, p_value=1.0, rope=0.5) for pair in opened.pairs)
    text = " ".join(answer(replace(opened, pairs=even)))
    assert "Against fair and blind this run settles nothing" in text
    assert "better than" not in text


@pytest.mark.parametrize(
    ("p_value", "rope", "word"),
    [
        (0.001, 0.0, "different"),
        (0.5, 0.99, "practically the same"),
        (0.5, 0.5, "not settled"),
        (0.001, 0.99, "different, by less than matters"),
    ],
)
def test_a_verdict_is_what_the_numbers_carry(p_value: float, rope: float, word: str) -> None:
    assert verdict(Pair("a", "b", 0.0, -0.1, 0.1, 1, 1, p_value, rope)) == word


def test_a_closed_run_says_nothing_of_strangers(evidence: Evidence) -> None:
    assert strangers(replace(evidence, strangers={})) == []
    assert any("not a sample" in line for line in strangers(evidence))
    crowd = replace(evidence, calibrating=(50, 600), testing=(50, 600))
    assert not any("not a sample" in line for line in strangers(crowd))


def test_of_very_many_people_the_worst_recalls_are_shown(evidence: Evidence) -> None:
    found = recalls(evidence.curves.people)
    assert [row["label"] for row in found["fair"]] == ["ann", "bob", "cid"]
    many = [
        {"configuration": "a", "label": f"p{i:03}", "faces": 10, "recall": i / 100, "low": 0.0, "high": 1.0}
        for i in range(100)
    ]
    table = evidence.curves.people.from_pylist(many, schema=evidence.curves.people.schema)
    assert [row["label"] for row in recalls(table)["a"]] == [f"p{i:03}" for i in range(25)]


def test_near_duplicates_are_told_by_path_and_by_measure(material: ReportMaterial) -> None:
    keys = material.catalog["photo_key"].to_pylist()
    paths = material.catalog["path"].to_pylist()
    near = {"by_hash": 2, "by_embedding": 1, "by_both": 1, "grouped": False, "examples": [[keys[0], keys[1], "both"]]}
    assert near_duplicates(material.catalog, {"near": near}) == [(paths[0], paths[1], "both")]
    text = " ".join(protocol(replace(material, findings={"near": near})))
    assert "2 pairs by the pictures' hashes, 1 by the faces' measurements, 1 by both" in text
    assert "some may lie on both sides" in text
    grouped = " ".join(protocol(replace(material, findings={"near": {**near, "grouped": True}})))
    assert "near-duplicates, share a group" in grouped


def test_who_takes_no_part_is_named_with_the_reason(material: ReportMaterial) -> None:
    findings = {"excluded": [["bob", 3]], "faceless": ["eve"], "conflicting": ["k1", "k2"]}
    text = " ".join(protocol(replace(material, findings=findings)))
    assert "Too few different photos with a face, so no part in anything: bob (3)." in text
    assert "No face in any photo, so no part in anything: eve." in text
    assert "2 pictures under several people's names took no part." in text
