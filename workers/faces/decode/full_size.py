"""The photo of a file with as many pixels as memory allows, in which small faces are searched."""

from __future__ import annotations

from dataclasses import replace

from storage.engine_settings import Limits
from workers.faces.decode.guarded_reader import guarded_reader
from workers.faces.photo import Photo
from workers.faces.refusal import NOT_BY_BYTES_ALONE, Refusal

FULL_SIDE = 4096
"""Up to twice this side a photo is read at full size, some 200 MB; a larger one at a half, a quarter or an eighth."""


class FullSizeRefused(Exception):
    """A photo that was read before could not be read at full size, and its bytes alone are not the cause.

    Attributes:
        refusal: of the photo.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def read_full_size(data: bytes, photo: Photo, limits: Limits) -> Photo:
    """The photo of a file with as many pixels as memory allows; `photo`, which was read from it, where it has them.

    Raises:
        FullSizeRefused: it could not be read this time. The faces of `photo` would differ from those of another try.
    """
    if photo.scale == 1 or limits.working_side >= FULL_SIDE:
        return photo
    full = guarded_reader().image(data, replace(limits, working_side=FULL_SIDE))
    if isinstance(full, Refusal) and full.outcome in NOT_BY_BYTES_ALONE:
        raise FullSizeRefused(full)
    return full if isinstance(full, Photo) else photo
