"""Time of each classical configuration to name one face among many people, beside scikit-learn's own objects.

    python -m benchmarks.latency [--people 600] [--photos 4]

Embeddings are random: a centre a person, and the distances of real faces (0.25 within a person, 0.8 between people).
One face a call, warm, one thread. Each face is timed in every round and its fastest call is reported, because a busy
machine interrupts some calls. Tuning is off: it changes the numbers in a model, not its size. Eigenfaces get two
pictures of noise a person.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import engine_table
from benchmarks.processes import ROOT
from workers.learning.classical.solvers import solve_rbf_svm
from workers.learning.configurations import CONFIGURATIONS
from workers.learning.evaluation import LATENCY_FACES, latency
from workers.learning.face_batch import FaceBatch
from workers.learning.fitted_model import fit_model

NETWORKS = ("dense", "cnn-small", "cnn-regularized")
ROUNDS = 7
WITHIN, BETWEEN = 0.25, 0.8
"""Mean Euclidean distances of two faces of one person, and of two people."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Embeddings:
    """Embeddings x (N, 128) float32, class numbers y (N,), and N other faces for testing."""

    x: Array
    y: Array
    others: Array


def draw_embeddings(people: int, photos: int) -> Embeddings:
    """The same arrays for the same numbers."""
    rng = np.random.default_rng(0)
    spread = WITHIN / np.sqrt(2 * 128)
    centres = rng.normal(0, np.sqrt(BETWEEN**2 - WITHIN**2) / np.sqrt(2 * 128), (people, 1, 128))
    faces = (centres + rng.normal(0, spread, (people, 2 * photos, 128))).astype(np.float32)
    y = np.repeat(np.arange(people), photos)
    return Embeddings(faces[:, :photos].reshape(-1, 128), y, faces[:, photos:].reshape(-1, 128))


def main() -> None:
    """Print a line a configuration, then the RBF machines beside those of scikit-learn; write build/latency.json."""
    from threadpoolctl import threadpool_limits

    arguments = _arguments()
    drawn = draw_embeddings(arguments.people, arguments.photos)
    found: dict[str, Any] = {"machine": engine_table.machine(), "milliseconds": {}}
    print(f"{engine_table.machine()}; {arguments.people} people, {arguments.photos} photos each to train\n")
    print(f"{'configuration':<22}{'ms p50':>10}{'ms p95':>10}{'correct':>10}")
    with threadpool_limits(1):
        for name, configuration in CONFIGURATIONS.items():
            if configuration.family not in NETWORKS:
                p50, p95, correct = found["milliseconds"][name] = measured(name, drawn)
                shown = "–" if correct is None else f"{correct:.1%}"
                print(f"{name:<22}{p50:>10.4f}{p95:>10.4f}{shown:>10}", flush=True)
        print("\n" + beside_scikit_learn(drawn))
    path = ROOT / "build" / "latency.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measured(name: str, drawn: Embeddings) -> tuple[float, float, float | None]:
    """Median and 95th percentile in milliseconds, and the accuracy on the other faces; None without embeddings."""
    configuration = CONFIGURATIONS[name]
    if "tune" in configuration.parameters:
        configuration = configuration.with_parameters(tune=False)
    view, others = drawn.x, drawn.others
    if configuration.view == "none":
        view, others = view[:, :0], others[:, :0]
    y = drawn.y
    if configuration.view == "aligned":  # noise has the speed of a picture; the answers mean nothing
        y = np.repeat(np.unique(y), 2)
        view = others = np.random.default_rng(1).integers(0, 255, (len(y), 128, 128, 3), np.uint8)
    labels = [f"p{i:05}" for i in y]
    known = FaceBatch(view, drawn.x[: len(view)])
    model = fit_model(configuration, known, labels, np.arange(len(view)), 1)
    faces = FaceBatch(others, drawn.others[: len(others)])
    sample = faces[:: max(1, len(others) // LATENCY_FACES)]
    p50, p95 = _fastest(lambda: latency(model, sample))
    if configuration.view != "embedding":
        return p50, p95, None
    return p50, p95, float(np.mean(model.predict_proba(faces).argmax(axis=1) == drawn.y))


def beside_scikit_learn(drawn: Embeddings) -> str:
    """Time and answers of the RBF machines beside OneVsRestClassifier(SVC) and SVC (one against one)."""
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import SVC

    gamma = 1 / float(drawn.x.var(axis=0).sum())
    ours = solve_rbf_svm(drawn.x, drawn.y, 10.0, 1.0)
    rest = OneVsRestClassifier(SVC(C=10.0, gamma=gamma)).fit(drawn.x.astype(np.float64), drawn.y)
    each = SVC(C=10.0, gamma=gamma).fit(drawn.x.astype(np.float64), drawn.y)
    sample = drawn.others[:: max(1, len(drawn.others) // LATENCY_FACES)]
    mine, theirs = ours.decision(sample), rest.decision_function(sample.astype(np.float64))
    equal = int(np.sum(mine.argmax(axis=1) == theirs.argmax(axis=1)))
    lines = [f"{'RBF machines':<32}{'ms p50':>10}{'ms p95':>10}"]
    for name, call in (
        ("ours, one against all", ours.probabilities),
        ("OneVsRestClassifier(SVC)", rest.predict),
        ("SVC, one against one", each.predict),
    ):
        p50, p95 = _fastest(lambda call=call: _times(call, sample[:20]))  # type: ignore[misc]
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


def _fastest(lap: Callable[[], list[float]]) -> tuple[float, float]:
    """Milliseconds: p50 and p95 over faces of the fastest call of each face."""
    best = np.min([lap() for _ in range(ROUNDS)], axis=0) / 1000
    return float(np.percentile(best, 50)), float(np.percentile(best, 95))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.latency", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--photos", type=int, default=4, help="training faces of each person")
    return parser.parse_args()


if __name__ == "__main__":
    main()
