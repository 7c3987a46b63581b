"""How often the intervals hold the truth and how often a claim is wrong, simulated: build/statistics.md.

python -m benchmarks.check_statistics [DRAWS]        `make check-statistics`; 600 draws take some ten minutes
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engine_table import processor
from benchmarks.simulated_people import Protocol, World, answered, true_figures
from workers.compare.bootstrap import bootstrap_intervals
from workers.compare.intervals import LEVEL, Interval, jeffreys
from workers.compare.max_t import max_t
from workers.compare.paired import ROPE, SURE, disagreements, holm, mcnemar, three_way
from workers.compare.people_interval import people_interval
from workers.cores import usable_cores

OUT = Path(__file__).parents[1] / "build" / "statistics.md"
DRAWS = 600
REDRAWS = 500
FLIPS = 1000
METHODS = 10
SCALES = (2.2, 1.4, 0.9)
"""Of `World`: people who are told apart almost always, mostly, and often not."""
SIZES = ((6, 10), (20, 10), (66, 3))
"""People and test faces of each: n = 60, 200 and 198."""
PEOPLE_SIZES = ((6, 10), (20, 10), (60, 10))
PAIR_FACES = (60, 200, 500, 1000)
CORRELATION = 0.05
FIGURES = {"accuracy": "accuracy", "balanced_accuracy": "balanced", "macro_f1": "macro F1", "log_loss": "log-loss"}
REASONS = {
    "a": "with few errors the counts are coarse, and the interval is kept long enough",
    "b": "each person has equally many test faces, or each face several repeats: less chance than n separate faces",
    "c": "the answers of a fold share one model, so errors come together",
    "d": "losses that are rare and large are missing in a small sample",
    "e": "an F1 of few faces is itself too low, and so is its interval",
}
"""Why an interval may cover less or more than 93 to 97 %."""

Table = list[tuple[str, ...]]


def main(draws: int) -> None:
    """Simulate, print and write the tables."""
    start = time.monotonic()
    text = report(draws, coverage(draws), people_coverage(draws), pair_errors(), family_errors(draws))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(f"{text}\n", encoding="utf-8")
    print(f"{text}\n\n{OUT.relative_to(Path.cwd())}, {time.monotonic() - start:.0f} s")


def report(draws: int, faces: Table, people: Table, pairs: Table, family: Table) -> str:
    """The tables as Markdown, with the day and the command."""
    cores = usable_cores()
    many = (f"n = {count}" for count in PAIR_FACES)
    return "\n\n".join(
        [
            f"Share of {draws} draws whose 95 % interval holds the true figure (± {43 / draws**0.5:.1f} points):",
            _markdown(("protocol", "people × faces", "true accuracy", *FIGURES.values(), "outside 93 to 97 %"), faces),
            "Why: " + "; ".join(f"**{letter}** {why}" for letter, why in REASONS.items()) + ".",
            f"The same of rates with people as the unit, their faces correlated by {CORRELATION}, {4 * draws} draws:",
            _markdown(("true rate", *(f"{many_people} × {each}" for many_people, each in PEOPLE_SIZES)), people),
            "How often one of the three answers is wrong where two accuracies differ by one point (5 % is meant):",
            _markdown(("answer", "they disagree on", *many), pairs),
            f"How often equally good methods are called different (5 % is meant), {draws} draws:",
            _markdown(("methods", "any two, McNemar and Holm", "the best against the rest, max-T"), family),
            f"Measured on {datetime.now(UTC):%d %B %Y} by `make check-statistics`: {processor()}, {cores} cores.",
        ]
    )


def coverage(draws: int) -> Table:
    """Share of draws whose 95 % interval holds the true figure, by protocol and size."""
    rows: Table = []
    for people, faces in SIZES:
        for protocol in _protocols(faces):
            for scale in SCALES:
                world = World.of(people, scale)
                truth = true_figures(world, protocol)
                rng = np.random.default_rng(people + round(100 * scale))
                held = [_held(world, protocol, truth, rng) for _ in range(draws)]
                shares = [_percent(np.mean([each[name] for each in held])) for name in FIGURES]
                name = protocol.kind if protocol.repeats == 1 else f"{protocol.kind} × {protocol.repeats}"
                found = (name, f"{people} × {faces}", _percent(truth["accuracy"]), *shares)
                rows.append((*found, reasons(found)))
    return rows


def reasons(row: tuple[str, ...]) -> str:
    """Letters of REASONS for the figures of a row of `coverage` that lie outside of 93 to 97 %."""
    accuracy, *shares = (float(each.split()[0]) for each in row[2:])
    found = set()
    for name, share in zip(FIGURES, shares, strict=True):
        if share < 93:
            found.add({"log_loss": "d", "macro_f1": "e"}.get(name, "c"))
        elif share > 97:
            found.add("a" if accuracy > 93 else "b")
    return ", ".join(sorted(found))


def people_coverage(draws: int) -> Table:
    """The same of DIR, FAR and operating points: people differ, so that a person's faces succeed or fail together."""
    rng = np.random.default_rng(0)
    rows: Table = []
    for rate in (0.01, 0.05, 0.95, 0.99):
        spread = (1 - CORRELATION) / CORRELATION
        shares = []
        for people, faces in PEOPLE_SIZES:
            names = np.repeat(np.arange(people), faces).astype(object)
            held = []
            for _ in range(4 * draws):
                own = rng.beta(rate * spread, (1 - rate) * spread, people)
                events = (rng.random((people, faces)) < own[:, None]).astype(float).ravel()
                held.append(_within(people_interval(events, names), rate))
            shares.append(_percent(np.mean(held)))
        rows.append((_percent(rate), *shares))
    return rows


def pair_errors(tables: int = 20_000) -> Table:
    """How often the three-way answer is wrong where two accuracies differ by exactly one point."""
    rng = np.random.default_rng(0)
    rows: Table = []
    for claim, place in (("practically the same", 1), ("better by more than a point", 0)):
        for disagree in (0.012, 0.03, 0.1):
            wrong = []
            for faces in PAIR_FACES:
                only = (disagree + ROPE) / 2, (disagree - ROPE) / 2
                cells = rng.multinomial(faces, [*only, 1 - disagree], tables)
                claimed = [_answers(int(b), int(c), faces)[place] >= SURE for b, c, _ in cells]
                wrong.append(_percent(np.mean(claimed)))
            rows.append((claim, _percent(disagree), *wrong))
    return rows


def family_errors(draws: int) -> Table:
    """How often any two of ten equally good methods are called different, alone and beside one that is worse."""
    rows: Table = []
    for faces in (60, 200):
        for worse in (0, 1):
            rng = np.random.default_rng(faces + worse)
            found = [_family(faces, worse, rng) for _ in range(draws)]
            case = f"{METHODS} equal" + (", one worse" if worse else "") + f"; n = {faces}"
            rows.append((case, *map(_percent, np.mean(found, axis=0))))
    return rows


def _family(faces: int, worse: int, rng: np.random.Generator) -> tuple[bool, bool]:
    """Whether Holm calls any two equals different, and whether max-T calls the best different from an equal."""
    accuracy = np.full(METHODS + worse, 0.93)
    accuracy[METHODS:] = 0.7
    hard = rng.normal(size=faces)  # what is hard for one is hard for all
    scatter = 0.8 * hard + 0.6 * rng.normal(size=(len(accuracy), faces))
    limit = np.quantile(np.random.default_rng(0).normal(size=100_000), accuracy)
    right = scatter < limit[:, None]
    pairs = [(i, j) for i in range(len(right)) for j in range(i)]
    adjusted = holm([mcnemar(*disagreements(right[i], right[j])) for i, j in pairs])
    equals = [p < 1 - LEVEL for (i, j), p in zip(pairs, adjusted, strict=True) if max(i, j) < METHODS]
    best = int(right[:METHODS].sum(axis=1).argmax())
    p_values = max_t(right.astype(float), np.arange(faces), FLIPS, int(rng.integers(1 << 30)))
    return any(equals), bool(np.any(np.delete(p_values[best, :METHODS], best) < 1 - LEVEL))


def _held(world: World, protocol: Protocol, truth: dict[str, float], rng: np.random.Generator) -> dict[str, bool]:
    test = answered(world, protocol, rng)
    faces = len(set(test.faces))
    found = bootstrap_intervals(test, REDRAWS, int(rng.integers(1 << 30)))
    found["accuracy"] = jeffreys(float(np.mean(test.right)) * faces, faces)
    return {name: _within(found[name], truth[name]) for name in FIGURES}


def _protocols(faces: int) -> Iterator[Protocol]:
    yield Protocol("holdout", faces)
    if faces >= 5:  # fewer than the folds are no k-fold
        yield Protocol("kfold", faces)
        yield Protocol("kfold", faces, repeats=3)


@functools.cache
def _answers(only_first: int, only_second: int, faces: int) -> tuple[float, float, float]:
    return three_way(only_first, only_second, faces)[1]


def _within(interval: Interval, value: float) -> bool:
    return interval[0] <= value <= interval[1]


def _percent(share: float | np.floating[Any]) -> str:
    return f"{100 * float(share):.1f} %"


def _markdown(head: tuple[str, ...], rows: Table) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else DRAWS)
