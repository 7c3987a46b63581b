"""A photo that is read a second time, at full size: what becomes of it where that fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from storage.engine_settings import EngineSettings, Limits
from tests.workers.faces.conftest import as_bytes
from workers.faces.decode.full_size import FULL_SIDE, read_full_size
from workers.faces.decode.guarded_reader import GuardedReader
from workers.faces.embed.onnx_encoder import OnnxFaceEncoder
from workers.faces.engine import load_engine
from workers.faces.photo import Photo, Pixels
from workers.faces.records import PhotoResult
from workers.faces.refusal import Refusal

ENGINE = EngineSettings()


class FullSizeEncoder:
    """Asks for the photo at full size, as an encoder of small faces does."""

    def chips_in_photo(self, _: Photo, places: Sequence[Any], full: Callable[[], Photo]) -> list[Pixels]:
        return [full().rgb[:1, :1] for _ in places]

    def embed(self, chips: Sequence[Pixels], mirror: bool, jitter: int) -> Pixels:
        return np.zeros((len(chips), 1 + mirror + jitter), np.uint8)


def refuse_full_size(monkeypatch: pytest.MonkeyPatch, outcome: str) -> None:
    whole = GuardedReader.image

    def image(self: GuardedReader, data: bytes, limits: Limits) -> Photo | Refusal:
        return Refusal(outcome, "this time") if limits.working_side == FULL_SIDE else whole(self, data, limits)

    monkeypatch.setattr(GuardedReader, "image", image)


def encoded(rgb: Pixels, side: int) -> PhotoResult:
    data = as_bytes(np.asarray(Image.fromarray(rgb).resize((side, side))), "JPEG")
    others = {"small": cast(OnnxFaceEncoder, FullSizeEncoder())}
    return load_engine(ENGINE).encode_photos([("key", data)], lambda _: None, others)[0]


@pytest.mark.parametrize(("outcome", "said"), [("timed_out", "timed_out"), ("poisoned", "poisoned"), ("too_large", "")])
def test_a_reading_that_another_machine_may_finish_decides_nothing(
    face: Pixels, monkeypatch: pytest.MonkeyPatch, outcome: str, said: str
) -> None:
    refuse_full_size(monkeypatch, outcome)
    blank = encoded(np.zeros_like(face), 2600)
    assert (blank.outcome, blank.faces) == (said or "no_face", [])
    shown = encoded(face, 2600)
    assert (shown.outcome, len(shown.faces)) == (said or "ok", 0 if said else 1)


def test_a_photo_that_was_read_at_full_size_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_full_size(monkeypatch, "timed_out")
    photo = Photo(np.zeros((8, 8, 3), np.uint8))
    assert read_full_size(b"", photo, ENGINE.limits) is photo
    reduced = Photo(photo.rgb, scale=2.0)
    assert read_full_size(b"", reduced, Limits(working_side=FULL_SIDE)) is reduced
