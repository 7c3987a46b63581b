"""Pictures of every kind give the engine's measurements; the parameters obey scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from lineup.sklearn_classifier import Classifier
from lineup.sklearn_encoder import Encoder
from storage.engine_settings import EngineSettings
from storage.errors import EngineError, InputError
from workers.faces.engine import load_engine
from workers.faces.photo import Pixels

APPLICABLE = (
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_valid_tag_types,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_set_params,
    estimator_checks.check_mixin_order,
)
"""Of scikit-learn's checks those that give an estimator no table of numbers, which are no pictures."""


@pytest.mark.parametrize("check", APPLICABLE, ids=lambda check: str(check.__name__))
def test_scikit_learns_checks_pass_that_need_no_table(check: Callable[[str, Any], None]) -> None:
    check("Encoder", Encoder())


def test_the_measurements_are_those_of_the_face_engine(picture: Pixels) -> None:
    _, png = cv2.imencode(".png", picture[..., ::-1])
    [result] = load_engine(EngineSettings()).encode_photos([("", png.tobytes())], before=print)
    assert np.array_equal(Encoder().transform([picture])[0], result.faces[0].embedding)


def test_both_encoders_stand_side_by_side(picture: Pixels) -> None:
    both = Encoder("dlib+sface")
    try:
        measured = both.fit_transform([picture])
    except EngineError as error:
        pytest.skip(error.what)
    assert measured.shape == (1, 256)
    assert len(both.get_feature_names_out()) == 256


def test_a_picture_without_a_face_is_an_error_or_a_row_of_nan() -> None:
    blank = np.full((100, 100, 3), 128, np.uint8)
    with pytest.raises(InputError, match=r'the ndarray: no face.*missing="nan"'):
        Encoder().transform([blank])
    assert np.isnan(Encoder(missing="nan").transform([blank])).all()


def test_no_pictures_are_no_rows() -> None:
    assert Encoder().transform([]).shape == (0, 128)


@pytest.mark.parametrize(
    "wrong", [{"encoder": "arcface"}, {"policy": "all"}, {"missing": "drop"}, {"detector": "haar"}, {"mirror": "yes"}]
)
def test_a_wrong_parameter_is_named(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(InputError, match=name):
        Encoder(**wrong).fit()


def test_a_pipeline_names_pictures(picture: Pixels) -> None:
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    darker = (picture * 0.8).astype(np.uint8)
    whole = clone(make_pipeline(Encoder(), Classifier("nearest-centroid")))
    pictures = [picture, darker, mirrored]
    named = whole.fit(pictures, ["ada", "ada", "bruno"]).predict([darker])
    assert named.tolist() == ["ada"]
