"""A JPEG whose end is missing: read with a note where almost all of it is there, refused otherwise.

The rule: at most `MOST_MISSING` of the rows may be missing. A progressive JPEG must hold every pass at least in part;
what it then lacks is the last bit of some details.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from workers.faces.decode.jpeg_file import END_MARK, scans_of
from workers.faces.refusal import Refusal

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_MISSING = 0.05
"""Of the rows. Faces near the lower edge of a photo are rare, and the missing rows are grey."""

WHOLE = "the file is cut: its last row of blocks may be incomplete"
"""Note where no row is missing, as without an end mark."""

_GREY = 128
"""What libjpeg paints where data are missing."""

_COPY = "copy the file again from its source"


def read_cut_jpeg(data: bytes, load: Callable[[bytes, bool], Image]) -> tuple[Image, str] | Refusal:
    """The picture of a JPEG that ends too early, and a note about what is missing.

    Args:
        data: its essence, from which its end is missing.
        load: decodes these bytes; True to accept that they end too early.
    """
    scans = scans_of(data)
    if scans.progressive and not scans.complete:
        return Refusal("unreadable", f"JPEG: it is cut; a progressive JPEG without its last passes is blurred: {_COPY}")
    image = load(data + END_MARK, True)
    if scans.progressive:
        return image, "the file is cut: some of the finest details may be missing"
    missing = _missing_rows(image, load(data, True))
    if missing > MOST_MISSING * image.height:
        share = f"{100 * missing / image.height:.0f} % of its rows are missing"
        return Refusal("unreadable", f"JPEG: it is cut; {share}: {_COPY}")
    return image, f"the file is cut: {missing} of {image.height} rows are missing" if missing else WHOLE


def _missing_rows(padded: Image, bare: Image) -> int:
    """Rows at the lower edge that the decoder painted grey where an end mark was added, and left black without it."""
    grey, black = (np.asarray(image).reshape(image.height, -1) for image in (padded, bare))
    painted = (np.abs(grey.astype(np.int16) - _GREY) <= 1).all(axis=1) & (black != grey).any(axis=1)
    there = np.flatnonzero(~painted)
    return padded.height - (int(there[-1]) + 1 if len(there) else 0)
