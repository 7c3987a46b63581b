"""1:N identification: who of a gallery is it, if anybody? Rank-1 and the detection-and-identification rate (DIR).

Liao, Lei, Yi & Li, IJCB 2014 (BLUFR), section 3: in each trial some people are enrolled with few photos each; their
other photos are known probes, all photos of the other people unknown probes. The threshold at a false-alarm rate (FAR)
is chosen on the unknown probes, and the mean over the trials is told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workers.compare.dyadic_interval import Estimate, Numbers, estimate, least_effective
from workers.compare.metrics import Flags, Floats

TRIALS = 10
ALARMS = (0.1, 0.01, 0.001)
"""False-alarm rates that are asked; those below 1 / unknown probes cannot be seen and are left out."""

REDRAWS = 400
"""Of the people, for the variance of a mean over trials: it is then known to 7 %."""

CELLS = 1_000_000
"""Distances, or weights of redraws, that are computed at once: 8 MB."""


@dataclass(frozen=True)
class Trial:
    """One draw of who is enrolled; known and unknown probes are each sorted by distance.

    Attributes:
        known: (K,) float64 distance of each known probe to the nearest gallery photo.
        right: (K,) bool, whether that photo shows the probe's person.
        known_person, unknown_person: (K,) and (U,) numbers of the probes' people.
        known_photo: (K,) rows of the known probes.
        unknown: (U,) float64 distance of each unknown probe to the nearest gallery photo.
    """

    known: Floats
    right: Flags
    known_person: Numbers
    known_photo: Numbers
    unknown: Floats
    unknown_person: Numbers


@dataclass(frozen=True)
class DirAtFar:
    """Mean over the trials of the known probes that are accepted and named rightly, where `far` of strangers are.

    Attributes:
        deviation: standard deviation over the trials.
        threshold: mean over the trials; a probe is accepted at a distance below it. None where all are accepted.
    """

    far: float
    dir: Estimate
    deviation: float
    threshold: float | None


@dataclass(frozen=True)
class Identification:
    """The result over all trials.

    Attributes:
        rank_1: DIR where every probe is accepted: the nearest gallery photo shows the right person.
        dir_at_far: only FARs of at least 1 / unknown probes of every trial.
        gallery_people: enrolled in a trial.
        gallery_photos: of each of them.
        known_probes, unknown_probes: of the trial that has the fewest.
        curve: (far, dir) means over the trials, by growing FAR.
    """

    rank_1: DirAtFar
    dir_at_far: tuple[DirAtFar, ...]
    gallery_people: int
    gallery_photos: int
    known_probes: int
    unknown_probes: int
    trials: int
    curve: tuple[tuple[float, float], ...]


def identify_1n(
    embeddings: Floats,
    person: Numbers,
    gallery_photos: int = 1,
    seed: int = 0,
    fars: Sequence[float] = ALARMS,
    trials: int = TRIALS,
) -> Identification:
    """Enrol half of the people who have more than `gallery_photos` photos, `trials` times.

    Args:
        embeddings: (N, D) float64, no NaN; compared by Euclidean distance.
        person: (N,) number of the person.
        seed: of who is enrolled, and with which photos.

    Raises:
        ValueError: fewer than two people have more than `gallery_photos` photos.
    """
    rng = np.random.default_rng(seed)
    drawn = [draw_trial(embeddings, person, gallery_photos, rng) for _ in range(trials)]
    unknown = min(len(trial.unknown) for trial in drawn)
    people = np.bincount(person)
    return Identification(
        rank_1=dir_at(drawn, 1.0, seed),
        dir_at_far=tuple(dir_at(drawn, far, seed) for far in fars if far * unknown >= 1),
        gallery_people=int(np.sum(people > gallery_photos)) // 2,
        gallery_photos=gallery_photos,
        known_probes=min(len(trial.known) for trial in drawn),
        unknown_probes=unknown,
        trials=trials,
        curve=tuple((far, float(np.mean([_rate(each, far)[0] for each in drawn]))) for far in _steps(unknown)),
    )


def draw_trial(embeddings: Floats, person: Numbers, gallery_photos: int, rng: np.random.Generator) -> Trial:
    """Draw who is enrolled and with which photos, and measure every probe; see `identify_1n`."""
    able = np.flatnonzero(np.bincount(person) > gallery_photos)
    if len(able) < 2:
        raise ValueError(f"two people with more than {gallery_photos} photos each are needed")
    enrolled = np.sort(rng.permutation(able)[: len(able) // 2])
    rows = [rng.permutation(np.flatnonzero(person == each))[:gallery_photos] for each in enrolled]
    gallery = np.concatenate(rows)
    probes = np.setdiff1d(np.arange(len(person)), gallery)
    distance, nearest = _nearest(embeddings, probes, gallery)
    order = np.argsort(distance, kind="stable")
    distance, probes, guess = distance[order], probes[order], person[gallery][nearest[order]]
    known = np.isin(person[probes], enrolled)
    return Trial(
        known=distance[known],
        right=(guess == person[probes])[known],
        known_person=person[probes[known]],
        known_photo=probes[known],
        unknown=distance[~known],
        unknown_person=person[probes[~known]],
    )


def dir_at(trials: Sequence[Trial], far: float, seed: int = 0) -> DirAtFar:
    """DIR at a false-alarm rate; 1.0 accepts every probe.

    The interval redraws the people (Bayesian bootstrap): known people's weights change the rate, unknown people's the
    threshold. Rubin, "The Bayesian bootstrap", Annals of Statistics 9 (1981) 130-134.
    """
    rates, limits = np.array([_rate(trial, far) for trial in trials]).T
    mean = float(np.mean(rates))
    spread = float(np.std(rates, ddof=1)) if len(trials) > 1 else 0.0
    people = 1 + max(int(max(t.known_person.max(), t.unknown_person.max())) for t in trials)
    redrawn = np.mean([_redrawn(trial, far, people, seed) for trial in trials], axis=0)
    seen = len(np.unique(np.concatenate([trial.known_person for trial in trials])))
    # Exponential weights vary (P + 1) / P times too little for P people, and a variance of P has P - 1 degrees.
    variance = float(np.var(redrawn)) * (seen + 1) / max(1, seen - 1) + spread**2 / len(trials)
    photos = np.unique(np.concatenate([trial.known_photo for trial in trials]), return_index=True)[1]
    owners = np.concatenate([trial.known_person for trial in trials])[photos]
    count = least_effective(np.bincount(owners).astype(np.float64))
    threshold = float(np.mean(limits)) if np.isfinite(limits).all() else None
    return DirAtFar(far, estimate(mean, variance, count, seen), spread, threshold)


def _rate(trial: Trial, far: float) -> tuple[float, float]:
    """(DIR, threshold) of one trial."""
    # 1e-9: a share times a count that should be whole must not fall below it by rounding.
    allowed = math.floor(far * len(trial.unknown) + 1e-9)
    limit = math.inf if allowed >= len(trial.unknown) else float(trial.unknown[allowed])
    return float(np.mean(trial.right & (trial.known < limit))), limit


def _redrawn(trial: Trial, far: float, people: int, seed: int) -> Floats:
    """(REDRAWS,) DIR of the trial with random weights of the people, the same ones for every trial."""
    rng = np.random.default_rng([seed, people])
    found = []
    step = max(1, CELLS // (people + len(trial.known) + len(trial.unknown)))
    for done in range(0, REDRAWS, step):
        weights = rng.standard_exponential((min(step, REDRAWS - done), people))
        met = np.cumsum(weights[:, trial.unknown_person], axis=1)
        allowed = np.sum(met <= far * met[:, -1:] * (1 + 1e-12), axis=1)
        limits = np.append(trial.unknown, math.inf)[allowed]
        known = weights[:, trial.known_person]
        hits = np.cumsum(known * trial.right, axis=1)
        place = np.searchsorted(trial.known, limits)
        row = np.arange(len(weights))
        found.append(np.where(place > 0, hits[row, place - 1], 0.0) / known.sum(axis=1))
    return np.concatenate(found)


def _nearest(embeddings: Floats, probes: Numbers, gallery: Numbers) -> tuple[Floats, Numbers]:
    """(distance, place in the gallery) of each probe's nearest gallery photo; of equals, the first."""
    theirs = embeddings[gallery]
    lengths = np.einsum("ij,ij->i", theirs, theirs)
    distance, place = np.empty(len(probes)), np.empty(len(probes), np.intp)
    step = max(1, CELLS // len(gallery))
    for begin in range(0, len(probes), step):
        mine = embeddings[probes[begin : begin + step]]
        squared = lengths - 2 * (mine @ theirs.T)
        nearest = np.argmin(squared, axis=1)
        place[begin : begin + step] = nearest
        distance[begin : begin + step] = np.linalg.norm(mine - theirs[nearest], axis=1)
    return distance, place


def _steps(unknown: int) -> list[float]:
    """False-alarm rates from 1 / unknown to 1, evenly on a logarithmic scale, each a whole number of probes."""
    counts = np.unique(np.round(np.geomspace(1, unknown, min(unknown, 60))).astype(int))
    return [int(count) / unknown for count in counts]
