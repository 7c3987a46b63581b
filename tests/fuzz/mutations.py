"""Mutations of valid bytes: flipped, inserted, repeated and cut ones, and numbers set to extremes."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from hypothesis import strategies as st

PLACE = st.floats(0, 1, exclude_max=True)

EXTREMES = [
    struct.pack(form, value)
    for form in ("<I", ">I")
    for value in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF, 0x10000)
] + [struct.pack(form, value) for form in ("<H", ">H") for value in (0, 1, 0x7FFF, 0x8000, 0xFFFF)]

_REPLACE, _INSERT, _DELETE, _REPEAT = range(4)


@st.composite
def mutated(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds after a few mutations, most often at its head, where the structures are."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 8))):
        if not data:
            break
        reach = draw(st.sampled_from((len(data), min(len(data), 64), min(len(data), 512))))
        at = int(draw(PLACE) * reach)
        kind = draw(st.integers(_REPLACE, _REPEAT))
        if kind == _REPLACE:
            new = draw(st.one_of(st.sampled_from(EXTREMES), st.binary(min_size=1, max_size=4)))
            data[at : at + len(new)] = new
        elif kind == _INSERT:
            data[at:at] = draw(st.binary(min_size=1, max_size=8))
        elif kind == _DELETE:
            del data[at : at + draw(st.integers(1, 64))]
        else:
            piece = bytes(data[at : at + draw(st.integers(1, 256))])
            data[at:at] = piece * draw(st.integers(1, 40))
    return bytes(data[: int(len(data) * draw(st.sampled_from((1, 1, 1, 0.99, 0.7, 0.3, 0.05))))])
