"""A HEIC has the pixels that Pillow gives, without the copy that Pillow makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from workers.faces.decode.clean_jpeg import own_room
from workers.faces.decode.heif_file import read_heif
from workers.faces.decode.pillow_formats import open_in_pillow
from workers.faces.decode.to_rgb import small_rgb


@pytest.mark.parametrize("factor", [0, 1, 3])
@pytest.mark.parametrize("name", ["01-iphone.HEIC", "01-brand-heix.heic"])
def test_the_pixels_are_pillow_s(shared_data: Path, name: str, factor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (shared_data / "odd-photos" / name).read_bytes()
    in_pillow = np.asarray(small_rgb(open_in_pillow(data), factor))
    monkeypatch.setattr(ImageFile.ImageFile, "load", None)  # copies
    found = read_heif(open_in_pillow(data), factor, own_room)
    assert found is not None
    assert np.array_equal(found, in_pillow)


def test_another_size_or_other_colours_are_left_to_pillow(shared_data: Path) -> None:
    image = open_in_pillow((shared_data / "odd-photos" / "01-iphone.HEIC").read_bytes())
    frame = vars(image)["_heif_file"][0]
    assert isinstance(image, Image.Image)
    frame.mode = "RGBA"
    assert read_heif(image, 1, own_room) is None
    frame.mode = "RGB"
    vars(image)["_size"] = (10, 10)
    assert read_heif(image, 1, own_room) is None
