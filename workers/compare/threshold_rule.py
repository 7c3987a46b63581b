"""The distance above which a face is unknown: least balanced error on held-out faces, averaged with the encoder's.

    t = (P * t_data + weight * prior) / (P + weight)        P people

`t_data` is the middle of the distances at which the share of known faces turned away plus the share of strangers' faces
let in is least; people count equally. With few people it scatters, so the encoder's prior is weighed in, where it fits.
`docs/statistics.md` says what was measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.compare.encoder_scale import EncoderScale
from workers.compare.metrics import Flags, Floats

Numbers = npt.NDArray[np.intp]

MISFIT = 0.15
"""A prior that costs more of both shares of errors together than this is left out: drawn faces, for example, lie at
half the distances of photos, and the prior would let in most strangers."""


@dataclass(frozen=True)
class Distances:
    """N distances of faces to the person that a model names.

    Attributes:
        distance: (N,) float64.
        people: (N,) number of the person whom each face really shows.
        faces: (N,) number of each face; a face that several splits tested stands several times.
    """

    distance: Floats
    people: Numbers
    faces: Numbers

    def __getitem__(self, rows: Flags) -> Distances:
        return Distances(self.distance[rows], self.people[rows], self.faces[rows])

    def __add__(self, other: Distances) -> Distances:
        """Both; equal numbers are the same face."""
        return Distances(
            np.concatenate([self.distance, other.distance]),
            np.concatenate([self.people, other.people]),
            np.concatenate([self.faces, other.faces]),
        )

    def weights(self) -> Floats:
        """(N,) that sum to 1: people count equally, the faces of a person, and the times that a face stands here."""
        _, face, repeats = np.unique(self.faces, return_inverse=True, return_counts=True)
        _, person = np.unique(self.people, return_inverse=True)
        share = 1 / repeats[face]
        own = np.bincount(person, weights=share)
        return np.asarray(share / own[person] / max(1, len(own)))


def balanced_threshold(known: Distances, strangers: Distances) -> float:
    """The middle of the widest gap between neighbouring distances at which both shares of errors sum to the least.

    Args:
        known, strangers: at least one face each.
    """
    values, place = np.unique(np.concatenate([known.distance, strangers.distance]), return_inverse=True)
    if len(values) == 1:
        return float(values[0])
    passed = np.bincount(place, weights=np.concatenate([-known.weights(), strangers.weights()]))
    loss = np.round(np.cumsum(passed)[:-1], 9)  # float noise decides no tie
    edges = np.diff(np.concatenate([[0], loss == loss.min(), [0]]))
    first, last = values[edges > 0], values[edges < 0]
    widest = int(np.argmax(last - first))
    return float((first[widest] + last[widest]) / 2)


def balanced_error(known: Distances, strangers: Distances, limit: float) -> float:
    """Share of known faces above the limit plus share of strangers' faces up to it, 0 to 2; people count equally."""
    away = float(known.weights()[known.distance > limit].sum())
    return away + float(strangers.weights()[strangers.distance <= limit].sum())


@dataclass(frozen=True)
class Limit:
    """The distance above which a face is unknown, and what the encoder's prior had to do with it, in words."""

    distance: float
    words: str = ""


def unknown_above(known: Distances, strangers: Distances, scale: EncoderScale) -> Limit | None:
    """The rule's distance; the prior alone where no face is held out; None where the encoder has no prior either.

    The data alone choose where the prior does not fit them (MISFIT).
    """
    if not len(known.faces) or not len(strangers.faces):
        return Limit(scale.prior, ": the encoder's own") if scale.weight else None
    found = balanced_threshold(known, strangers)
    if not scale.weight:
        return Limit(found)
    people = len(np.unique(known.people))
    mean = (people * found + scale.weight * scale.prior) / (people + scale.weight)
    worse = balanced_error(known, strangers, mean) - balanced_error(known, strangers, found)
    if worse > MISFIT:
        return Limit(found, "; alone, because the encoder's usual threshold does not fit these faces")
    usual = f"{scale.likeness(scale.prior):.0f} %, which counts as {scale.weight:g} people"
    return Limit(mean, f"; averaged with the encoder's usual {usual}")
