"""Checks of single keys of the experiment file: each names the key, the value and the choices."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from storage.errors import ExperimentError


def take_table(kind: type, plain: object, where: str) -> dict[str, Any]:
    """The entries of a parsed table as keyword arguments of the dataclass `kind`, whole numbers made floats.

    Raises:
        ExperimentError: not a table, an unknown key, or a value of another type.
    """
    if not isinstance(plain, Mapping):
        raise ExperimentError(f"{where} must be a table", f"Write [{where}] and its keys below.")
    prefix = f"{where}." if where else ""
    hints = get_type_hints(kind)
    taken: dict[str, Any] = {}
    for key, value in plain.items():
        choice("unknown key", f"{prefix}{key}", [prefix + known.name for known in fields(kind)])
        expected = hints[key]
        if expected is float and fits(value, int):
            value = float(value)
        if expected in (str, int, float, bool) and not fits(value, expected):
            raise ExperimentError(f"{prefix}{key} = {value!r} is of the wrong type", f"It must be {_word(expected)}.")
        taken[key] = value
    return taken


def fits(value: object, kind: Any) -> bool:
    """Whether a value is of a plain type (or union); a boolean is no number, nor are NaN and infinity."""
    kinds = get_args(kind) or (kind,)
    return type(value) in kinds and (not isinstance(value, float) or abs(value) < float("inf"))


def fits_list(value: object, kind: Any) -> bool:
    """Whether a value is a list of one plain type."""
    return isinstance(value, list | tuple) and all(fits(each, kind) for each in value)


def choice(key: str, value: str, choices: Collection[str]) -> None:
    """Raise ExperimentError unless `value` is one of `choices`, with the nearest one suggested."""
    if value in choices:
        return
    near = difflib.get_close_matches(value, choices, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise ExperimentError(f"{key}: {value!r}", f"{hint}The choices are {', '.join(choices)}.")


def share(key: str, value: float, rule: str, holds: bool) -> None:
    """Raise ExperimentError unless the rule holds."""
    if not holds:
        raise ExperimentError(f"{key} = {value}", f"It must be a share: {rule}.")


def at_least(key: str, value: float, least: float, most: float | None = None) -> None:
    """Raise ExperimentError unless least <= value <= most."""
    if value < least or (most is not None and value > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ExperimentError(f"{key} = {value}", f"It must be {limits}.")


def _word(kind: type) -> str:
    return {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}[kind]
