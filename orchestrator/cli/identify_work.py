"""What `lineup identify` does with photos, a video, or a camera or stream: name, and print as it goes."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import (
    INTERRUPTED,
    print_json,
    print_line,
    print_lines,
    stderr_console,
    stop_on_interrupt,
)
from orchestrator.cli.progress import display
from orchestrator.inference import format_names, format_video
from orchestrator.inference.load_model import recogniser_of

if TYPE_CHECKING:
    from orchestrator.inference.photo_files import PhotoFiles
    from orchestrator.inference.photos import PhotoAnswer
    from orchestrator.inference.sorted_links import SortedLinks
    from orchestrator.stop_request import Stop
    from storage.outputs import OutputLedger
    from storage.runs import Run
    from workers.faces.decode.video_process import VideoSource
    from workers.faces.engine import FaceEngine


class IdentifyWork:
    """A run's model, loaded and told, and where the answers go.

    Args:
        configuration, likeness, smallest_face: of `recogniser_of`.
        outputs: the ledger that records copies and folders of links.
        out: where annotated copies go.
    """

    def __init__(
        self,
        run: Run,
        configuration: str | None,
        likeness: float | None,
        outputs: OutputLedger,
        out: Path | None,
        quiet: bool,
        as_json: bool,
        smallest_face: int | None = None,
    ) -> None:
        self._run, self._configuration, self._likeness = run, configuration, likeness
        self._smallest_face = smallest_face
        self._outputs, self._out, self._quiet, self._as_json = outputs, out, quiet, as_json
        self._recogniser = recogniser_of(
            run,
            configuration,
            likeness,
            lambda name: self._tell(f"Fitting {name} on all known faces."),
            smallest_face,
        )
        self._recogniser.warm()
        for line in format_names.model_lines(self._recogniser):
            self._tell(line)

    def name_photos(self, files: PhotoFiles, links: SortedLinks | None) -> bool:
        """Name photos, print each answer as it comes, and return whether any photo could be read."""
        from orchestrator.inference.annotated_copies import AnnotatedCopies
        from orchestrator.inference.photos import with_copies

        paths = files.paths
        if files.left_out:
            kinds = ", ".join(f"{count} {kind}" for kind, count in files.left_out.most_common())
            self._tell(f"Left out: {kinds}.")
        copies = AnnotatedCopies(self._out, paths, self._outputs) if self._out else None
        table = format_names.PhotoTable(paths, self._recogniser.model.labels, self._recogniser.needed_likeness)
        click.echo(format_names.model_as_json(self._recogniser, self._run.run_id) if self._as_json else table.head)
        answers = []
        on_terminal = sys.stdout.isatty()  # there the rows are the progress
        with (
            display(stderr_console(), self._quiet or on_terminal or len(paths) == 1) as bars,
            stop_on_interrupt() as stop,
            contextlib.closing(self._named(paths, stop)) as named,
        ):
            for answer in with_copies(named, copies):
                answers.append(answer)
                if links:
                    links.add(answer)
                for line in [format_names.photo_as_json(answer)] if self._as_json else table.lines(answer):
                    click.echo(line)
                bars.show("identify", len(answers), len(paths))
                if stop.is_set():
                    break
        if not self._as_json:
            print_lines([format_names.photo_summary(answers)])
        if len(answers) < len(paths):
            print_line(f"Stopped after {len(answers)} of {len(paths)} photos.")
            raise click.exceptions.Exit(INTERRUPTED)
        return any(answer.was_read for answer in answers)

    def _named(self, paths: Sequence[Path], stop: Stop) -> Generator[tuple[PhotoAnswer, bytes | None]]:
        """The photos named in this process, or over all cores where that is worth it."""
        from orchestrator.inference.photo_pool import PhotoNaming, name_in_processes, useful_processes
        from orchestrator.inference.photos import name_photo
        from workers.cores import usable_cores

        annotate = self._out is not None
        processes = useful_processes(len(paths), usable_cores())
        if processes == 1:
            engine = self._engine()
            yield from (name_photo(path, engine, self._recogniser, annotate) for path in paths)
            return
        asked = self._configuration, self._likeness, annotate, self._smallest_face
        naming = PhotoNaming(self._run.store, self._run.run_id, *asked)
        yield from name_in_processes(naming, paths, processes, stop)

    def name_video(self, path: Path) -> bool:
        """Name the faces of a video and print the answer; a video that cannot be read is an error of its own."""
        from orchestrator.inference.video import Interrupted, identify_video

        with display(stderr_console(), self._quiet) as bars, stop_on_interrupt() as stop:

            def progress(stage: str, done: int, expected: int) -> bool:
                bars.show(stage, done, expected)
                return not stop.is_set()

            try:
                answer = identify_video(path, self._engine(), self._recogniser, self._out, progress, self._outputs)
            except Interrupted:
                raise click.exceptions.Exit(INTERRUPTED) from None
        if self._as_json:
            print_json(format_video.video_as_json(answer, self._recogniser))
        else:
            print_lines(format_video.video_lines(answer, self._recogniser.needed_likeness))
            print_lines(format_video.video_summary(answer))
        return True

    def name_live(self, source: VideoSource) -> bool:
        """Print each face when it is out of sight again: a line, or a JSON object in a line."""
        from orchestrator.inference.live import identify_live

        with display(stderr_console(), self._quiet) as bars, stop_on_interrupt() as stop:

            def progress(frames: int, _second: float) -> bool:
                bars.show("live", frames, 0)
                return not stop.is_set()

            for one in identify_live(source, self._engine(), self._recogniser, progress):
                if self._as_json:
                    click.echo(format_video.appearance_as_json(one))
                else:
                    print_lines([format_video.appearance_line(one, self._recogniser.needed_likeness)])
        return True

    def _engine(self) -> FaceEngine:
        from workers.faces.engine import load_engine

        return load_engine(self._recogniser.settings)

    def _tell(self, line: str) -> None:
        if not self._quiet:
            print_line(line)
