"""The size of a GIF is known before Pillow opens it, and equals Pillow's."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from workers.faces.decode.gif_file import MOST_GIF_PIXELS, gif_size


def animation() -> bytes:
    frames = [Image.new("P", (48, 40), colour) for colour in (1, 2)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], disposal=2)
    return buffer.getvalue()


def test_the_size_equals_pillow_s_for_mutated_files() -> None:
    whole, draw, opened = animation(), random.Random(1), 0
    for _ in range(2000):
        data = bytearray(whole)
        for place in draw.choices(range(6, len(data)), k=draw.randint(1, 4)):
            data[place] = draw.randrange(256)
        found = gif_size(bytes(data))
        if found[0] * found[1] > MOST_GIF_PIXELS:
            continue
        try:
            wanted = Image.open(io.BytesIO(data), formats=("GIF",)).size
        except (OSError, SyntaxError, ValueError, IndexError, EOFError):
            continue
        assert found == wanted, data.hex()
        opened += 1
    assert opened > 1000


@pytest.mark.parametrize("length", [0, 3, 6, 12])
def test_bytes_that_are_not_a_gif_have_no_size(length: int) -> None:
    assert gif_size(animation()[:length]) == (0, 0)
    assert gif_size(b"\x89PNG\r\n\x1a\n" + bytes(40)) == (0, 0)
