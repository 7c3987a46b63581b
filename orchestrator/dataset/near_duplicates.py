"""Near-duplicates: the same picture in another size or compression, or another frame of the same film.

Two measures are reported side by side because they fail differently: the perceptual hash of the face's crop compares
pictures (light, background, framing), the distance of embeddings compares faces. Only faces of the same person are
compared, so the cost is the sum of squares of each person's photos.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.errors import StoreError
from storage.face_pictures import PictureSource
from storage.finding_schemas import NEAR_DUPLICATES
from storage.run_faces import EmbeddingRows

Key = tuple[str, int]
"""photo_key and face_index."""
Pairs = tuple[tuple[Key, Key], ...]

HASH_SIDE = 8
HASH_INPUT_SIDE = 32


@dataclass(frozen=True)
class NearDuplicates:
    """Pairs of faces (photo_key, face_index) of one person, from different pictures, sorted."""

    by_hash: Pairs
    by_embedding: Pairs

    @property
    def pairs(self) -> Pairs:
        """Pairs that either measure finds."""
        return tuple(sorted({*self.by_hash, *self.by_embedding}))

    def table(self) -> pa.Table:
        """A row for each of `pairs`, in their order, as `storage.finding_schemas.NEAR_DUPLICATES`."""
        hashed, embedded = set(self.by_hash), set(self.by_embedding)
        rows = [(*pair[0], *pair[1], pair in hashed, pair in embedded) for pair in self.pairs]
        columns = {name: [row[i] for row in rows] for i, name in enumerate(NEAR_DUPLICATES.names)}
        return pa.Table.from_pydict(columns, schema=NEAR_DUPLICATES)


def find_near_duplicates(
    faces: pa.Table,
    labels: Mapping[str, str],
    hash_distance: int,
    embedding_distance: float,
    pictures: PictureSource,
) -> NearDuplicates:
    """Find near-duplicates among the faces of each person.

    Args:
        faces: photo_key, face_index and embedding of RUN_FACES, rows with outcome ok.
        labels: person by photo key.
        hash_distance: greatest number of differing bits, of 64; pairs at it count.
        embedding_distance: Euclidean distance below which a pair counts.
        pictures: has the crop of every face.

    Raises:
        StoreError: a crop is missing.
    """
    keys = list(zip(faces["photo_key"].to_pylist(), faces["face_index"].to_pylist(), strict=True))
    people: defaultdict[str, list[int]] = defaultdict(list)
    for row, (photo, _) in enumerate(keys):
        people[labels[photo]].append(row)
    hashes, embeddings = _hashes(keys, pictures), EmbeddingRows(faces)
    by_hash: list[tuple[Key, Key]] = []
    by_embedding: list[tuple[Key, Key]] = []
    for own in people.values():
        rows = np.asarray(own)
        exact = embeddings[rows].astype(np.float64)
        for i, row in enumerate(own[:-1]):
            others = rows[i + 1 :]
            bits = np.bitwise_count(hashes[others] ^ hashes[row])
            distances = np.linalg.norm(exact[i + 1 :] - exact[i], axis=1)
            by_hash += _pairs(keys, row, others[bits <= hash_distance])
            by_embedding += _pairs(keys, row, others[distances < embedding_distance])
    return NearDuplicates(tuple(sorted(by_hash)), tuple(sorted(by_embedding)))


def _hashes(keys: list[Key], pictures: PictureSource) -> npt.NDArray[np.uint64]:
    """The perceptual hash of each face's crop; a few crops are in memory at once."""
    rows = {key: row for row, key in enumerate(keys)}
    hashes, left = np.zeros(len(keys), np.uint64), np.ones(len(keys), np.bool_)
    for key, crop in pictures.each({photo for photo, _ in keys}, "crop"):
        row = rows.get(key)
        if row is not None and left[row]:
            hashes[row], left[row] = perceptual_hash(crop), False
    if left.any():
        what = f"the pictures of {int(left.sum())} of {len(keys)} faces are not in the encodings any more"
        raise StoreError(what, "`lineup resume` encodes their photos again")
    return hashes


def perceptual_hash(jpeg: bytes) -> int:
    """64-bit DCT hash of a crop that the face engine wrote.

    Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), section 3.2.1: grey, 32 x 32,
    the 8 x 8 lowest frequencies, each bit says whether it is above the median.

    The hashes of imagehash 4.3 and of cv2.img_hash (opencv-contrib) keep the row and the column of the mean light.
    On the 202 photos of jurassic-park no hash equals ours, and within 4 bits they find 7 and 8 pairs, ours 3, of
    which 2 are common: another library would change the splits.

    Raises:
        ValueError: not an image.
    """
    import cv2

    grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise ValueError("the crop is not an image")
    small = cv2.resize(grey, (HASH_INPUT_SIDE, HASH_INPUT_SIDE), interpolation=cv2.INTER_AREA)
    # Zauner leaves out the first row and column: they hold the mean light.
    low = cv2.dct(small.astype(np.float32))[1 : HASH_SIDE + 1, 1 : HASH_SIDE + 1].ravel()
    return int.from_bytes(np.packbits(low > np.median(low)).tobytes(), "big")


def _pairs(keys: list[Key], row: int, others: npt.NDArray[np.intp]) -> list[tuple[Key, Key]]:
    found = [keys[other] for other in others.tolist() if keys[other][0] != keys[row][0]]
    return [(min(keys[row], key), max(keys[row], key)) for key in found]
