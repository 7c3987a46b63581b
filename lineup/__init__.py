"""Lineup from Python: compare methods on a folder of photos, name faces with the winner, use the parts in scikit-learn.

    result = lineup.run("photos/")                  one sub-folder a person
    result.recommendation, result.comparison        what to use; the table, as a DataFrame
    result.identify("party.jpg")                    the faces of a photo, named

The command `lineup` and this package do the same work in the same store. Everything is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from storage.errors import LineupError

if TYPE_CHECKING:
    from lineup.result import IdentifiedFace, Result
    from lineup.sklearn_classifier import Classifier
    from lineup.sklearn_encoder import Encoder
    from lineup.start_run import open_run, run, runs

_PLACES = {
    "run": "start_run",
    "open_run": "start_run",
    "runs": "start_run",
    "Result": "result",
    "IdentifiedFace": "result",
    "Encoder": "sklearn_encoder",
    "Classifier": "sklearn_classifier",
}

__all__ = ["Classifier", "Encoder", "IdentifiedFace", "LineupError", "Result", "open_run", "run", "runs"]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'lineup' has no attribute {name!r}")
    found = getattr(importlib.import_module(f"lineup.{_PLACES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
