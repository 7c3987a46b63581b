"""The encoder in ONNX Runtime equals dlib's, and separates people."""

from __future__ import annotations

import numpy as np
import pytest

from workers.faces.embed.face_encoder import embed_chips, load_face_encoder
from workers.faces.photo import Pixels

Chips = dict[tuple[int, int], Pixels]

PINNED = {
    ((0, 0), (0, 1)): 0.2665,
    ((0, 0), (1, 0)): 0.5110,
    ((0, 0), (1, 1)): 0.4345,
    ((0, 0), (2, 0)): 0.4667,
    ((0, 0), (2, 1)): 0.3731,
    ((0, 1), (1, 0)): 0.5566,
    ((0, 1), (1, 1)): 0.4377,
    ((0, 1), (2, 0)): 0.4898,
    ((0, 1), (2, 1)): 0.4108,
    ((1, 0), (1, 1)): 0.2408,
    ((1, 0), (2, 0)): 0.4797,
    ((1, 0), (2, 1)): 0.4422,
    ((1, 1), (2, 0)): 0.4958,
    ((1, 1), (2, 1)): 0.4291,
    ((2, 0), (2, 1)): 0.2367,
}
"""Distance of two drawn chips' embeddings, by (person, photo) of each."""


def test_embeddings_equal_dlib_s_within_1e_5(chips: Chips) -> None:
    ours, theirs = load_face_encoder("onnx"), load_face_encoder("dlib")
    noise = np.random.default_rng(0).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    for chip in (*chips.values(), noise, np.zeros_like(noise), np.full_like(noise, 255)):
        assert np.abs(ours(chip[None]) - theirs(chip[None])).max() < 1e-5


def test_an_embedding_s_bits_do_not_depend_on_the_batch(chips: Chips) -> None:
    encode = load_face_encoder("onnx")
    every = np.concatenate(
        [np.stack(list(chips.values())), np.random.default_rng(0).integers(0, 256, (3, 150, 150, 3))]
    )
    every = every.astype(np.uint8)
    alone = np.concatenate([encode(chip[None]) for chip in every])
    for company in range(2, len(every) + 1):
        together = [encode(every[start : start + company]) for start in range(0, len(every), company)]
        assert np.array_equal(np.concatenate(together), alone)


def test_distances_equal_the_pinned_ones(chips: Chips) -> None:
    encode = load_face_encoder("onnx")
    found = dict(zip(chips, encode(np.stack(list(chips.values()))), strict=True))
    for (one, other), distance in PINNED.items():
        assert np.linalg.norm(found[one] - found[other]) == pytest.approx(distance, abs=1e-3)


def test_two_photos_of_a_person_are_closer_than_photos_of_two_people(chips: Chips) -> None:
    encode = load_face_encoder("onnx")
    found = dict(zip(chips, encode(np.stack(list(chips.values()))), strict=True))
    for person in {person for person, _ in chips}:
        to_himself = np.linalg.norm(found[person, 0] - found[person, 1])
        to_others = [np.linalg.norm(found[person, 0] - found[other]) for other in found if other[0] != person]
        assert to_himself < min(to_others)


def test_mirror_averaging_is_the_mean_of_a_face_and_its_mirror_image(chips: Chips) -> None:
    encode, some = load_face_encoder("onnx"), list(chips.values())
    mirrored = [np.ascontiguousarray(chip[:, ::-1]) for chip in some]
    both = embed_chips(encode, some, mirror=True, jitter=0)
    assert np.allclose(both, (encode(np.stack(some)) + encode(np.stack(mirrored))) / 2, atol=1e-6)
    assert np.allclose(both, embed_chips(encode, mirrored, mirror=True, jitter=0), atol=1e-6)


def test_jitter_is_reproducible_and_stays_close(chips: Chips) -> None:
    encode, some = load_face_encoder("onnx"), list(chips.values())
    jittered = embed_chips(encode, some, mirror=False, jitter=5)
    assert np.array_equal(jittered[:1], embed_chips(encode, some[:1], mirror=False, jitter=5))
    apart = np.linalg.norm(jittered - encode(np.stack(some)), axis=1)
    assert 0 < apart.min() <= apart.max() < 0.2
