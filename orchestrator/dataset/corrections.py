"""Corrections of labels: a suspects.csv of an earlier run in which a person has filled in the column action.

    relabel      the photo gets the label of the column suggested
    leave-out    the photo takes no part
    (empty)      nothing is changed

A line names a photo by its path; all photos with the same bytes and label are corrected with it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from orchestrator.dataset.csv_file import csv_rows, without_apostrophe
from orchestrator.text import counted, examples, shown_name
from storage.errors import DatasetError
from storage.schemas import EXCLUDED

RELABEL, LEAVE_OUT = "relabel", "leave-out"
ACTIONS = (RELABEL, LEAVE_OUT)
_RELABELLED, _LEFT_OUT = "relabelled from ", "left out, as "

Row = dict[str, Any]


@dataclass(frozen=True)
class _Line:
    """A line with an action.

    Attributes:
        where: the file and the line, for errors.
        action: one of ACTIONS.
        label: the label that the file says the photo has; empty where it does not say.
        suggested: the label that the photo gets.
    """

    where: str
    action: str
    label: str
    suggested: str


def apply_corrections(rows: Sequence[Row], file: Path) -> str:
    """Change catalogue rows in place, and say in a sentence what was changed.

    Raises:
        DatasetError: a line names no photo or person of the catalogue, an unknown action, or another label than the
            photo has; nothing is changed then.
    """
    lines, count = _read(file)
    name = shown_name(file.name)
    if not lines:
        return f"{name}: {counted(count, 'row')}, none has an action: nothing is corrected."
    _check(rows, lines)
    changes = {(row["photo_key"], row["label"]): lines[row["path"]] for row in rows if row["path"] in lines}
    done = dict.fromkeys(ACTIONS, 0)
    for row in rows:
        line = lines.get(row["path"]) or changes.get((row["photo_key"], row["label"]))
        if line is not None:
            _correct(row, line, name)
            done[line.action] += 1
    others = f" {counted(count - len(lines), 'row')} without an action changed nothing." if count > len(lines) else ""
    return f"{name}: {_summary(done)}.{others}"


def has_actions(file: Path) -> bool:
    """Whether a line of a suspects.csv has an action; raises DatasetError where it cannot be read as one."""
    return bool(_read(file)[0])


def corrected_photos(catalog: pa.Table) -> list[tuple[str, str, str]]:
    """(path, label, reason) of each photo of a catalogue that was corrected, by path."""
    columns = (catalog[name].to_pylist() for name in ("path", "label", "reason"))
    return sorted(row for row in zip(*columns, strict=True) if row[2].startswith((_RELABELLED, _LEFT_OUT)))


def corrections_sentence(photos: Sequence[tuple[str, str, str]]) -> str:
    """How many photos were corrected, of `corrected_photos`; empty for none."""
    relabelled = sum(reason.startswith(_RELABELLED) for _, _, reason in photos)
    files = sorted({reason.rpartition(", as ")[2].removesuffix(" says") for _, _, reason in photos})
    done = {RELABEL: relabelled, LEAVE_OUT: len(photos) - relabelled}
    return f"{_summary(done)}, as {' and '.join(files)} says." if photos else ""


def forget_name(row: Row, person: str) -> None:
    """Take the name of a person out of the reason of a catalogue row."""
    before = f"{_RELABELLED}{person}, as "
    if row["reason"].startswith(before):
        row["reason"] = f"{_RELABELLED}another label, as {row['reason'][len(before) :]}"


def _read(file: Path) -> tuple[dict[str, _Line], int]:
    """The lines with an action by path, and the number of all lines."""
    found: dict[str, _Line] = {}
    count = 0
    for number, fields in csv_rows(file, ("path", "action")):
        count += 1
        cells = {name: unicodedata.normalize("NFC", without_apostrophe(text)) for name, text in fields.items()}
        path, action = without_apostrophe(fields["path"]), cells["action"].strip().casefold()
        where = f"{shown_name(str(file))}, line {number}"
        if not action:
            continue
        if action not in ACTIONS:
            raise DatasetError(
                f"{where}: the action {cells['action']!r} is unknown", f"Write {RELABEL} or {LEAVE_OUT}, or nothing."
            )
        line = _Line(where, action, cells.get("label", "").strip(), cells.get("suggested", "").strip())
        first = found.setdefault(path, line)
        if (first.action, first.suggested) != (line.action, line.suggested):
            raise DatasetError(f"{where}: {path!r} has two actions", f"Remove this line, or that of {first.where}.")
    return found, count


def _check(rows: Sequence[Row], lines: Mapping[str, _Line]) -> None:
    """Raise DatasetError where a line does not fit the catalogue."""
    labels = {row["path"]: row["label"] for row in rows}
    people = set(labels.values())
    for path, line in lines.items():
        if path not in labels:
            raise DatasetError(
                f"{line.where}: {path!r} is no photo of this folder", "Write paths as suspects.csv does, or remove it."
            )
        if line.label not in ("", labels[path]):
            raise DatasetError(
                f"{line.where}: {path!r} has the label {labels[path]!r}, not {line.label!r}",
                "Give the corrections of earlier runs before these, or remove the line.",
            )
        if line.action == RELABEL and line.suggested not in people:
            raise DatasetError(
                f"{line.where}: {line.suggested!r} in the column suggested is no person of this folder",
                f"The people are {examples(sorted(people))}.",
            )


def _correct(row: Row, line: _Line, name: str) -> None:
    if line.action == LEAVE_OUT:
        row.update(outcome=EXCLUDED, reason=f"{_LEFT_OUT}{name} says")
    else:
        row.update(label=line.suggested, reason=f"{_RELABELLED}{row['label']}, as {name} says")


def _summary(done: Mapping[str, int]) -> str:
    return " and ".join(_parts(done))


def _parts(done: Mapping[str, int]) -> Iterator[str]:
    for action, words in ((RELABEL, "relabelled"), (LEAVE_OUT, "left out")):
        if done[action]:
            yield f"{counted(done[action], 'photo was', 'photos were')} {words}"
