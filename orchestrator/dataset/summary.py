"""What the catalogue found that its owner should know before the work begins."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.dataset.discovery import Sources
from orchestrator.text import counted

NAMED = 5
"""So many examples stand in a sentence; the rest are counted."""


@dataclass(frozen=True)
class Findings:
    """Facts about a catalogue; names in it come from the user's disk and may be hostile.

    Attributes:
        people: photos that can be submitted, by label.
        photos: rows of the catalogue.
        outcomes: rows by outcome.
        refused: (path, outcome, reason) of every photo that is not submitted.
        duplicates: paths of each group of equal bytes under one label.
        conflicts: (path, label) pairs of each group of equal bytes under several labels.
        too_few: (label, distinct photos) of people below the experiment's minimum.
        empty: labels of folders without a photo.
        case_collisions: labels that differ only in case.
        skipped: files passed over, by kind.
    """

    people: Mapping[str, int]
    photos: int
    outcomes: Mapping[str, int]
    refused: tuple[tuple[str, str, str], ...]
    duplicates: tuple[tuple[str, ...], ...]
    conflicts: tuple[tuple[tuple[str, str], ...], ...]
    too_few: tuple[tuple[str, int], ...]
    empty: tuple[str, ...]
    case_collisions: tuple[tuple[str, ...], ...]
    skipped: Mapping[str, int]

    def sentences(self) -> list[str]:
        """One line a finding, the totals first; control characters escaped."""
        return [printable(line) for line in self._sentences()]

    def _sentences(self) -> Iterator[str]:
        good = self.outcomes.get("ok", 0)
        people = counted(len(self.people), "person", "people")
        yield f"{people}, {counted(self.photos, 'photo')}, {good} to be looked at."
        if self.refused:
            yield f"{counted(len(self.refused), 'photo')} cannot be used: " + _some(
                [f"{path} ({outcome}: {reason})" for path, outcome, reason in self.refused]
            )
        if self.duplicates:
            surplus = sum(len(group) - 1 for group in self.duplicates)
            yield f"{counted(surplus, 'photo')} equal to another to the byte, which counts once: " + _some(
                [" = ".join(group) for group in self.duplicates]
            )
        if self.conflicts:
            yield f"{counted(len(self.conflicts), 'picture')} with several people's names, left out: " + _some(
                [" = ".join(path for path, _ in group) for group in self.conflicts]
            )
        if self.too_few:
            yield f"{counted(len(self.too_few), 'person', 'people')} with too few photos, left out: " + _some(
                [f"{label} ({count})" for label, count in self.too_few]
            )
        if self.empty:
            yield f"{counted(len(self.empty), 'folder')} without a photo: " + _some(self.empty)
        for group in self.case_collisions:
            yield f"{' and '.join(group)} differ only in case and are taken for different people."
        if self.skipped:
            yield "Passed over: " + ", ".join(f"{n} {kind}" for kind, n in sorted(self.skipped.items())) + "."


def findings_of(rows: Sequence[Mapping[str, Any]], sources: Sources, min_photos: int) -> Findings:
    """Sum up catalogue rows (sorted by path) and what the search for photos passed over."""
    good = [row for row in rows if row["outcome"] == "ok"]
    groups: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in good:
        groups[row["photo_key"]].append((row["path"], row["label"]))
    repeated = [tuple(group) for group in groups.values() if len(group) > 1]
    # A picture with two names counts for nobody, as in the splits.
    distinct = Counter(group[0][1] for group in groups.values() if len({label for _, label in group}) == 1)
    people = Counter(row["label"] for row in good)
    everyone = sorted({row["label"] for row in rows})
    return Findings(
        people=dict(sorted(people.items())),
        photos=len(rows),
        outcomes=dict(Counter(row["outcome"] for row in rows)),
        refused=tuple((row["path"], row["outcome"], row["reason"]) for row in rows if row["outcome"] != "ok"),
        duplicates=tuple(tuple(path for path, _ in group) for group in repeated if _labels(group) == 1),
        conflicts=tuple(group for group in repeated if _labels(group) > 1),
        too_few=tuple((label, distinct[label]) for label in everyone if distinct[label] < min_photos),
        empty=tuple(sources.empty),
        case_collisions=_case_collisions(everyone),
        skipped=dict(sources.skipped),
    )


def _labels(group: Sequence[tuple[str, str]]) -> int:
    return len({label for _, label in group})


def _case_collisions(labels: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    folded: defaultdict[str, list[str]] = defaultdict(list)
    for label in labels:
        folded[label.casefold()].append(label)
    return tuple(tuple(group) for group in folded.values() if len(group) > 1)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more + "."


def printable(line: str) -> str:
    """The line with control characters escaped, so that a name on disk cannot steer a terminal."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)
