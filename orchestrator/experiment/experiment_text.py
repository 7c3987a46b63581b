"""An experiment as the text of an experiment file: `from_toml` reads it back as an equal experiment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(plain: Mapping[str, Any]) -> str:
    """The TOML of `Experiment.plain()`, every default stated.

    >>> print(to_toml({"seed": 42, "configurations": ["knn-1"], "protocol": {"kind": "kfold"}}))
    seed = 42
    configurations = ["knn-1"]
    <BLANKLINE>
    [protocol]
    kind = "kfold"
    <BLANKLINE>
    """
    return "\n".join(_lines(plain, ())) + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    """Values first, then tables below their heads: what follows a head belongs to it."""
    plain = {key: value for key, value in table.items() if value is not None}  # TOML has no null
    lines = [f"{_key(key)} = {_value(value)}" for key, value in plain.items() if not isinstance(value, Mapping)]
    for key, value in plain.items():
        if isinstance(value, Mapping) and value:
            head = (*path, _key(key))
            lines += ["", f"[{'.'.join(head)}]", *_lines(value, head)]
    return lines


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(each) for each in value)}]"
    if isinstance(value, str):  # JSON leaves this one letter as it is; TOML does not allow it
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
