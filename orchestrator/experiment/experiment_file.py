"""Read an experiment file: TOML in, a checked `storage.experiments.Experiment` out.

Types and ranges are pydantic's work; configurations and their parameters are checked against what this version knows.
Every error is an ExperimentError that names the key, the value, and the rule or the choices.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from orchestrator.experiment.chosen_configurations import (
    check_configurations,
    check_five_points,
    possible_by_default,
    take_parameters,
)
from storage.errors import ExperimentError, LineupError
from storage.experiments import Experiment
from storage.runs import list_runs, open_run
from storage.toml_text import parse_toml, toml_text
from storage.validation import did_you_mean, explain

TEMPLATE = (files("orchestrator.experiment") / "template.toml").read_text(encoding="utf-8")
"""The commented file that `lineup init` writes; it states every default."""


def from_toml(text: str, source_name: str = "experiment.toml") -> Experiment:
    """Read an experiment file.

    Raises:
        ExperimentError: not TOML, an unknown key, or an impossible value; begins with source_name.

    >>> experiment = from_toml('configurations = ["knn-1"]\\n[protocol]\\nkind = "kfold"')
    >>> experiment.configurations, experiment.protocol.folds
    (('knn-1',), 5)
    >>> from_toml('configurations = ["knn-1"]\\nsead = 1')
    Traceback (most recent call last):
    storage.errors.ExperimentError: experiment.toml: unknown key: 'sead'. Did you mean 'seed'?...
    """
    try:
        content = parse_toml(text)
    except ValueError as fault:
        raise ExperimentError(
            f"{source_name}: not a TOML file that can be used: {fault}", "See `lineup init`."
        ) from fault
    try:
        return from_dict(content)
    except ExperimentError as fault:
        raise ExperimentError(f"{source_name}: {fault.what}", fault.hint) from fault


def from_dict(plain: Mapping[str, Any]) -> Experiment:
    """The experiment of a parsed TOML or JSON file; raises ExperimentError."""
    try:
        experiment = Experiment(**{**plain, "parameters": take_parameters(plain.get("parameters", {}))})
    except ValidationError as error:
        raise ExperimentError(*explain(error, Experiment)) from error
    check_configurations(experiment)
    if "configurations" not in plain:
        return possible_by_default(experiment)
    check_five_points(experiment)
    return experiment


def named_experiment(name: Path, store: Callable[[], Path]) -> Experiment:
    """The experiment of a file, or of a run where no file has the name; raises ExperimentError.

    Args:
        store: gives the folder of the store in which the run is looked up.
    """
    is_there = os.path.lexists(name)
    if not is_there and (earlier := _experiment_of_run(str(name), store)):
        return earlier
    try:
        return from_toml(toml_text(name), str(name))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        near = "" if is_there else did_you_mean(str(name), list_runs(store()))
        raise ExperimentError(f"{name} cannot be read: {why}", f"{near}`lineup init` writes a new one") from error


def _experiment_of_run(name: str, store: Callable[[], Path]) -> Experiment | None:
    try:
        return open_run(store(), name).plan.experiment
    except LineupError:
        return None  # then the name is that of a file, which is not there
