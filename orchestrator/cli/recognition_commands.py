"""The command that names faces: identify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import (
    INTERRUPTED,
    chosen_run,
    json_option,
    print_json,
    print_line,
    print_lines,
    stderr_console,
    stop_on_interrupt,
)
from storage.errors import InputError

if TYPE_CHECKING:
    from orchestrator.cli.progress import Display
    from storage.outputs import OutputLedger
    from workers.faces.decode.video_process import VideoSource
    from workers.faces.engine import FaceEngine
    from workers.recognition.recogniser import Recogniser


@click.command()
@click.argument("names", metavar="PHOTO... | VIDEO | ADDRESS", nargs=-1)
@click.option("--camera", type=click.IntRange(0), help="Number of a camera of this machine, from 0, until Ctrl-C.")
@click.option("--run", "run_id", help="Run whose winner names the faces; the newest by default.")
@click.option("--configuration", "-c", help="Another configuration than the winner.")
@click.option(
    "--threshold", type=click.FloatRange(0, 100), help="Likeness in per cent, 0 to 100, below which a face is unknown."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for annotated photos; a .jpg for one photo; the .mp4 of a video.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print no progress.")
@json_option
def identify(
    names: tuple[str, ...],
    camera: int | None,
    run_id: str | None,
    configuration: str | None,
    threshold: float | None,
    out: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Name every face in photos, in one video, or of a camera or stream; 'unknown' is like no person of the run.

    \b
    Examples:
      lineup identify holiday/*.jpg --out named/
      lineup identify clip.mp4 --out named.mp4
      lineup identify photo.jpg --run people-1a2b3c4d --configuration svm-linear --json
      lineup identify --camera 0
      lineup identify rtsp://USER:PASSWORD@HOST/front --json
    """
    from orchestrator.cli.progress import display
    from orchestrator.inference.annotated_copies import check_out
    from orchestrator.inference.format_names import model_lines
    from orchestrator.inference.load_model import recogniser_of
    from orchestrator.inference.media_type import is_video
    from storage.outputs import store_outputs
    from workers.faces.engine import load_engine

    source = _live_source(names, camera)
    files = () if source else tuple(map(Path, names))
    videos = [path for path in files if is_video(path)]
    if videos and len(files) > 1:
        raise InputError(f"{videos[0]} is a video", "Name it alone, without other files")
    if source and out:
        raise InputError("of a camera or stream no copy can be written", "Record it first, for example with ffmpeg")
    chosen = chosen_run(run_id)
    outputs = store_outputs(chosen.store)
    if out:
        check_out(out, files, outputs, is_a_video=bool(videos))
    screen = stderr_console()
    with display(screen, quiet) as bars:
        recogniser = recogniser_of(
            chosen,
            configuration,
            threshold,
            lambda name: print_line(f"Fitting {name} on all known faces.", screen),
        )
        recogniser.warm()
        for line in model_lines(recogniser):
            print_line(line, screen)
        engine = load_engine(recogniser.settings)
        if source:
            read = _live(source, engine, recogniser, bars, as_json)
        else:
            work = _video if videos else _photos
            read = work(files, engine, recogniser, out, outputs, bars, as_json)
    if not read:
        raise click.exceptions.Exit(1)


def _live_source(names: tuple[str, ...], camera: int | None) -> VideoSource | None:
    """The camera or stream that is meant; None for files."""
    from orchestrator.inference.live import is_stream_address
    from workers.faces.decode.video_process import VideoSource

    addresses = [name for name in names if is_stream_address(name)]
    if not names and camera is None:
        raise click.UsageError("Name photos, a video, the address of a stream, or --camera NUMBER.")
    if (addresses and len(names) > 1) or (names and camera is not None):
        raise InputError("a camera or stream is named beside others", "Name it alone")
    if camera is not None:
        return VideoSource(camera=camera)
    return VideoSource(address=addresses[0]) if addresses else None


def _live(source: VideoSource, engine: FaceEngine, recogniser: Recogniser, bars: Display, as_json: bool) -> bool:
    """Print each face when it is out of sight again: a line, or a JSON object in a line."""
    from orchestrator.inference.format_names import appearance_as_json, appearance_line
    from orchestrator.inference.live import identify_live

    with stop_on_interrupt() as stop:

        def progress(frames: int, _second: float) -> bool:
            bars.show("live", frames, 0)
            return not stop.is_set()

        for one in identify_live(source, engine, recogniser, progress):
            if as_json:
                click.echo(appearance_as_json(one))
            else:
                print_lines([appearance_line(one, recogniser.needed_likeness)])
    return True


def _photos(
    files: tuple[Path, ...],
    engine: FaceEngine,
    recogniser: Recogniser,
    out: Path | None,
    outputs: OutputLedger,
    bars: Display,
    as_json: bool,
) -> bool:
    """Name the faces of photos, print the answer, and say whether any photo could be read."""
    from orchestrator.inference.format_names import photo_lines, photo_summary, photos_as_json
    from orchestrator.inference.photos import identify_photos

    answers = []
    for answer in identify_photos(files, engine, recogniser, out, outputs):
        answers.append(answer)
        bars.show("identify", len(answers), len(files))
    if as_json:
        print_json(photos_as_json(answers, recogniser))
    else:
        print_lines(photo_lines(answers, recogniser.needed_likeness))
        print_lines([photo_summary(answers)])
    return any(answer.was_read for answer in answers)


def _video(
    files: tuple[Path, ...],
    engine: FaceEngine,
    recogniser: Recogniser,
    out: Path | None,
    outputs: OutputLedger,
    bars: Display,
    as_json: bool,
) -> bool:
    """Name the faces of a video and print the answer; a video that cannot be read is an error of its own."""
    from orchestrator.inference.format_names import video_as_json, video_lines, video_summary
    from orchestrator.inference.video import Interrupted, identify_video

    with stop_on_interrupt() as stop:

        def progress(stage: str, done: int, expected: int) -> bool:
            bars.show(stage, done, expected)
            return not stop.is_set()

        try:
            answer = identify_video(files[0], engine, recogniser, out, progress)
        except Interrupted:
            raise click.exceptions.Exit(INTERRUPTED) from None
    if out:
        outputs.record(out, people=[track.named.name for track in answer.tracks])
    if as_json:
        print_json(video_as_json(answer, recogniser))
    else:
        print_lines(video_lines(answer, recogniser.needed_likeness))
        print_lines(video_summary(answer))
    return True
