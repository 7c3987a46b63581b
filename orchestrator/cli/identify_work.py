"""What `lineup identify` does with photos, a video, or a camera or stream: name, and print as it goes."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import (
    INTERRUPTED,
    print_json,
    print_line,
    print_lines,
    settings,
    status_line,
    stderr_console,
    stop_on_interrupt,
)
from orchestrator.cli.photo_rows import PhotoRows
from orchestrator.cli.plan_photos import plan_photos
from orchestrator.cli.progress import display
from orchestrator.cli.queue_work import drive_and_print
from orchestrator.inference import format_names, format_video
from orchestrator.inference.load_model import recogniser_of

if TYPE_CHECKING:
    from orchestrator.inference.local_answers import LocalAnswers
    from orchestrator.inference.photo_files import PhotoFiles
    from orchestrator.inference.run_answers import RunAnswers
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
        paths = files.paths
        self._tell_left_out(files.left_out)
        rows = self._rows(paths, links)
        on_terminal = sys.stdout.isatty()  # there the rows are the progress
        with (
            display(stderr_console(), self._quiet or on_terminal or len(paths) == 1) as bars,
            stop_on_interrupt() as stop,
            contextlib.closing(self._local_answers(stop).name(paths)) as named,
        ):
            for answer, jpeg in named:
                rows.add(answer, jpeg)
                bars.show("identify", rows.count, len(paths))
                if stop.is_set():
                    break
        rows.sum_up()
        if rows.count < len(paths):
            print_line(f"Stopped after {rows.count} of {len(paths)} photos.")
            raise click.exceptions.Exit(INTERRUPTED)
        return rows.any_read

    def _local_answers(self, stop: Stop) -> LocalAnswers:
        from orchestrator.inference.local_answers import LocalAnswers
        from orchestrator.inference.photo_pool import PhotoNaming

        asked = self._configuration, self._likeness, self._out is not None, self._smallest_face
        return LocalAnswers(self._recogniser, PhotoNaming(self._run.store, self._run.run_id, *asked), stop)

    def _rows(self, paths: Sequence[Path], links: SortedLinks | None, encode_run: str = "") -> PhotoRows:
        from orchestrator.inference.annotated_copies import AnnotatedCopies

        copies = AnnotatedCopies(self._out, paths, self._outputs) if self._out else None
        return PhotoRows(self._recogniser, self._run.run_id, paths, copies, links, self._as_json, encode_run)

    def _tell_left_out(self, left_out: Counter[str]) -> None:
        if left_out:
            kinds = ", ".join(f"{count} {kind}" for kind, count in left_out.most_common())
            self._tell(f"Left out: {kinds}.")

    def name_on_queue(self, folder: Path, links: SortedLinks | None) -> bool:
        """Have the workers encode the photos of a folder, print each answer as it comes; otherwise as `name_photos`."""
        from orchestrator.inference.heap_run import removal_of
        from orchestrator.inference.run_answers import RunAnswers, plan_naming

        with display(stderr_console(), self._quiet) as bars:
            planned = plan_photos(
                lambda *reading: plan_naming(self._run, folder, self._recogniser, self._outputs, *reading),
                bars,
                self._run.store,
                settings(),
            )
        self._tell_left_out(planned.left_out)
        answers = RunAnswers(planned.run, folder, self._recogniser, self._out is not None)
        kept = removal_of(planned.run)  # the store may not answer at the end
        try:
            return self._drive_to_the_end(planned.run, answers, links)
        finally:
            self._tell(
                "The faces of these photos are kept in the store. To delete them, and the runs of cluster and verify "
                f"of this folder: {kept}"
            )

    def _drive_to_the_end(self, run: Run, answers: RunAnswers, links: SortedLinks | None) -> bool:
        rows = self._rows(answers.paths, links, run.run_id)
        ended = drive_and_print(run, answers, rows, self._quiet)
        rows.sum_up()
        if rows.count < len(answers.paths):
            goes_on = ended.state in ("running", "finished")
            if ended.waiting:
                print_line(f"It waited: {ended.waiting}")
            told = "the same command goes on" if goes_on else status_line(ended)
            print_line(f"Stopped after {rows.count} of {len(answers.paths)} photos; {told}.")
            raise click.exceptions.Exit(INTERRUPTED if goes_on else 1)
        return rows.any_read

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

        with display(stderr_console(), self._quiet, with_rows=True) as bars, stop_on_interrupt() as stop:

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
