"""The command that names faces: identify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.choose_run import finished_run
from orchestrator.cli.completed_names import complete_configurations, complete_runs
from orchestrator.cli.options import quiet_option
from storage.errors import InputError

if TYPE_CHECKING:
    from workers.faces.decode.video_process import VideoSource


@click.command()
@click.argument("names", metavar="PHOTO... | FOLDER | VIDEO | ADDRESS", nargs=-1)
@click.option("--camera", type=click.IntRange(0), help="Number of a camera of this machine, from 0, until Ctrl-C.")
@click.option(
    "--run",
    "run_id",
    shell_complete=complete_runs,
    help="Run whose winner names the faces; the newest that has finished by default.",
)
@click.option(
    "--configuration", "-c", shell_complete=complete_configurations, help="Another configuration than the winner."
)
@click.option(
    "--threshold", type=click.FloatRange(0, 100), help="Likeness in per cent, 0 to 100, below which a face is unknown."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for annotated photos; a .jpg for one photo; the .mp4 of a video.",
)
@click.option(
    "--sort-into", type=click.Path(path_type=Path), help="Folder in which each person gets a folder of links to photos."
)
@click.option(
    "--smallest-face",
    type=click.IntRange(0, 100_000),
    help="Pixels of the smallest face to search for in photos, by default the run's smallest_face; 0 is the fastest.",
)
@quiet_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON: of photos and streams an object a line.")
def identify(
    names: tuple[str, ...],
    camera: int | None,
    run_id: str | None,
    configuration: str | None,
    threshold: float | None,
    out: Path | None,
    sort_into: Path | None,
    smallest_face: int | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Name every face in photos, in one video, or of a camera or stream; 'unknown' is like no person of the run.

    \b
    Examples:
      lineup identify holiday/ --out named/
      lineup identify holiday/ --sort-into sorted/
      lineup identify clip.mp4 --out named.mp4
      lineup identify photo.jpg --run people-1a2b3c4d --configuration svm-linear --json
      lineup identify --camera 0
      lineup identify rtsp://USER:PASSWORD@HOST/front --json
    """
    from orchestrator.cli.identify_work import IdentifyWork
    from orchestrator.inference.annotated_copies import check_out
    from orchestrator.inference.photo_files import photo_files
    from orchestrator.inference.sorted_links import SortedLinks
    from storage.outputs import store_outputs

    source = _live_source(names, camera)
    files = () if source else tuple(map(Path, names))
    video = _only_video(files)
    _check_results(out, sort_into, live=source is not None, video=video)
    chosen = finished_run(run_id, quiet)
    outputs = store_outputs(chosen.store)
    photos = None if source or video else photo_files(files, outputs)
    if out:
        check_out(out, photos.paths if photos else files, outputs, is_a_video=video)
    work = IdentifyWork(chosen, configuration, threshold, outputs, out, quiet, as_json, smallest_face)
    if photos:
        folders = [path for path in files if path.is_dir()]
        read = work.name_photos(photos, SortedLinks(sort_into, folders, outputs) if sort_into else None)
    else:
        read = work.name_live(source) if source else work.name_video(files[0])
    if not read:
        raise click.exceptions.Exit(1)


def _check_results(out: Path | None, sort_into: Path | None, live: bool, video: bool) -> None:
    """Raise InputError where what is named has no such result."""
    if live and out:
        raise InputError("of a camera or stream no copy can be written", "Record it first, for example with ffmpeg")
    if sort_into and (live or video):
        raise InputError("--sort-into is for photos", "Leave it out")


def _only_video(files: tuple[Path, ...]) -> bool:
    """Whether the one file is a video; raises InputError where one is among others."""
    from orchestrator.inference.media_type import is_video

    videos = [path for path in files if is_video(path)]
    if videos and len(files) > 1:
        raise InputError(f"{videos[0]} is a video", "Name it alone, without other files")
    return bool(videos)


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
