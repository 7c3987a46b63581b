"""What to use, in sentences."""

from __future__ import annotations

import json

import pytest

from orchestrator.report.recommended import answer_first, recommendation_as_json
from storage.finding_schemas import OPERATING_POINTS
from tests.orchestrator.report.conftest import Row, compare, compared, operating_point, operating_points_of


def tied(name: str, **more: object) -> Row:
    return compared(name, 1, 1.0, 0.94, 1.0, **{"test_faces": 61, "hits": 61, "answers": 61, **more})


SVM = tied("svm-linear", photo_to_name_ms=4.4, decided_by="known_named")
OTHERS = [tied(f"m{i}", recommended=False) for i in range(8)]
POINTS = operating_points_of(operating_point("svm-linear"))


def test_the_first_sentence_is_the_whole_answer() -> None:
    assert answer_first(compare(SVM, *OTHERS), POINTS)[0] == (
        "Use svm-linear: nine methods name all 61 test faces; at its threshold it turns away 2 of 208 known faces and "
        "lets in 1 of 51 strangers' faces; 4.40 ms from photo to name."
    )


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"hits": 60}, "it names 60 of 61 test faces"),
        ({"hits": 183, "answers": 183}, "it names all 61 test faces, each asked 3 times"),
        ({"hits": 182, "answers": 183, "accuracy": 182 / 183}, "it names 99.5 % of 61 test faces, each asked 3 times"),
        ({"hits": 92, "answers": 92}, "it names all 61 test faces, each asked 1.5 times on average"),
    ],
)
def test_a_count_is_said_as_it_was_counted(counts: Row, words: str) -> None:
    assert words in answer_first(compare({**SVM, **counts}), POINTS)[0]


def test_who_is_tied_who_is_not_recommended_and_why() -> None:
    out = compared("lda", 9, 0.99, 0.9, 1.0, excluded_because="it turns away 34.0 % of its own", hits=60)
    failed = compared("cnn", 10, None, None, None, outcome="failed", reason="no memory", hits=0)
    failed["excluded_because"] = "it could not be fitted: no memory"
    text = "\n".join(answer_first(compare(SVM, OTHERS[0], out, failed), POINTS))
    assert "As many test faces are named by m0. What decided: of the best, it accepts and rightly names" in text
    assert "Not recommended: lda (it turns away 34.0 % of its own)." in text
    assert "Could not be fitted and is not compared: cnn." in text
    assert "The person most often turned away is ada: 2 of 22 faces." in text


def test_more_hits_of_what_is_not_recommended_are_not_hidden() -> None:
    best = compared("best", 1, 1.0, 0.9, 1.0, recommended=False, excluded_because="it is a baseline", hits=120)
    second = compared("second", 2, 0.9, 0.8, 1.0, recommended=True)
    lines = answer_first(compare(best, second), POINTS)
    assert "More test faces are named by best. Why not recommended: see below." in lines
    assert "Not recommended: best (it is a baseline)." in lines


def test_an_excluded_tie_was_not_decided_by_hits() -> None:
    level = tied("threshold-1nn", recommended=False, excluded_because="it is a baseline")
    lines = answer_first(compare({**SVM, "decided_by": "accuracy"}, level), POINTS)
    assert "As many test faces are named by threshold-1nn. Why not recommended: see below." in lines


def test_more_hits_of_what_could_have_been_recommended_have_the_reason_too() -> None:
    slow = compared("slow", 1, 1.0, 0.9, 1.0, recommended=False, hits=120)
    fast = compared("fast", 2, 0.99, 0.8, 1.0, recommended=True, decided_by="photo_to_name_ms")
    text = "\n".join(answer_first(compare(slow, fast), POINTS))
    assert "More test faces are named by slow. What decided: of the best, it is the fastest from photo to name." in text
    assert "see below" not in text


def test_where_nothing_can_be_recommended_it_says_why() -> None:
    rows = [{**SVM, "recommended": False, "excluded_because": "it turns away 34.0 % of its own"}]
    assert answer_first(compare(*rows), POINTS)[0] == (
        "No configuration can be recommended (svm-linear: it turns away 34.0 % of its own)."
    )


def test_without_operating_points_nothing_is_said_of_a_threshold() -> None:
    text = "\n".join(answer_first(compare(SVM), OPERATING_POINTS.empty_table())[2:])
    assert "threshold" not in text


def test_a_mean_over_repeats_is_a_share_and_many_strangers_are_warned_of() -> None:
    point = operating_point("svm-linear", turned_away=1.3 / 202, known_faces=202, strangers_in=0.7, stranger_faces=50)
    text = "\n".join(answer_first(compare(SVM), operating_points_of(point)))
    assert "turns away 0.6 % of 202 known faces and lets in 35 of 50 strangers' faces" in text
    assert "Warning: it gives a known person's name to 70.0 % of the strangers' faces." in text
    assert "Warning" not in "\n".join(answer_first(compare(SVM), POINTS))


def test_json_has_the_same_as_data() -> None:
    told = json.loads(json.dumps(recommendation_as_json(compare(SVM, *OTHERS), POINTS), allow_nan=False))
    assert (told["configuration"], told["decided_by"]) == ("svm-linear", "known_named")
    assert told["tied"] == [f"m{i}" for i in range(8)]
    assert told["operating_point"]["known_faces"] == 208
    assert told["sentence"].startswith("Use svm-linear: nine methods")
    assert recommendation_as_json(compare(), OPERATING_POINTS.empty_table())["configuration"] is None
