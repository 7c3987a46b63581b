"""Which configuration to use, rule by rule, on tables made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from workers.compare.recommendation import REASONS, Recommendation, recommend, shared_ranks

Row = dict[str, Any]


def row(name: str, hits: int = 60, **more: Any) -> Row:
    common = {"outcome": "ok", "reason": "", "view": "embedding", "practically_equal_to": []}
    return {"configuration": name, "hits": hits, **common, "photo_to_name_ms": 4.0, "model_bytes": 1000, **more}


def point(name: str, named: float = 0.98, away: float = 0.01, strangers: float = 0.02) -> Row:
    return {
        "configuration": name, "known_named": named, "known_faces": 200, "turned_away": away,
        "strangers_in": strangers, "stranger_faces": 200,
    }  # fmt: skip


def test_the_most_test_faces_win_though_another_is_faster() -> None:
    found = recommend([row("slow", 61, photo_to_name_ms=9.0), row("fast", 60)], [point("slow"), point("fast")])
    assert (found.configuration, found.decided_by, found.tied) == ("slow", "accuracy", ())


def test_of_ties_the_one_that_lets_in_and_names_the_most_known_faces() -> None:
    found = recommend([row("a"), row("b"), row("c", 59)], [point("a", 0.97), point("b", 0.98), point("c", 1.0)])
    assert (found.configuration, found.decided_by) == ("b", "known_named")
    assert (found.tied, found.same, found.excluded) == (("a",), (), ())


def test_what_is_practically_the_same_as_the_best_competes_with_it() -> None:
    rows = [row("best", 300, practically_equal_to=["near"]), row("near", 299, practically_equal_to=["best"])]
    found = recommend(rows, [point("best", 0.95), point("near", 0.99)])
    assert (found.configuration, found.same, found.tied) == ("near", ("best",), ())


def test_float_noise_in_a_share_of_faces_decides_nothing() -> None:
    found = recommend([row("a", photo_to_name_ms=5.0), row("b")], [point("a", 0.98), point("b", 0.98 - 1e-12)])
    assert (found.configuration, found.decided_by) == ("b", "photo_to_name_ms")


def test_then_the_one_that_lets_in_the_fewest_strangers_though_another_is_faster() -> None:
    rows = [row("a", photo_to_name_ms=2.0), row("b"), row("unknown", photo_to_name_ms=1.0)]
    points = [point("a", strangers=0.03), point("b"), {**point("unknown"), "strangers_in": None}]
    found = recommend(rows, points)
    assert (found.configuration, found.decided_by) == ("b", "strangers_in")


def test_then_time_then_size_then_name() -> None:
    points = [point("a"), point("b"), point("c")]
    rows = [row("a", photo_to_name_ms=8.0), row("b", photo_to_name_ms=4.1, model_bytes=10), row("c")]
    assert recommend(rows, points).decided_by == "model_bytes"
    assert recommend(rows, points).configuration == "b"  # 4.1 ms is not slower than 4.0
    rows = [row("a", photo_to_name_ms=8.0), row("b"), row("c")]
    assert (recommend(rows, points).configuration, recommend(rows, points).decided_by) == ("b", "name")


def test_times_that_are_not_all_known_decide_nothing() -> None:
    rows = [row("a", photo_to_name_ms=None), row("b", model_bytes=10)]
    assert recommend(rows, []).decided_by == "model_bytes"


@pytest.mark.parametrize(
    ("bad", "point_of_bad", "why"),
    [
        (row("bad", 61), point("bad", away=0.34), "it turns away 34.0 % of its own people's faces, more than 10 %"),
        (row("bad", 61, view="none"), point("bad"), "it looks at no face"),
        (row("bad", 0, outcome="failed", reason="no memory"), point("bad"), "it could not be fitted: no memory"),
    ],
)
def test_what_is_never_recommended_says_why(bad: Row, point_of_bad: Row, why: str) -> None:
    found = recommend([bad, row("good", 50)], [point_of_bad, point("good")])
    assert (found.configuration, found.decided_by, found.excluded) == ("good", "alone", (("bad", why),))
    assert recommend([bad], [point_of_bad]) == Recommendation(None, excluded=(("bad", why),))


def test_strangers_who_are_let_in_exclude_nobody() -> None:
    """The report warns of them; a folder of family photos may have no stranger."""
    assert recommend([row("a")], [point("a", strangers=0.7)]).configuration == "a"


def test_a_tenth_turned_away_is_still_allowed() -> None:
    assert recommend([row("a")], [point("a", away=0.1)]).configuration == "a"


def test_a_baseline_only_where_nothing_else_can_be() -> None:
    rows = [row("nearest-centroid", 61), row("lda", 60)]
    found = recommend(rows, [point("lda")], baselines={"nearest-centroid"})
    assert (found.configuration, found.excluded) == ("lda", (("nearest-centroid", "it is a baseline"),))
    found = recommend(rows, [point("lda", away=0.5)], baselines={"nearest-centroid"})
    assert found.configuration == "nearest-centroid"


def test_nothing_to_choose_from_is_no_recommendation() -> None:
    assert recommend([], []) == Recommendation(None)


def test_equal_counts_share_a_rank_and_failures_the_last() -> None:
    rows = [row("a", 61), row("b", 60), row("c", 61), row("d", 60), row("e", 0, outcome="failed"), row("f", 0)]
    assert shared_ranks(rows) == [1, 3, 1, 3, 6, 5]


def test_every_reason_has_words() -> None:
    steps = {"accuracy", "known_named", "strangers_in", "photo_to_name_ms", "model_bytes", "name", "alone"}
    assert set(REASONS) == steps
