"""What is wrong with a validated object, in one sentence: the key, the value, the rule or the choices.

All settings, experiments and plans are validated by pydantic; this module holds the number types that they share,
and turns a `ValidationError` into the two sentences of a `LineupError`. It knows no particular model.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import is_dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, Tag, ValidationError

TAG = "tag:"
"""Begins the tags of a union's members; they are places in pydantic's errors, and no keys of a file."""

FORBID_EXTRA = ConfigDict(extra="forbid")

# strict: true is no number, and 2.0 is no whole one; a whole number may stand for a real one and becomes it
Count = Annotated[int, Field(strict=True, ge=1)]
Natural = Annotated[int, Field(strict=True, ge=0)]
Seconds = Annotated[int, Field(strict=True, ge=1, le=2_678_400)]  # up to 31 days
Side = Annotated[int, Field(strict=True, ge=1, le=100_000)]  # of a side
Seed = Annotated[int, Field(strict=True, ge=0, le=2**32 - 1)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
InnerShare = Annotated[float, Field(strict=True, gt=0, lt=1, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]

BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
UNKNOWN_KEY = ("unexpected_keyword_argument", "extra_forbidden")


def explain(error: ValidationError, model: type) -> tuple[str, str]:
    """What is wrong, naming key and value, and a hint with the rule or the choices.

    Args:
        model: the class whose construction raised the error.
    """
    faults = error.errors()
    fault = next((each for each in faults if each["type"] in UNKNOWN_KEY), faults[0])
    place = list(fault["loc"])
    if place and place[-1] == "[key]":  # the mapping's key itself is wrong, and is the value that is told
        place = place[:-2]
    key = ".".join(part for part in place if isinstance(part, str) and not part.startswith(TAG))
    value, kind = fault["input"], _type_at(model, place)
    match fault["type"]:
        case "unexpected_keyword_argument" | "extra_forbidden":
            prefix = key.rpartition(".")[0]
            known = _keys(_type_at(model, place[:-1]))
            return unknown_key(key, [f"{prefix}.{name}" if prefix else name for name in known])
        case "literal_error":
            return f"{key}: {value!r:.80}", choices_hint(str(value), get_args(kind))
        case "dataclass_type" | "dict_type":
            return f"{key} must be a table", f"Write [{key}] and its keys below."
        case "tuple_type":
            return f"{key} must be a list", 'Such as ["NAME", "NAME"].'
        case "string_type" if place and isinstance(place[-1], int):
            return f"{key} must be a list of names", 'Such as ["NAME", "NAME"].'
        case "missing":
            return f"{key} is missing", ""
        case "too_long":
            return f"{key} has too many values", f"At most {fault['ctx']['max_length']}."
        case "too_short":
            return f"{key} is empty", "Name at least one."
        case "value_error":
            return f"{key}: {value!r:.80}", f"{fault['ctx']['error']}."
    return f"{key} = {value!r:.80}", f"It must be {rule_of(kind)}."


def unknown_key(key: str, known: Collection[str]) -> tuple[str, str]:
    """The two sentences about a key that there is not."""
    return f"unknown key: {key!r}", choices_hint(key, known)


def choices_hint(value: str, choices: Collection[str]) -> str:
    """The choices, and before them the one that is spelt nearly so."""
    return f"{did_you_mean(value, choices)}The choices are {', '.join(choices)}."


def did_you_mean(value: str, choices: Collection[str]) -> str:
    """A question that names the choice that is spelt nearly so, and a blank; empty where there is none.

    >>> did_you_mean("svm-liner", ["knn-1", "svm-linear"])
    "Did you mean 'svm-linear'? "
    """
    by_letters = {choice.casefold(): choice for choice in choices}
    near = difflib.get_close_matches(value.casefold(), by_letters, n=1)
    return f"Did you mean {by_letters[near[0]]!r}? " if near else ""


def rule_of(kind: Any) -> str:
    """What a value of this (annotated) type must be, in words: "a whole number from 1 to 100"."""
    plain, bounds = _plain(kind), _bounds(kind)
    if plain is int:
        if "ge" in bounds and "le" in bounds:
            return f"a whole number from {bounds['ge']} to {bounds['le']}"
        return f"a whole number, at least {bounds['ge']}" if "ge" in bounds else "a whole number"
    if plain is float:
        rules = [f"{word} {bounds[name]:g}" for name, word in BOUNDS.items() if name in bounds]
        return f"a number {' and '.join(rules)}".rstrip()
    if get_origin(plain) is Literal:
        return " or ".join(get_args(plain))
    return {bool: "true or false", str: "a string"}.get(plain, "a string, a number, or true or false")


def _bounds(kind: Any) -> dict[str, float]:
    notes = [each for note in getattr(kind, "__metadata__", ()) for each in getattr(note, "metadata", ())]
    return {name: getattr(note, name) for note in notes for name in BOUNDS if hasattr(note, name)}


def _type_at(model: Any, place: Collection[str | int]) -> Any:
    """The declared type at a place inside a model, with its annotations where it is a leaf."""
    kind = model
    for part in place:
        if isinstance(part, str) and part.startswith(TAG):
            kind = next(each for each in get_args(_plain(kind)) if Tag(part) in getattr(each, "__metadata__", ()))
            continue
        plain = _plain(kind)
        if is_dataclass(plain) or (isinstance(plain, type) and issubclass(plain, BaseModel)):
            kind = get_type_hints(plain, include_extras=True).get(str(part))
        else:  # a mapping's values, or a tuple's elements
            arguments = [each for each in get_args(plain) if each is not Ellipsis]
            kind = arguments[-1] if get_origin(plain) in (Mapping, dict) else arguments[0] if arguments else None
    return kind if _bounds(kind) else _plain(kind)


def _plain(kind: Any) -> Any:
    """A type without its annotations, and without None."""
    while hasattr(kind, "__metadata__"):
        kind = get_args(kind)[0]
    able = [each for each in get_args(kind) if each is not type(None)]
    return able[0] if type(None) in get_args(kind) and len(able) == 1 else kind


def _keys(model: Any) -> list[str]:
    return list(model.model_fields if issubclass(model, BaseModel) else model.__dataclass_fields__)
