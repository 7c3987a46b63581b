"""The rows of `lineup identify`: printed as the answers come, with the copies and links that are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import print_lines
from orchestrator.inference import format_names
from orchestrator.inference.photo_totals import PhotoTotals

if TYPE_CHECKING:
    from orchestrator.inference.annotated_copies import AnnotatedCopies
    from orchestrator.inference.photos import PhotoAnswer
    from orchestrator.inference.sorted_links import SortedLinks
    from workers.recognition.recogniser import Recogniser


class PhotoRows:
    """Prints a head when it is made, then a row for each face, or with `as_json` an object for each photo.

    Args:
        run_id: of the recogniser.
        paths: all photos that will come.
        encode_run: the run that encodes the photos; empty where they are encoded here.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        run_id: str,
        paths: Sequence[Path],
        copies: AnnotatedCopies | None,
        links: SortedLinks | None,
        as_json: bool,
        encode_run: str = "",
    ) -> None:
        self._copies, self._links, self._as_json = copies, links, as_json
        self._table = format_names.PhotoTable(paths, recogniser.model.labels, recogniser.needed_likeness)
        self._totals = PhotoTotals()
        head = format_names.model_as_json(recogniser, run_id, encode_run) if as_json else self._table.head
        click.echo(head)

    @property
    def count(self) -> int:
        """How many photos are answered."""
        return self._totals.photos

    @property
    def any_read(self) -> bool:
        """Whether any photo could be read."""
        return self._totals.any_read

    def add(self, answer: PhotoAnswer, jpeg: bytes | None) -> None:
        """Print an answer; raises StoreError where its copy or a link cannot be written."""
        from orchestrator.inference.photos import with_copy

        answer = with_copy(answer, jpeg, self._copies)
        self._totals.add(answer)
        if self._links:
            self._links.add(answer)
        for line in [format_names.photo_as_json(answer)] if self._as_json else self._table.lines(answer):
            click.echo(line)

    def sum_up(self) -> None:
        """Print the counts and times of the table."""
        if not self._as_json:
            print_lines([self._totals.line])
