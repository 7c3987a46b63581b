"""An encoder beside the face engine's own (`storage.encoder_settings.OnnxEncoder`): SFace, a user's ONNX file, or
dlib's network in bfloat16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from storage.encoder_settings import OnnxEncoder
from storage.engine_settings import EngineSettings
from storage.errors import EngineError
from workers.faces.align.template_chips import template_chip, template_scale
from workers.faces.embed.face_encoder import Embeddings, embed_chips
from workers.faces.models.encoder_runtimes import load_encoder_network
from workers.faces.photo import Photo, Pixels, Points

SHORTEST = 1e-9
"""Length below which measurements have no direction."""


class OnnxFaceEncoder:
    """Faces to measurements, (N, D) float32; a face's bits do not depend on the other faces.

    Attributes:
        settings: what the network takes and how its measurements are compared.
        size: D.
    """

    def __init__(self, settings: OnnxEncoder, network: bytes, provider: str = "cpu") -> None:
        """Load the network.

        Args:
            network: what `encoder_files.encoder_network` made of the file.
            provider: of the `EngineSettings`.

        Raises:
            EngineError: its runtime is not here or cannot run it, or it does not give one row of numbers for a picture.
        """
        self.settings = settings
        self._compute = load_encoder_network(network, settings.runtime, provider)
        self._mean = np.broadcast_to(np.array(settings.mean, np.float32), (3,))
        try:
            blank = self._run(np.zeros((settings.size, settings.size, 3), np.uint8))
        except Exception as error:  # the runtime's errors have no other common base
            raise EngineError(f"the encoder cannot be run: {error}") from error
        if blank.ndim != 2 or len(blank) != 1 or not np.isfinite(blank).all():
            raise EngineError(
                f"the encoder gives an array of shape {blank.shape} for a picture",
                "It must give one row of finite numbers",
            )
        self.size = blank.shape[1]

    def chip(self, rgb: Pixels, points: Points) -> Pixels:
        """The picture of a face that the network takes; arguments and result as of `template_chip`."""
        return template_chip(rgb, points, self.settings)

    def measure(self, chips: Pixels) -> Embeddings:
        """The network's own numbers (N, D) of chips (N, size, size, 3) uint8 RGB."""
        if self._takes_chips:
            return self._compute(chips)
        return np.concatenate([self._run(chip) for chip in chips])

    def embed(self, chips: Sequence[Pixels], mirror: bool, jitter: int) -> Embeddings:
        """Embeddings of chips, at least one; of length 1 where they are compared by the cosine.

        Args:
            chips: each (size, size, 3) uint8, RGB.
            mirror, jitter: of `embed_chips`.
        """
        found = embed_chips(self.measure, chips, mirror, jitter)
        return of_length_one(found) if self.settings.distance == "cosine" else found

    def embed_in_photo(
        self,
        photo: Photo,
        places: Sequence[Points],
        engine: EngineSettings,
        full: Callable[[], Photo] | None = None,
    ) -> Embeddings:
        """Embed the faces of a photo by their stored points: the same bits now and whenever it is asked again.

        Args:
            photo: as decoded, not turned.
            places: the points of each face, at least one, in pixels of the full photo (`Photo.full_size_points`).
            engine: of the run.
            full: gives the photo with more pixels, from which chips are cut that would be enlarged.
        """
        return self.embed(self.chips_in_photo(photo, places, full), engine.mirror, engine.jitter)

    def chips_in_photo(
        self, photo: Photo, places: Sequence[Points], full: Callable[[], Photo] | None = None
    ) -> list[Pixels]:
        """The pictures that `embed_in_photo` embeds."""
        return [self.chip(seen.rgb, seen.points_here(points)) for points, seen in self._sources(photo, places, full)]

    def _sources(
        self, photo: Photo, places: Sequence[Points], full: Callable[[], Photo] | None
    ) -> Iterator[tuple[Points, Photo]]:
        larger: Photo | None = None
        for points in places:
            small = template_scale(photo.points_here(points), self.settings) > 1
            if small and full and photo.scale > 1:
                larger = larger or full()
            yield points, larger if larger and small else photo

    @property
    def _takes_chips(self) -> bool:
        """Whether the network takes several chips as they are."""
        return self.settings.template == "dlib"

    def _run(self, chip: Pixels) -> Embeddings:
        if self._takes_chips:
            return self._compute(chip[None])
        channels = chip if self.settings.colour == "rgb" else chip[..., ::-1]
        picture = (channels - self._mean) * np.float32(self.settings.scale)
        planes = np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)
        return self._compute(planes)


def of_length_one(embeddings: Embeddings) -> Embeddings:
    """The rows (N, D) float32, scaled to Euclidean length 1.

    >>> of_length_one(np.array([[3, 4], [0, 2]], np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 1.0]]
    """
    exact = embeddings.astype(np.float64)
    lengths = np.maximum(np.linalg.norm(exact, axis=1, keepdims=True), SHORTEST)
    scaled: Embeddings = (exact / lengths).astype(np.float32)
    return scaled
