"""Summary of a catalogue: counts, and what its owner should know before the run begins."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.dataset.discovery import Sources
from orchestrator.text import counted, examples, printable
from storage.schemas import EXCLUDED


@dataclass(frozen=True)
class DatasetSummary:
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
        skipped: files that were not catalogued, by kind.
        corrected: what each file of corrections changed, in a sentence.
        notes: sentences about how the folder or the labels file was read.
        groups: photos by group of the labels file, and `subgroups` the same; empty where it has none.
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
    groups: Mapping[str, int] = field(default_factory=dict)
    subgroups: Mapping[str, int] = field(default_factory=dict)
    corrected: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def sentences(self) -> list[str]:
        """One line a fact, the totals first; control characters escaped."""
        return [printable(line) for line in self._sentences()]

    def _sentences(self) -> Iterator[str]:
        usable = self.outcomes.get("ok", 0)
        people = counted(len(self.people), "person", "people")
        yield f"{people}, {counted(self.photos, 'photo')}, {usable} of them usable."
        yield from self.notes
        yield from self.corrected
        for subject, what, names in self._lists():
            if names:
                yield f"{subject} {what}: {examples(names)}."
        for group in self.case_collisions:
            yield f"{' and '.join(group)} differ only in upper and lower case; they count as different people."
        for word, found in (("group", self.groups), ("subgroup", self.subgroups)):
            if found:
                yield f"{counted(len(found), word)}: {examples([f'{name} ({n})' for name, n in found.items()])}."
        if self.skipped:
            yield "Skipped: " + ", ".join(f"{n} {kind}" for kind, n in sorted(self.skipped.items())) + "."

    def _lists(self) -> Iterator[tuple[str, str, Sequence[str]]]:
        """How many, what is true of them, and their names."""
        surplus = sum(len(group) - 1 for group in self.duplicates)
        refused = [f"{path} ({outcome}: {reason})" for path, outcome, reason in self.refused]
        yield counted(len(refused), "photo"), "cannot be used", refused
        equal = [" = ".join(group) for group in self.duplicates]
        yield counted(surplus, "photo"), "with the same bytes as another, counted once", equal
        named_twice = [" = ".join(path for path, _ in group) for group in self.conflicts]
        yield counted(len(named_twice), "picture"), "with labels of several people, left out", named_twice
        few = [f"{label} ({count})" for label, count in self.too_few]
        yield counted(len(few), "person", "people"), "with too few photos, left out", few
        yield counted(len(self.empty), "folder"), "without a photo", self.empty


def summarize(
    rows: Sequence[Mapping[str, Any]], sources: Sources, min_photos: int, corrected: Sequence[str] = ()
) -> DatasetSummary:
    """Sum up catalogue rows (sorted by path), what the search for photos skipped, and what was corrected."""
    good = [row for row in rows if row["outcome"] == "ok"]
    groups: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in good:
        groups[row["photo_key"]].append((row["path"], row["label"]))
    repeated = [tuple(group) for group in groups.values() if len(group) > 1]
    # a picture with two labels counts for no person, as in the splits
    distinct = Counter(group[0][1] for group in groups.values() if len({label for _, label in group}) == 1)
    people = Counter(row["label"] for row in good)
    everyone = sorted({row["label"] for row in rows})
    return DatasetSummary(
        people=dict(sorted(people.items())),
        photos=len(rows),
        outcomes=dict(Counter(row["outcome"] for row in rows)),
        refused=tuple(
            (row["path"], row["outcome"], row["reason"]) for row in rows if row["outcome"] not in ("ok", EXCLUDED)
        ),
        duplicates=tuple(tuple(path for path, _ in group) for group in repeated if _labels(group) == 1),
        conflicts=tuple(group for group in repeated if _labels(group) > 1),
        too_few=tuple((label, distinct[label]) for label in everyone if distinct[label] < min_photos),
        empty=tuple(sources.empty),
        case_collisions=_case_collisions(everyone),
        skipped=dict(sources.skipped),
        groups=_counts(row.get("group") for row in good),
        subgroups=_counts(row.get("subgroup") for row in good),
        corrected=tuple(corrected),
        notes=tuple(sources.notes),
    )


def _counts(names: Iterable[str | None]) -> dict[str, int]:
    return dict(sorted(Counter(name for name in names if name).items()))


def _labels(group: Sequence[tuple[str, str]]) -> int:
    return len({label for _, label in group})


def _case_collisions(labels: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    folded: defaultdict[str, list[str]] = defaultdict(list)
    for label in labels:
        folded[label.casefold()].append(label)
    return tuple(tuple(group) for group in folded.values() if len(group) > 1)
