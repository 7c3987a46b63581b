"""Choose the threshold on the known score below which a face is unknown, without test faces.

Known scores have a scale of their own in every model, so each model has its own threshold. It is chosen on faces of
people whom the model does not know: the run's `calibrate` faces, or else known people who are left out in turn. The
false-alarm rate is that of the comparison; with n faces no rate below 1 / n can be shown.
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
"""Known people are left out in so many parts, each with a model of its own."""

REFIT = -1
"""Takes the place of the repeat in a seed; no split of a run has this number."""


@dataclass(frozen=True)
class Threshold:
    """A face whose known score is below `value` is unknown.

    Attributes:
        value: None where every face gets a name.
        rule: where the value comes from, in words.
    """

    value: float | None
    rule: str


def choose_threshold(
    model: Model, x: Array, labels: Sequence[str], groups: npt.ArrayLike, calibration: Array, run_seed: int
) -> Threshold:
    """The threshold of a model that was fitted on these faces.

    Args:
        x, labels, groups: as `workers.learning.fitted_model.fit_model` took them.
        calibration: (M, ...) the same view of `calibrate` faces, whose people the model does not know; M may be 0.
    """
    own = model.configuration.parameters.get("threshold")
    if own is not None:
        return Threshold(-float(own), f"the configuration's own: a face at a distance above {own:g} is unknown")
    if len(calibration):
        return _accepting(model.known_score(calibration), "unknown people that were kept apart to choose it")
    scores = left_out_scores(model.configuration, x, labels, groups, run_seed)
    if not len(scores):
        return Threshold(None, "none: too few people to leave some out and fit a model on the others")
    return _accepting(scores, "known people who were left out in turn")


def left_out_scores(
    configuration: Configuration, x: Array, labels: Sequence[str], groups: npt.ArrayLike, run_seed: int
) -> npt.NDArray[np.float32]:
    """Known scores of faces whose people the model does not know: each part of the people is left out once.

    Returns:
        (M,) float32, a score a face. Parts without which no model can be fitted are missing.
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
        return Threshold(None, "none: one face of an unknown person is not enough")
    # scores are float32; rounding the limit to float32 could give the score that must lie below it
    value = np.nextafter(np.float32(limit), np.float32(np.inf))
    return Threshold(float(value), f"accepts {np.sum(scores >= value)} of {len(scores)} faces of {whose}")
