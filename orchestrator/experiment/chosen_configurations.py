"""Check what competes in an experiment: configurations, their parameters and their encoders exist."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.experiment.chosen_encoders import check_encoder, check_named_encoders, without_68_points
from storage.encoder_settings import KNOWN_ENCODERS, PlannedEncoder
from storage.errors import ExperimentError
from storage.experiments import MISSIONS_GRID, Experiment
from storage.validation import choices_hint, unknown_key
from workers.learning.configurations import AT, CONFIGURATIONS, find_configuration
from workers.recognition.encoder_scales import published_threshold


def known_configurations() -> tuple[str, ...]:
    """The names that may compete, the mission's grid first."""
    return tuple(dict.fromkeys((*MISSIONS_GRID, *CONFIGURATIONS)))


def take_parameters(parameters: Any) -> Any:
    """The tables `[parameters.NAME]` with each value as its family reads it; what is no table is returned as it is.

    Raises:
        ExperimentError: a parameter that the family has not, or a value out of its range.
    """
    if not isinstance(parameters, Mapping):
        return parameters
    return {
        name: _taken(name, changes) if isinstance(changes, Mapping) and changes else changes
        for name, changes in parameters.items()
    }


def _taken(name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    from workers.learning.families import FAMILIES

    plain = name.partition(AT)[0]
    _check_choice("configurations", plain, known_configurations())
    known = {each.name: each for each in FAMILIES[CONFIGURATIONS[plain].family].parameters}
    if not known:
        raise ExperimentError(f"parameters.{name}: {name} has no parameters", "Remove the table.")
    taken = {}
    for key, value in changes.items():
        where = f"parameters.{name}.{key}"
        if key not in known:
            raise ExperimentError(*unknown_key(where, [f"parameters.{name}.{each}" for each in known]))
        try:
            taken[key] = known[key].taken(value)
        except ValueError as error:
            raise ExperimentError(f"{where} = {value!r}", f"It must be {known[key].rule}.") from error
    return taken


def check_configurations(experiment: Experiment) -> None:
    """Raise ExperimentError unless all that competes is known and is named once."""
    names = experiment.configurations
    for name in names:
        _check_name(name, known_configurations(), experiment)
        if names.count(name) > 1:
            raise ExperimentError(f"configurations: {name!r} is named twice", "Name it once.")
    check_named_encoders(experiment.encoders)
    for name in experiment.parameters:
        _check_choice("parameters", name, names)


def _check_name(name: str, known: Collection[str], experiment: Experiment) -> None:
    """NAME is one of `known`; NAME@ENCODER learns from measurements, and its encoder can be used."""
    plain, at, encoder = name.partition(AT)
    _check_choice("configurations", plain, known)
    if not at:
        return
    able = [each for each in known if find_configuration(each).view == "embedding"]
    if plain not in able:
        hint = f"Of an encoder's measurements these can learn: {', '.join(able)}."
        raise ExperimentError(f"configurations: {name!r}: {plain} does not learn from measurements", hint)
    check_encoder(f"configurations: {name!r}", encoder, experiment.encoders)
    if "threshold" in find_configuration(name).parameters and "threshold" not in experiment.parameters.get(name, {}):
        _check_published(name, encoder, {**KNOWN_ENCODERS, **experiment.encoders})


def check_five_points(experiment: Experiment) -> None:
    """Raise ExperimentError where a configuration needs the 68 points and the face engine has five."""
    aligned = _aligned(experiment.configurations)
    if experiment.faces.landmarks == "5" and aligned:
        raise ExperimentError(*without_68_points(f"{', '.join(aligned)} learn from aligned faces"))


def possible_by_default(experiment: Experiment) -> Experiment:
    """The experiment of a file that names no configurations: without those that `landmarks = "5"` makes impossible."""
    if experiment.faces.landmarks != "5":
        return experiment
    aligned = _aligned(experiment.configurations)
    return replace(experiment, configurations=tuple(n for n in experiment.configurations if n not in aligned))


def _aligned(names: Sequence[str]) -> list[str]:
    return [name for name in names if find_configuration(name).view == "aligned"]


def _check_published(name: str, encoder: str, known: Mapping[str, PlannedEncoder]) -> None:
    if published_threshold(encoder, known) is None:
        raise ExperimentError(
            f"configurations: {name!r}: no threshold is published for the encoder {encoder}",
            f'Set [parameters."{name}"] threshold, a distance.',
        )


def _check_choice(key: str, value: str, choices: Collection[str]) -> None:
    if value not in choices:
        raise ExperimentError(f"{key}: {value!r}", choices_hint(value, choices))
