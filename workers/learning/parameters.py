"""What a family of models may be told: a parameter's name, its type and its range."""

from __future__ import annotations

import math
from dataclasses import dataclass

Value = str | int | float | bool


@dataclass(frozen=True)
class Whole:
    """A whole number from `least` to `most`."""

    name: str
    least: int
    most: int

    @property
    def rule(self) -> str:
        """What it must be, in words."""
        return f"a whole number from {self.least} to {self.most}"

    def taken(self, value: object) -> Value:
        """The value as the family reads it; raises ValueError with the rule."""
        if isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most:
            return value
        raise ValueError(self.rule)


@dataclass(frozen=True)
class Real:
    """A number up to `most`, from `least`, or above it where `least` itself makes no sense."""

    name: str
    least: float = 0.0
    most: float = math.inf
    least_fits: bool = False

    @property
    def rule(self) -> str:
        """What it must be, in words."""
        bottom = f"{'at least' if self.least_fits else 'above'} {self.least:g}"
        return f"a number {bottom}" + (f" and at most {self.most:g}" if math.isfinite(self.most) else "")

    def taken(self, value: object) -> Value:
        """The value as a float; raises ValueError with the rule."""
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            bottom = self.least <= value if self.least_fits else self.least < value
            if bottom and value <= self.most:
                return float(value)
        raise ValueError(self.rule)


@dataclass(frozen=True)
class YesNo:
    """True or false."""

    name: str

    @property
    def rule(self) -> str:
        """What it must be, in words."""
        return "true or false"

    def taken(self, value: object) -> Value:
        """The value; raises ValueError with the rule."""
        if isinstance(value, bool):
            return value
        raise ValueError(self.rule)


@dataclass(frozen=True)
class OneOf:
    """One of some words."""

    name: str
    choices: tuple[str, ...]

    @property
    def rule(self) -> str:
        """What it must be, in words."""
        return " or ".join(self.choices)

    def taken(self, value: object) -> Value:
        """The value; raises ValueError with the rule."""
        if isinstance(value, str) and value in self.choices:
            return value
        raise ValueError(self.rule)


Parameter = Whole | Real | YesNo | OneOf
