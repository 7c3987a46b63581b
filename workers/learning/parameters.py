"""Parameters of the model families: name, type and range of each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from storage.experiments import Value
from storage.validation import Flag, rule_of


@dataclass(frozen=True)
class Parameter:
    """A parameter of a family.

    Attributes:
        name: its key in `[parameters.NAME]`.
        kind: its annotated type.
    """

    name: str
    kind: Any

    @property
    def rule(self) -> str:
        """What it must be, in words."""
        return rule_of(self.kind)

    def taken(self, value: object) -> Value:
        """The value as the family reads it, a whole number for a real one as a float; raises ValueError."""
        found: Value = TypeAdapter(self.kind).validate_python(value)
        return found


def whole(name: str, least: int, most: int) -> Parameter:
    """A whole number from `least` to `most`."""
    return Parameter(name, Annotated[int, Field(strict=True, ge=least, le=most)])


def real(name: str, most: float = math.inf) -> Parameter:
    """A number above 0, up to `most`."""
    upper = most if math.isfinite(most) else None
    return Parameter(name, Annotated[float, Field(strict=True, gt=0, le=upper, allow_inf_nan=False)])


def real_or_zero(name: str, most: float) -> Parameter:
    """A number from 0 to `most`."""
    return Parameter(name, Annotated[float, Field(strict=True, ge=0, le=most, allow_inf_nan=False)])


def yes_no(name: str) -> Parameter:
    """True or false."""
    return Parameter(name, Flag)


def one_of(name: str, *choices: str) -> Parameter:
    """One of some words."""
    return Parameter(name, Literal[choices])
