"""Below which score is a face nobody's? Answered by faces that were not trained, never by those that test.

Every model has its own scale of known scores, so the threshold belongs to the model that is used. Where the run set
strangers aside to choose a threshold (role `calibrate`), they choose it here too, by the comparison's own rule.
Where it did not, the known people play strangers in turn: a part of them is left out, a model is fitted on the
others, and what it says of those left out is what it says of people whom it does not know. Of few faces, one may be
accepted: n of them show no share below 1 / n.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.compare.open_set import TARGET_FAR, threshold_for
from workers.learning.arrays import Array
from workers.learning.configurations import Configuration
from workers.learning.fitted_model import Model, fit_model
from workers.learning.fold import CannotFit
from workers.learning.seeds import seed_of

PARTS = 5
"""The people are left out in so many parts: a network is fitted no more often than that."""

REFIT = -1
"""Stands for the repeat in a seed: no split of a run has this number."""


@dataclass(frozen=True)
class Threshold:
    """A face whose known score is below `value` is unknown.

    Attributes:
        value: None where every face gets a name.
        rule: one sentence that says where the value comes from.
    """

    value: float | None
    rule: str


def choose_threshold(
    model: Model, x: Array, labels: Sequence[str], groups: npt.ArrayLike, strangers: Array, run_seed: int
) -> Threshold:
    """The threshold for a model that was fitted on these faces.

    Args:
        x, labels, groups: as `workers.learning.fitted_model.fit_model` took them.
        strangers: (M, ...) the same view of people set aside to choose a threshold; M may be 0.
    """
    own = model.configuration.parameters.get("threshold")
    if own is not None:
        return Threshold(-float(own), f"the configuration's own: a distance above {own:g} is nobody's")
    if len(strangers):
        return _accepting(model.known_score(strangers), "strangers set aside to choose it")
    scores = left_out_scores(model.configuration, x, labels, groups, run_seed)
    if not len(scores):
        return Threshold(None, "none: too few people to leave some out and still tell others apart")
    return _accepting(scores, "known people who were left out in turn")


def left_out_scores(
    configuration: Configuration, x: Array, labels: Sequence[str], groups: npt.ArrayLike, run_seed: int
) -> npt.NDArray[np.float32]:
    """Known scores of people that a model does not know: each part of the people is left out once.

    Returns:
        A score a face; without those of parts that leave too little to fit a model on.
    """
    people = np.asarray(sorted(set(labels)))
    shuffled = np.random.default_rng(seed_of(run_seed, configuration.name, REFIT, 0)).permutation(people)
    who, by = np.asarray(labels), np.asarray(groups)
    scores = [np.zeros(0, np.float32)]
    for number, part in enumerate(np.array_split(shuffled, min(PARTS, len(people)))):
        away = np.isin(who, part)
        seed = seed_of(run_seed, configuration.name, REFIT, 1 + number)
        try:
            model = fit_model(configuration, x[~away], who[~away].tolist(), by[~away], seed)
        except (CannotFit, np.linalg.LinAlgError):
            continue
        scores.append(model.known_score(x[away]))
    return np.concatenate(scores)


def _accepting(scores: npt.NDArray[np.float32], whose: str) -> Threshold:
    limit = threshold_for(scores.astype(np.float64), TARGET_FAR)
    if not np.isfinite(limit):
        return Threshold(None, "none: one stranger's face chooses nothing")
    # scores are float32, and whoever compares them as such would round the limit down to the score it lies above
    value = np.nextafter(np.float32(limit), np.float32(np.inf))
    return Threshold(float(value), f"accepts {np.sum(scores >= value)} of {len(scores)} faces of {whose}")
