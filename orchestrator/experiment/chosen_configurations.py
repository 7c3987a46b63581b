"""What competes in an experiment: configurations by name, each with the parameters that differ from its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.experiment.validation import choice, fits_list
from storage.errors import ExperimentError
from workers.learning.parameters import Value

MISSIONS_GRID = (
    "cnn-small-crop",
    "cnn-small-aligned",
    "dense",
    "knn-1",
    "knn-3",
    "knn-7",
    "svm-linear",
    "svm-rbf",
    "logistic-regression",
    "majority",
    "nearest-centroid",
    "threshold-1nn",
)


@dataclass(frozen=True)
class Entry:
    """A competitor: a configuration's name and the parameters that differ from its own, sorted."""

    name: str
    overrides: tuple[tuple[str, Value], ...] = ()


def known_configurations() -> tuple[str, ...]:
    """The names that may compete, the mission's grid first."""
    from workers.learning.configurations import CONFIGURATIONS

    return tuple(dict.fromkeys((*MISSIONS_GRID, *CONFIGURATIONS)))


def read_entries(names: object, overrides: object) -> tuple[Entry, ...]:
    """The list `configurations` and the tables `[parameters.NAME]` of an experiment file; raises ExperimentError."""
    if not isinstance(names, list) or not fits_list(names, str):
        raise ExperimentError("configurations must be a list of names", f'Such as ["{MISSIONS_GRID[3]}"].')
    if not isinstance(overrides, Mapping):
        raise ExperimentError("parameters must be a table", "Such as [parameters.knn-3].")
    for name, parameters in overrides.items():
        choice("parameters", name, tuple(names))
        if not isinstance(parameters, Mapping):
            raise ExperimentError(f"parameters.{name} must be a table", f"Such as [parameters.{name}].")
    return tuple(Entry(name, tuple(sorted(_changes(name, overrides.get(name, {})).items()))) for name in names)


def _changes(name: str, parameters: Mapping[str, object]) -> dict[str, Value]:
    """The parameters of one configuration as its family takes them; raises ExperimentError."""
    if not parameters:
        return {}
    from workers.learning.configurations import AT, CONFIGURATIONS
    from workers.learning.families import FAMILIES

    plain = name.partition(AT)[0]
    choice("configurations", plain, known_configurations())
    known = {each.name: each for each in FAMILIES[CONFIGURATIONS[plain].family].parameters}
    if not known:
        raise ExperimentError(f"parameters.{name}: {name} has no parameters", "Remove the table.")
    taken: dict[str, Value] = {}
    for key, value in parameters.items():
        where = f"parameters.{name}.{key}"
        choice("unknown key", where, [f"parameters.{name}.{each}" for each in known])
        try:
            taken[key] = known[key].taken(value)
        except ValueError as rule:
            raise ExperimentError(f"{where} = {value!r}", f"It must be {rule}.") from None
    return taken
