"""The command that names faces: identify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.choose_run import finished_run
from orchestrator.cli.completed_names import complete_configurations, complete_files, complete_runs
from orchestrator.cli.options import quiet_option
from storage.errors import InputError
from storage.object_path import ObjectPath, store_path

if TYPE_CHECKING:
    from workers.faces.decode.video_process import VideoSource


@click.command()
@click.argument("names", metavar="PHOTO... | FOLDER | VIDEO | ADDRESS", nargs=-1, shell_complete=complete_files)
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
@click.option(
    "--queue",
    "on_queue",
    is_flag=True,
    help="Have workers encode the photos of one FOLDER, or of one bucket's address. Their faces are kept in the store.",
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
    on_queue: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Name every face in photos, in one video, or of a camera or stream; 'unknown' is like no person of the run.

    A photo whose faces are in the store, since a run or --queue encoded every face of it, is not encoded again.

    With --queue the workers of LINEUP_BROKER_URL encode the photos, or without it workers of this machine; an answer
    comes as soon as its photo is done, and after Ctrl-C the same command goes on. The measurements of all faces, also
    those of strangers, then stay in the store; the last line names the commands that delete them. Without --queue none
    are kept.

    \b
    Examples:
      lineup identify holiday/ --out named/
      lineup identify holiday/ --sort-into sorted/
      lineup identify archive/ --queue --json > named.ndjson
      lineup identify s3://bucket/photos --queue
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
    files = () if source else tuple(map(store_path, names))
    queued = _queued_folder(files, sort_into) if on_queue else None
    video = not queued and _only_video(files)
    _check_results(out, sort_into, live=source is not None, video=video)
    chosen = finished_run(run_id, quiet)
    outputs = store_outputs(chosen.store)
    photos = None if source or video or queued else photo_files(_here(files), outputs)
    if out and not queued:  # how many photos there are is known when they are listed
        check_out(out, photos.paths if photos else files, outputs, is_a_video=video)
    work = IdentifyWork(chosen, configuration, threshold, outputs, out, quiet, as_json, smallest_face)
    if queued:
        read = work.name_on_queue(queued, SortedLinks(sort_into, [queued], outputs) if sort_into else None)
    elif photos:
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


def _queued_folder(files: tuple[Path, ...], sort_into: Path | None) -> Path:
    """The folder or the bucket's address whose photos are encoded by workers; raises InputError where it is none."""
    is_here = not isinstance(files[0], ObjectPath) if files else True
    if len(files) != 1 or (is_here and files[0].exists() and not files[0].is_dir()):
        raise InputError("--queue is for one folder of photos, or one address of a bucket", "Name it alone")
    if sort_into and not is_here:
        raise InputError(f"{files[0]} is in a bucket, to which no link leads", "Leave --sort-into out")
    return files[0]


def _here(files: tuple[Path, ...]) -> tuple[Path, ...]:
    """The files, of which none is in a bucket; raises InputError where one is."""
    away = next((file for file in files if isinstance(file, ObjectPath)), None)
    if away:
        raise InputError(f"{away} is in a bucket", "Add --queue: workers then read the photos")
    return files


def _only_video(files: tuple[Path, ...]) -> bool:
    """Whether the one file is a video; raises InputError where one is among others."""
    from orchestrator.inference.media_type import is_video

    videos = [path for path in files if not isinstance(path, ObjectPath) and is_video(path)]
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
