"""Whether the stored results of a run were computed with different versions or processors.

Then scores may differ by rounding, which is told and not refused (`workers/numeric_environment.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from storage.parts import list_parts, read_parts
from storage.runs import Run
from storage.schemas import CATALOG, EFFORTS, FITS
from storage.tables import read_table
from workers.jobs.photo_paths import submitted_photos
from workers.numeric_environment import INSTRUCTIONS, PROCESSOR, differences, environment_of

_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}
_KINDS = {PROCESSOR: "kinds of processor", INSTRUCTIONS: "instruction sets"}


def mixed_sentence(run: Run) -> str:
    """In one sentence, with what different versions or processors a run was computed; empty where all were the same.

    Results that were stored before environments were noted do not count.
    """
    return sentence_of(environments_used(run))


def environments_used(run: Run) -> tuple[str, ...]:
    """The environments that encoded the run's photos and trained its configurations, sorted."""
    fits = _known(read_parts(list_parts(run.fits), FITS, ["environment"]))
    efforts = list_parts(run.encodings / "efforts")
    encoded = _known(read_parts(efforts, EFFORTS, ["environment"]))
    if len(fits | encoded) > 1:  # other runs share the encodings: only this run's photos count
        rows = read_parts(efforts, EFFORTS, ["photo_key", "environment"])
        mine = pa.array(sorted(submitted_photos(read_table(run.catalog, CATALOG))), pa.string())
        encoded = _known(rows.filter(pc.is_in(rows["photo_key"], mine)))
    return tuple(sorted(fits | encoded))


def _known(table: pa.Table) -> set[str]:
    return set(pc.unique(pc.cast(table["environment"], pa.string())).to_pylist()) - {None, ""}


def sentence_of(environments: Iterable[str]) -> str:
    """The sentence about these environments; empty where they do not differ."""
    found = differences(map(environment_of, environments))
    if not found:
        return ""
    parts = [f"{_many(name, len(values))} ({' / '.join(values)})" for name, values in found.items()]
    return f"Results were computed with {', '.join(parts)}: scores may differ by rounding."


def _many(name: str, count: int) -> str:
    return f"{_NUMBERS.get(count, count)} {_KINDS.get(name, f'versions of {name}')}"
