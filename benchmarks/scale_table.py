"""The table of `make scale`, and its line of origin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

ROLES = ("client", "orchestrator", "broker", "image worker", "training worker")
IDLE = ("training worker, to the table of faces", "training worker, to the splits")
"""Stages before that role has any work."""

FOLDERS = ("encodings/faces", "encodings/efforts", "run/faces.parquet", "run/scores", "run/splits.parquet")


def scale_table(found: dict[str, Any]) -> str:
    """The sizes side by side as Markdown, and when and where they were measured.

    Args:
        found: of build/scale/scale.json: the machine, and by size what was measured (`scale_run.Measured`).
    """
    sizes = sorted(found["sizes"].values(), key=lambda each: each["photos"])
    loads = [load for each in sizes for load in each["loads"]]
    load = f", load {min(loads):.0f} to {max(loads):.0f}" if loads else ""
    days = ", ".join(dict.fromkeys(each["day"] for each in sizes))
    origin = f"Measured on {days} by `make scale`: {found['machine']}{load}."
    return "\n".join([*_rows(sizes), "", origin])


def _rows(sizes: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield "| | " + " | ".join(f"{each['photos']:,}" for each in sizes) + " |"
    yield "|---|" + "---|" * len(sizes)
    stages = [name for each in sizes for name in each["peaks"] if name not in (*ROLES, *IDLE)]
    for role in ROLES:
        for name in (role, *(each for each in dict.fromkeys(stages) if each.startswith(f"{role}, "))):
            yield _row(f"memory of the {name}, MB", [_megabytes(each["peaks"].get(name)) for each in sizes])
    for name in dict.fromkeys(name for each in sizes for name in each["seconds"]):
        yield _row(f"{name}, s", [each["seconds"].get(name) for each in sizes])
    for name in dict.fromkeys(name for each in sizes for name in each["rates"]):
        yield _row(name, [each["rates"].get(name) for each in sizes])
    for folder in FOLDERS:
        yield _row(f"bytes a photo in `{folder}`", [_of_a_photo(each, folder) for each in sizes])
    yield _row("bytes a photo in the store", [_of_a_photo(each, *each["bytes_by_folder"]) for each in sizes])
    yield _row("objects at the end", [each["objects"] or None for each in sizes])
    yield _row("objects at most", [each["most_objects"] or None for each in sizes])


def _megabytes(peak: int | None) -> float | None:
    return None if peak is None else peak / 1e6


def _of_a_photo(measured: dict[str, Any], *folders: str) -> float | None:
    total = sum(measured["bytes_by_folder"].get(folder, 0) for folder in folders)
    return total / measured["photos"] if total else None


def _row(name: str, values: Sequence[float | None]) -> str:
    shown = ["" if value is None else f"{value:,.0f}" if value >= 99.5 else f"{value:.2g}" for value in values]
    return f"| {name} | " + " | ".join(shown) + " |"
