"""1:N identification on distances made by hand, and on people who are told apart well, badly, or not at all."""

from __future__ import annotations

import numpy as np
import pytest

from workers.compare.identification_1n import ALARMS, Trial, dir_at, draw_trial, identify_1n


def trial(known: list[float], right: list[bool], unknown: list[float]) -> Trial:
    """Distances by growing order; every probe is of a person of its own."""
    return Trial(
        known=np.array(known),
        right=np.array(right),
        known_person=np.arange(len(known)),
        known_photo=np.arange(len(known)),
        unknown=np.array(unknown),
        unknown_person=np.arange(len(unknown)) + len(known),
    )


BY_HAND = trial([0.1, 0.2, 0.3, 0.4], [True, True, False, True], [0.15, 0.35, 0.5, 0.6, 0.7])


@pytest.mark.parametrize(
    ("far", "expected"),
    [
        (0.0, 1 / 4),  # below 0.15: the probe at 0.1
        (0.2, 2 / 4),  # one stranger may pass, so below 0.35: 0.1 and 0.2; 0.3 is accepted and misnamed
        (0.39, 2 / 4),
        (0.4, 3 / 4),  # two strangers may pass, so below 0.5
        (1.0, 3 / 4),  # rank-1
    ],
)
def test_the_rate_by_hand(far: float, expected: float) -> None:
    assert dir_at([BY_HAND], far).dir.value == expected


def test_the_threshold_lets_in_no_more_strangers_than_it_may() -> None:
    point = dir_at([BY_HAND], 0.2)
    assert point.threshold == 0.35
    assert np.mean(BY_HAND.unknown < point.threshold) <= 0.2
    assert dir_at([BY_HAND], 1.0).threshold is None


def test_strangers_at_one_distance_pass_together_or_not_at_all() -> None:
    tied = trial([0.1, 0.3], [True, True], [0.2, 0.2, 0.9])
    assert dir_at([tied], 1 / 3).dir.value == 0.5
    assert dir_at([tied], 2 / 3).dir.value == 1.0


def test_the_mean_over_the_draws_and_their_deviation() -> None:
    worse = trial([0.1, 0.2, 0.3, 0.4], [False, True, False, False], [0.5])
    point = dir_at([BY_HAND, worse], 1.0)
    assert point.dir.value == pytest.approx((0.75 + 0.25) / 2)
    assert point.deviation == pytest.approx(np.std([0.75, 0.25], ddof=1))
    assert point.dir.low < 0.5 < point.dir.high


def people(seed: int, count: int, photos: int, spread: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(count), photos)
    return rng.normal(size=(count, 8))[person] + spread * rng.normal(size=(len(person), 8)), person


def test_nobody_is_both_enrolled_and_unknown_and_no_gallery_photo_is_a_probe() -> None:
    embeddings, person = people(0, 9, 4, 0.3)
    person = np.append(person, 9)  # one more, with a single photo, who cannot be enrolled
    embeddings = np.vstack([embeddings, np.zeros(8)])
    for photos in (1, 3):
        one = draw_trial(embeddings, person, photos, np.random.default_rng(1))
        assert set(one.known_person) & set(one.unknown_person) == set()
        assert len(set(one.known_person)) == 4
        assert 9 in one.unknown_person
        assert len(one.known) == 4 * (4 - photos)
        assert len(one.unknown) == 5 * 4 + 1
        assert (np.diff(one.known) >= 0).all()
        assert (np.diff(one.unknown) >= 0).all()


def test_each_probe_is_measured_to_its_nearest_gallery_photo() -> None:
    """On a line, two people with two photos each, at 0 and 1, and at 10 and 12; one of them is enrolled."""
    one = draw_trial(np.array([[0.0], [1], [10], [12]]), np.array([0, 0, 1, 1]), 1, np.random.default_rng(0))
    assert one.right.tolist() == [True]
    assert one.known[0] in (1.0, 2.0)
    assert len(one.unknown) == 2


def test_people_far_apart_are_all_found() -> None:
    found = identify_1n(*people(0, 20, 5, 0.01))
    assert found.rank_1.dir.value == 1.0
    assert [point.far for point in found.dir_at_far] == [0.1]
    assert all(point.dir.value == 1.0 and point.dir.low > 0.9 for point in found.dir_at_far)
    assert (found.gallery_people, found.known_probes, found.unknown_probes, found.trials) == (10, 40, 50, 10)


def test_noise_is_named_by_chance() -> None:
    rng = np.random.default_rng(0)
    found = identify_1n(rng.normal(size=(300, 8)), np.repeat(np.arange(30), 10))
    assert found.rank_1.dir.value == pytest.approx(1 / 15, abs=0.05)
    assert found.rank_1.dir.low < 1 / 15 < found.rank_1.dir.high


def test_only_rates_that_the_unknown_probes_carry_are_told() -> None:
    found = identify_1n(*people(1, 8, 4, 0.5))
    assert found.unknown_probes == 16
    assert [point.far for point in found.dir_at_far] == [0.1]
    assert [far for far in ALARMS if far * 16 >= 1] == [0.1]


def test_more_photos_in_the_gallery_name_more() -> None:
    one, three = (identify_1n(*people(2, 40, 6, 0.8), gallery_photos=k).rank_1.dir.value for k in (1, 3))
    assert three > one


def test_the_same_seed_draws_the_same_people() -> None:
    data = people(3, 12, 4, 0.6)
    assert identify_1n(*data, seed=5) == identify_1n(*data, seed=5)
    assert identify_1n(*data, seed=5) != identify_1n(*data, seed=6)


def test_the_curve_grows_to_rank_1() -> None:
    found = identify_1n(*people(4, 20, 5, 0.7))
    fars, rates = zip(*found.curve, strict=True)
    assert list(fars) == sorted(fars)
    assert list(rates) == sorted(rates)
    assert (fars[-1], rates[-1]) == (1.0, found.rank_1.dir.value)


def test_the_interval_holds_the_mean_over_new_people() -> None:
    found = [identify_1n(*people(seed, 20, 5, 0.8), seed=seed, fars=(0.1,)).dir_at_far[0].dir for seed in range(30)]
    truth = np.mean([each.value for each in found])
    assert sum(each.low <= truth <= each.high for each in found) >= 26


def test_one_person_with_photos_to_spare_is_not_enough() -> None:
    with pytest.raises(ValueError, match="more than 2 photos each"):
        identify_1n(np.zeros((5, 2)), np.array([0, 0, 0, 1, 1]), gallery_photos=2)
