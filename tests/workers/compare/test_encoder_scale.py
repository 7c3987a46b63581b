"""A distance reads as a likeness from 0 to 100 %, and back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.compare.encoder_scale import EncoderScale

SCALE = EncoderScale(prior=0.56, weight=6, centre=0.56, width=0.03)


def test_the_centre_is_50_per_cent() -> None:
    assert SCALE.likeness(0.56) == 50


@given(st.floats(0.001, 99.999))
def test_there_and_back(likeness: float) -> None:
    assert SCALE.likeness(SCALE.distance(likeness)) == pytest.approx(likeness)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_a_nearer_face_is_never_less_alike(one: float, other: float) -> None:
    near, far = sorted((one, other))
    assert 100 >= SCALE.likeness(near) >= SCALE.likeness(far) >= 0


def test_the_ends_of_the_scale_accept_every_face_and_none() -> None:
    assert (SCALE.distance(0), SCALE.distance(100)) == (math.inf, -math.inf)
    assert (SCALE.likeness(math.inf), SCALE.likeness(-math.inf)) == (0, 100)


@pytest.mark.parametrize("likeness", [-0.1, 100.1, math.nan])
def test_what_is_no_percentage_is_refused(likeness: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        SCALE.distance(likeness)
