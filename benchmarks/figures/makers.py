"""The figures by name: which runs they are made from, and what is shown of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.figures.comparisons import DRAWN, Compared, Runner, lineup
from benchmarks.figures.encoder_tables import encoder_names, encoders_table
from benchmarks.figures.outputs import OUTPUTS, output_figure
from benchmarks.figures.run_tables import (
    accuracy_table,
    made,
    markdown,
    operating_table,
    points_of_run,
    recommendation,
    rows_of,
    shots_table,
    terminal,
    times_table,
)
from benchmarks.figures.tour import tour_answer, tour_identify, tour_runs
from orchestrator.report.terminal import NOTHING, percent
from storage.runs import Run
from workers.learning.configurations import CONFIGURATIONS, UNKNOWN

GROUP_PHOTOS = "group-photos"
"""Photos of people whom no run knows."""


def experiment(names: list[str], *protocol: str) -> str:
    """The text of an experiment file."""
    return "\n".join([f"configurations = {json.dumps(names)}", "", "[protocol]", *protocol]) + "\n"


ALL = list(CONFIGURATIONS)
CNNS = [name for name in ALL if name.startswith("cnn-")]
NO_PICTURES = [name for name in ALL if name not in CNNS]
"""The classical configurations and the dense network."""

KFOLD = ('kind = "kfold"', "repeats = 3")
GROUPED = ["svm-linear", "knn-1", "logistic-regression", "lda", "nearest-centroid"]
COMPARED = ["svm-linear", "logistic-regression", "lda", "knn-1", "cosine-centroid"]
"""On each encoder."""

SHOTS = ["knn-1", "knn-3", "svm-linear", "svm-rbf", "logistic-regression", "lda", "nearest-centroid"]

DEMO = Compared("demo", DRAWN)
MISSION = Compared("jurassic-park-split", "jurassic-park", experiment(ALL))
NETWORKS = Compared("networks-kfold", "jurassic-park", experiment([*CNNS, "majority"], 'kind = "kfold"', "folds = 4"))
JURASSIC_PARK = Compared("jurassic-park-kfold", "jurassic-park", experiment(NO_PICTURES, *KFOLD))
BUBBLE = Compared("bubble-kfold", "bubble", experiment(NO_PICTURES, *KFOLD))
BUBBLE_CHECKED = Compared("bubble-without-suspects", "bubble", experiment(NO_PICTURES, *KFOLD), BUBBLE)
ORL = Compared("orl-k-shot", "orl", experiment(SHOTS, 'kind = "k-shot"', "shots = [1, 2, 4, 8]"))
ENCODED = [
    Compared(f"encoders-{photos}", photos, experiment(encoder_names(COMPARED), 'kind = "kfold"', "folds = 5"))
    for photos in ("jurassic-park", "bubble", "orl")
]
APART = Compared("grouping-report", "jurassic-park", experiment(GROUPED, *KFOLD, 'near_duplicates = "report"'))
TOGETHER = Compared("grouping-group", "jurassic-park", experiment(GROUPED, *KFOLD, 'near_duplicates = "group"'))


@dataclass(frozen=True)
class Figure:
    """The text of a figure, without its last line, from finished runs."""

    runs: tuple[Compared, ...]
    text: Callable[..., str]
    slow: bool = False  # made only where it is named


def content(name: str, runner: Runner) -> str:
    """The figure as docs/figures holds it; raises SourceMissing."""
    if name in OUTPUTS:
        return output_figure(OUTPUTS[name])
    figure = FIGURES[name]
    runs = [runner.finished(wanted) for wanted in figure.runs]
    given = [runner] if figure.text is strangers else []
    return f"{figure.text(*given, *runs)}\n\n{made(f'make figures ONLY={name}', *runs)}\n"


def ranked(run: Run) -> str:
    """The recommendation and the accuracies."""
    return f"{recommendation(run)}\n\n{accuracy_table(run)}"


def ranked_with_thresholds(run: Run) -> str:
    """The same, and what the configurations do at their thresholds."""
    return f"{ranked(run)}\n\n{operating_table(run)}"


def curve(run: Run) -> str:
    """The recommendation and the accuracy at each number of photos."""
    return f"{recommendation(run)}\n\n{shots_table(run)}"


def grouping(apart: Run, together: Run) -> str:
    """Accuracies with near-duplicates on both sides of a split, and on one."""
    accuracies = [{row["configuration"]: row["accuracy"] for row in rows_of(run)} for run in (apart, together)]
    return markdown(
        ("", "near-duplicates may be on both sides", "near-duplicates in one group"),
        [(name, *(percent(found[name]) for found in accuracies)) for name in accuracies[0]],
    )


def strangers(runner: Runner, *runs: Run) -> str:
    """How many faces of people whom a run does not know its recommended model names."""
    photos = sorted(str(path) for path in runner.folder(GROUP_PHOTOS).iterdir())
    rows = []
    for run in runs:
        found = json.loads(lineup("identify", *photos, "--run", run.run_id, "--json", "--quiet"))
        names = [face["name"] for photo in found["photos"] for face in photo["faces"]]
        chosen = next((row["configuration"] for row in rows_of(run) if row["recommended"]), "")
        own = points_of_run(run).get(chosen, {}).get("known_named")
        rows.append((run.run_id, chosen or NOTHING, percent(own), str(len(names)), count_known(names)))
    head = ("run", "recommended", "its people's held-out faces, named", f"faces in {GROUP_PHOTOS}", "of them, named")
    return markdown(head, rows)


def count_known(names: list[str]) -> str:
    """How many of the names are a person's."""
    return str(sum(name != UNKNOWN for name in names))


FIGURES = {
    "demo": Figure((DEMO,), terminal),
    "tour-answer": Figure((DEMO,), tour_answer),
    "tour-identify": Figure((DEMO,), tour_identify),
    "tour-runs": Figure((DEMO,), tour_runs),
    "missions-split": Figure((MISSION,), ranked),
    "operating-points": Figure((MISSION,), operating_table),
    "fit-times": Figure((MISSION,), times_table),
    "kfold-jurassic-park": Figure((JURASSIC_PARK,), ranked_with_thresholds),
    "kfold-bubble": Figure((BUBBLE,), ranked_with_thresholds),
    "bubble-without-suspects": Figure((BUBBLE_CHECKED,), ranked_with_thresholds),
    "strangers": Figure((MISSION, JURASSIC_PARK, BUBBLE, BUBBLE_CHECKED), strangers),
    "k-shot-orl": Figure((ORL,), curve),
    "grouping": Figure((APART, TOGETHER), grouping),
    "encoders": Figure(tuple(ENCODED), encoders_table),
    "networks-kfold": Figure((NETWORKS,), accuracy_table, slow=True),
}
"""Those that are made from runs, in this order."""

NAMES = (*FIGURES, *OUTPUTS)
