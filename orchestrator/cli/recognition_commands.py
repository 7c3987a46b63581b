"""Commands that recognise faces: identify, verify."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.options import (
    INTERRUPTED,
    chosen_run,
    finish_run,
    json_option,
    print_json,
    print_line,
    read_experiment,
    stderr_console,
    stdout_console,
    stop_on_interrupt,
    store_folder,
)
from storage.errors import InputError

if TYPE_CHECKING:
    from orchestrator.cli.progress import Display
    from orchestrator.verification.photo_pair import PhotoPair
    from storage.runs import Run
    from workers.faces.engine import FaceEngine
    from workers.recognition.recogniser import Recogniser


@click.command()
@click.argument("files", metavar="PHOTO... | VIDEO", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--run", "run_id", help="Run whose winner names the faces; the newest by default.")
@click.option("--configuration", "-c", help="Another configuration than the winner.")
@click.option(
    "--threshold", type=click.FloatRange(0, 100), help="Likeness in per cent, 0 to 100, below which a face is unknown."
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for annotated photos, or the video to write.")
@click.option("--quiet", "-q", is_flag=True, help="Print no progress.")
@json_option
def identify(
    files: tuple[Path, ...],
    run_id: str | None,
    configuration: str | None,
    threshold: float | None,
    out: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Name every face in photos, or in one video; 'unknown' where it is like no person of the run.

    \b
    Examples:
      lineup identify holiday/*.jpg --out named/
      lineup identify clip.mp4 --out named.mp4
      lineup identify photo.jpg --run people-1a2b3c4d --configuration svm-linear --json
    """
    from orchestrator.cli.progress import display
    from orchestrator.inference.format_names import model_lines
    from orchestrator.inference.load_model import recogniser_of
    from orchestrator.inference.media_type import is_video
    from workers.faces.engine import load_engine

    videos = [path for path in files if is_video(path)]
    if videos and len(files) > 1:
        raise InputError(f"{videos[0]} is a video", "Name it alone, without other files")
    screen = stderr_console()
    with display(screen, quiet) as bars:
        recogniser = recogniser_of(
            chosen_run(run_id),
            configuration,
            threshold,
            lambda name: print_line(f"Fitting {name} on all known faces.", screen),
        )
        recogniser.warm()
        for line in model_lines(recogniser):
            print_line(line, screen)
        engine = load_engine(recogniser.settings)
        work = _video if videos else _photos
        read = work(files, engine, recogniser, out, bars, as_json)
    if not read:
        raise click.exceptions.Exit(1)


def _photos(
    files: tuple[Path, ...],
    engine: FaceEngine,
    recogniser: Recogniser,
    out: Path | None,
    bars: Display,
    as_json: bool,
) -> bool:
    """Name the faces of photos, print the answer, and say whether any photo could be read."""
    from orchestrator.inference.format_names import photo_lines, photo_summary, photos_as_json
    from orchestrator.inference.photos import identify_photos

    answers = []
    for answer in identify_photos(files, engine, recogniser, out):
        answers.append(answer)
        bars.show("identify", len(answers), len(files))
    if as_json:
        print_json(photos_as_json(answers, recogniser))
    else:
        _print(photo_lines(answers, recogniser.needed_likeness))
        _print([photo_summary(answers)])
    return any(answer.was_read for answer in answers)


def _video(
    files: tuple[Path, ...],
    engine: FaceEngine,
    recogniser: Recogniser,
    out: Path | None,
    bars: Display,
    as_json: bool,
) -> bool:
    """Name the faces of a video and print the answer; a video that cannot be read is an error of its own."""
    from orchestrator.inference.format_names import video_as_json, video_lines, video_summary
    from orchestrator.inference.video import Interrupted, identify_video

    with stop_on_interrupt() as stop:

        def on_frame(done: int, expected: int) -> bool:
            bars.show("video", done, expected)
            return not stop.is_set()

        try:
            answer = identify_video(files[0], engine, recogniser, out, on_frame)
        except Interrupted:
            raise click.exceptions.Exit(INTERRUPTED) from None
    if as_json:
        print_json(video_as_json(answer, recogniser))
    else:
        _print(video_lines(answer))
        _print([video_summary(answer)])
    return True


def _print(lines: list[str]) -> None:
    screen = stdout_console()
    for line in lines:
        print_line(line, screen)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--pairs", "pairs_file", type=click.Path(path_type=Path), help="LFW's pairs.txt, or a CSV of pairs.")
@click.option("--labels", type=click.Path(path_type=Path), help="CSV: path,label; without --pairs.")
@click.option("--gallery", type=click.IntRange(min=1), help="Photos of each enrolled person in 1:N; 1 by default.")
@click.option("--experiment", "-e", type=click.Path(path_type=Path), help="Experiment file; its [faces] are used.")
@click.option("--roc", type=click.Path(path_type=Path), help="Draw the curves into this .svg, .png or .pdf.")
@click.option("--quiet", "-q", is_flag=True, help="Print no progress.")
@json_option
def verify(
    folder: Path,
    pairs_file: Path | None,
    labels: Path | None,
    gallery: int | None,
    experiment: Path | None,
    roc: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Judge whether photos in FOLDER show one person: listed pairs, or all pairs and 1:N identification.

    Without --pairs FOLDER has one sub-folder a person, or --labels names the people. All photos are compared with
    each other (TAR at FAR), and in ten draws half of the people are enrolled and searched (rank-1, DIR at FAR), after
    Liao et al. 2014.

    With --pairs the protocol of Labeled Faces in the Wild judges the pairs of that file: LFW's pairs.txt (photos are
    FOLDER/name/name_0001.jpg), or a CSV with the columns first, second, same and perhaps fold, paths relative to
    FOLDER.

    The face of a photo with several is the central one, unless the experiment file names another policy. Photos are
    encoded as by `run`, distributed, and kept; a second call with the same face settings encodes nothing.

    \b
    Examples:
      lineup verify photos/ --roc curves.svg
      lineup verify photos/ --gallery 3 --json
      lineup verify --pairs pairs.txt lfw_funneled/
      lineup verify --pairs pairs.csv photos/ -e mirrored.toml
    """
    from orchestrator.verification.pairs_file import read_pairs_file
    from storage.parts import write_bytes

    kind = _picture_kind(roc)
    if pairs_file and (gallery or labels):
        raise InputError("--gallery and --labels are for a folder without --pairs", "Leave them out, or --pairs")
    pairs = read_pairs_file(pairs_file) if pairs_file else None
    run = _encoded(folder, labels, pairs, experiment, quiet)
    told, lines, picture = _judged_folder(run, gallery or 1) if pairs is None else _judged_pairs(run, pairs)
    if roc:
        write_bytes(roc.absolute(), picture(kind))
    if as_json:
        print_json(told)
    else:
        _print(lines)


def _encoded(
    folder: Path, labels: Path | None, pairs: list[PhotoPair] | None, experiment: Path | None, quiet: bool
) -> Run:
    """The finished run of the photos; ends the command where it was interrupted."""
    from orchestrator.cli.progress import display
    from orchestrator.verification.judge_folder import plan_folder
    from orchestrator.verification.judge_pairs import plan_pairs
    from orchestrator.verification.usable_faces import experiment_of

    screen = stderr_console()
    with stop_on_interrupt() as stop, display(screen, quiet) as bars:
        settings = read_experiment(experiment)
        settings = experiment_of(settings, experiment.read_text(encoding="utf-8") if experiment else None)

        def on_photo(done: int, total: int) -> None:
            bars.show("catalog", done, total)

        if pairs is None:
            run = plan_folder(store_folder(), folder, labels, settings, on_photo)
        else:
            run = plan_pairs(store_folder(), folder, pairs, settings, on_photo)
        run.let_go_on()
        ended = finish_run(run, bars, stop)
    if ended.state != "finished":
        print_line(f"{run.run_id} is not encoded; the same command goes on with it", screen)
        raise click.exceptions.Exit(INTERRUPTED if ended.state == "running" else 1)
    return run


Judged = tuple[dict[str, Any], list[str], Callable[[str], bytes]]
"""For JSON, for the terminal, and what draws the picture of a kind."""


def _judged_pairs(run: Run, pairs: list[PhotoPair]) -> Judged:
    from orchestrator.verification.draw_curves import curves_picture
    from orchestrator.verification.format_verdict import verified_as_json, verified_lines
    from orchestrator.verification.judge_pairs import judge_pairs

    found = judge_pairs(run, pairs)
    curve = found.verification.roc
    return verified_as_json(found), verified_lines(found), lambda kind: curves_picture(curve, (), kind)


def _judged_folder(run: Run, gallery: int) -> Judged:
    from orchestrator.verification.draw_curves import curves_picture
    from orchestrator.verification.format_folder import folder_as_json, folder_lines
    from orchestrator.verification.judge_folder import judge_folder

    found = judge_folder(run, gallery)
    named = found.identification.curve if found.identification else ()
    return folder_as_json(found), folder_lines(found), lambda kind: curves_picture(found.pairs.roc, named, kind)


def _picture_kind(path: Path | None) -> str:
    kind = path.suffix.lower().lstrip(".") if path else "svg"
    if kind not in ("svg", "png", "pdf"):
        raise InputError(f"{path} does not end in .svg, .png or .pdf", "Name such a file")
    return kind
