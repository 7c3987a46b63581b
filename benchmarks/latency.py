"""How long each classical configuration takes to name one face among many people, beside scikit-learn's own objects.

    python -m benchmarks.latency [--people 600] [--photos 4]

Measurements are drawn: a centre a person, spread around it as real faces spread (0.25 within, 0.8 between). One face
a call, warm, one thread; each face is timed in every round and its quickest call counts, since a busy machine
interrupts any one of them. The tuning grids are left out: they change the numbers in a model and not its size.
Eigenfaces get two pictures of noise a person.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import table
from workers.learning.classical.solvers import solve_rbf_svm
from workers.learning.configurations import CONFIGURATIONS
from workers.learning.evaluation import LATENCY_FACES, latency
from workers.learning.fitted_model import fit_model

NETWORKS = ("dense", "cnn-small", "cnn-regularized")
ROUNDS = 7
WITHIN, BETWEEN = 0.25, 0.8
"""Mean Euclidean distances of two faces of one person, and of two people."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Crowd:
    """People's measurements: x (N, 128) float32, y (N,) class numbers, and as many faces again that train nothing."""

    x: Array
    y: Array
    others: Array


def draw_crowd(people: int, photos: int) -> Crowd:
    """The same crowd for the same numbers."""
    rng = np.random.default_rng(0)
    spread = WITHIN / np.sqrt(2 * 128)
    centres = rng.normal(0, np.sqrt(BETWEEN**2 - WITHIN**2) / np.sqrt(2 * 128), (people, 1, 128))
    faces = (centres + rng.normal(0, spread, (people, 2 * photos, 128))).astype(np.float32)
    y = np.repeat(np.arange(people), photos)
    return Crowd(faces[:, :photos].reshape(-1, 128), y, faces[:, photos:].reshape(-1, 128))


def main() -> None:
    """Print a line a configuration, then the RBF machines beside scikit-learn's."""
    from threadpoolctl import threadpool_limits

    arguments = _arguments()
    crowd = draw_crowd(arguments.people, arguments.photos)
    print(f"{table.machine()}; {arguments.people} people, {arguments.photos} photos each to train\n")
    print(f"{'configuration':<22}{'ms p50':>10}{'ms p95':>10}{'right':>10}")
    with threadpool_limits(1):
        for name, configuration in CONFIGURATIONS.items():
            if configuration.family not in NETWORKS:
                print(f"{name:<22}" + measured(name, crowd), flush=True)
        print("\n" + beside_scikit_learn(crowd))


def measured(name: str, crowd: Crowd) -> str:
    """Median and 95th percentile in milliseconds, and how many of the other faces are named rightly."""
    configuration = CONFIGURATIONS[name]
    if "tune" in configuration.parameters:
        configuration = configuration.with_parameters(tune=False)
    view, others = crowd.x, crowd.others
    if configuration.view == "none":
        view, others = view[:, :0], others[:, :0]
    y = crowd.y
    if configuration.view == "aligned":  # noise: its speed is a picture's, its answers mean nothing
        y = np.repeat(np.unique(y), 2)
        view = others = np.random.default_rng(1).integers(0, 255, (len(y), 128, 128, 3), np.uint8)
    labels = [f"p{i:05}" for i in y]
    model = fit_model(configuration, view, labels, np.arange(len(view)), 1)
    sample = others[:: max(1, len(others) // LATENCY_FACES)]
    p50, p95 = _quickest(lambda: latency(model, sample))
    told = f"{'–':>10}"
    if configuration.view == "embedding":
        told = f"{np.mean(model.scores(others)[0].argmax(axis=1) == crowd.y):>10.1%}"
    return f"{p50:>10.4f}{p95:>10.4f}" + told


def beside_scikit_learn(crowd: Crowd) -> str:
    """The RBF machines' time and answers beside OneVsRestClassifier(SVC), and SVC's own one-against-one."""
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import SVC

    gamma = 1 / float(crowd.x.var(axis=0).sum())
    ours = solve_rbf_svm(crowd.x, crowd.y, 10.0, 1.0)
    rest = OneVsRestClassifier(SVC(C=10.0, gamma=gamma)).fit(crowd.x.astype(np.float64), crowd.y)
    each = SVC(C=10.0, gamma=gamma).fit(crowd.x.astype(np.float64), crowd.y)
    sample = crowd.others[:: max(1, len(crowd.others) // LATENCY_FACES)]
    mine, theirs = ours.decision(sample), rest.decision_function(sample.astype(np.float64))
    equal = int(np.sum(mine.argmax(axis=1) == theirs.argmax(axis=1)))
    lines = [f"{'RBF machines':<32}{'ms p50':>10}{'ms p95':>10}"]
    for name, call in (
        ("ours, one against all", ours.scores),
        ("OneVsRestClassifier(SVC)", rest.predict),
        ("SVC, one against one", each.predict),
    ):
        p50, p95 = _quickest(lambda call=call: _times(call, sample[:20]))  # type: ignore[misc]
        lines.append(f"{name:<32}{p50:>10.4f}{p95:>10.4f}")
    lines.append(
        f"ours and OneVsRestClassifier(SVC) name {equal} of {len(mine)} faces alike; "
        f"decision values differ by {np.abs(mine - theirs).max():.1e} at most"
    )
    return "\n".join(lines)


def _times(call: Callable[[Array], Any], faces: Array) -> list[float]:
    import time

    call(faces[:1])
    times = []
    for i in range(len(faces)):
        start = time.perf_counter_ns()
        call(faces[i : i + 1])
        times.append((time.perf_counter_ns() - start) / 1000)
    return times


def _quickest(lap: Callable[[], list[float]]) -> tuple[float, float]:
    """Milliseconds, p50 and p95 over faces, of each face's quickest call."""
    best = np.min([lap() for _ in range(ROUNDS)], axis=0) / 1000
    return float(np.percentile(best, 50)), float(np.percentile(best, 95))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.latency", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--photos", type=int, default=4, help="that train, of each person")
    return parser.parse_args()


if __name__ == "__main__":
    main()
