"""How often the intervals of `lineup verify` hold the truth: `python -m benchmarks.verification_coverage`.

People are drawn as points with their own spread, photos around them. The truth of the pairs is the mean of six sets of
1,200 people; that of 1:N identification, which depends on the size of the gallery, is the mean over the sets.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from benchmarks.figures.run_tables import markdown
from benchmarks.processes import ROOT
from workers.compare.all_pairs import AllPairs, all_pairs
from workers.compare.dyadic_interval import Estimate, Numbers
from workers.compare.identification_1n import identify_1n
from workers.compare.metrics import Floats
from workers.compare.pair_estimates import pair_estimates
from workers.compare.pair_protocol import lfw_protocol

OUT = ROOT / "build" / "verification_coverage.md"

SIZES = ((6, 30), (20, 8), (40, 10), (150, 4))
"""People, and photos of each."""

FARS = (0.1, 0.01, 0.001)
LISTED = 600
"""Pairs of a list, half of them genuine."""


def draw(rng: np.random.Generator, people: int, photos: int) -> tuple[Floats, Numbers]:
    """Embeddings of people, some of whom vary twice as much as others, and the number of each one's person."""
    person = np.repeat(np.arange(people), photos)
    spread = rng.uniform(0.35, 0.75, people)[person]
    return rng.normal(size=(people, 12))[person] + rng.normal(size=(len(person), 12)) * spread[:, None], person


def listed(rng: np.random.Generator, embeddings: Floats, person: Numbers) -> Estimate:
    """The accuracy over a list of pairs that is drawn from these photos, with ten folds of people."""
    first, second = np.triu_indices(len(person), 1)
    same = person[first] == person[second]
    halves = [rng.permutation(np.flatnonzero(kind))[: LISTED // 2] for kind in (same, ~same)]
    chosen = np.concatenate(halves)
    distance = np.linalg.norm(embeddings[first[chosen]] - embeddings[second[chosen]], axis=1)
    ends = person[first[chosen]], person[second[chosen]]
    result = lfw_protocol(distance, same[chosen], np.stack(ends, axis=1) % 10)
    return pair_estimates(distance, same[chosen], *ends, result).accuracy


def estimates(found: AllPairs) -> Iterator[tuple[str, Estimate]]:
    """The name and the figure of each line."""
    for point in found.tar_at_far:
        yield f"TAR at FAR {point.far:g}", point.tar
    yield "EER", found.equal_error_rate


def main(sets: int = 150) -> None:
    """Print the table and write build/verification_coverage.md: a row a figure, a column a size."""
    rng = np.random.default_rng(0)
    large = [dict(estimates(all_pairs(*draw(rng, 1200, 6), fars=FARS))) for _ in range(6)]
    truth = {name: float(np.mean([each[name].value for each in large])) for name in large[0]}
    rows: dict[str, list[str]] = {}
    for people, photos in SIZES:
        found: dict[str, list[Estimate]] = {}
        for number in range(sets):
            data = draw(rng, people, photos)
            for name, one in estimates(all_pairs(*data, fars=FARS)):
                found.setdefault(name, []).append(one)
            found.setdefault("accuracy over 600 pairs", []).append(listed(rng, *data))
            named = identify_1n(*data, seed=number, fars=(0.1, 0.02))
            for point in (named.rank_1, *named.dir_at_far):
                found.setdefault(f"DIR at FAR {point.far:g}" if point.far < 1 else "rank-1", []).append(point.dir)
        for name, values in found.items():
            aim = truth.get(name, float(np.mean([one.value for one in values])))
            held = np.mean([one.low <= aim <= one.high for one in values])
            wide = np.mean([one.high - one.low for one in values])
            rows.setdefault(name, []).append(f"{held:.1%} ({100 * wide:.0f})")
    table = markdown(
        ("figure; people × photos", *(f"{people} × {photos}" for people, photos in SIZES)),
        [(name, *cells) for name, cells in rows.items()],
    )
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(f"{table}\n\n{sets} sets of each size.\n", encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
