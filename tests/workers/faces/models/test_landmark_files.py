"""dlib's shape predictors are read to the last byte, or are an error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from storage.errors import EngineError
from workers.faces.models.landmark_files import LEVELS, TREES, landmark_record, landmark_trees
from workers.faces.models.model_files import model_path


def test_five_points_have_their_trees() -> None:
    (record,) = np.frombuffer(landmark_trees(model_path("landmarks-5"), 5), landmark_record(5))
    assert record["leaves"].shape == (LEVELS, TREES * 16, 10)
    assert 0 < record["initial"].min() < record["initial"].max() < 1
    assert record["anchors"].max() < 5
    assert record["first"].max() < 800 > record["second"].max()


@pytest.mark.parametrize("damage", ["cut", "cut within a number", "longer", "other", "turned"])
def test_a_damaged_file_is_an_engine_error(damage: str, tmp_path: Path) -> None:
    whole = model_path("landmarks-5").read_bytes()
    damaged = {
        "cut": whole[: len(whole) // 2],
        "cut within a number": whole[:-1],
        "longer": whole + b"\0",
        "other": b"not a predictor at all" * 50,
        "turned": whole[:2] + whole[3:],
    }[damage]
    path = tmp_path / "five.dat"
    path.write_bytes(damaged)
    with pytest.raises(EngineError, match=r"five\.dat is not the predictor of 5 points it should be"):
        landmark_trees(path, 5)


def test_the_predictor_of_other_points_is_an_engine_error() -> None:
    with pytest.raises(EngineError, match="not the predictor of 68 points"):
        landmark_trees(model_path("landmarks-5"), 68)
