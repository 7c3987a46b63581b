"""Write a folder of synthetic photos with one sub-folder a person, as `lineup run` takes it."""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.new_files import holds, write_new
from workers.cores import usable_cores
from workers.synthetic.hard_photos import aged, draw_hard_scene, draw_look_alike
from workers.synthetic.identity import draw_identity
from workers.synthetic.render import render
from workers.synthetic.scene import draw_scene

NAMES = (
    *(
        "ada",
        "bruno",
        "chloe",
        "dmitri",
        "esther",
        "farid",
        "greta",
        "hugo",
        "ines",
        "jonas",
        "kaori",
        "liam",
    ),
    *("maya", "nils", "olga", "pedro", "quinn", "rosa", "samir", "tessa", "umar", "vera", "walid", "xenia"),
    *("yusuf", "zoe", "amara", "boris", "carla", "dario", "elif", "felix", "gita", "hana", "ivan", "jia"),
)

JPEG_QUALITY = 92
PHOTOS_PER_PROCESS = 64
"""With fewer photos, starting one more process takes longer than it saves."""


@dataclass(frozen=True)
class _Job:
    path: Path
    seed: int
    person: int
    photo: int
    side: int
    hard: bool


def person_name(index: int) -> str:
    """A short name for person `index`: ada, bruno, ... and ada-2 after the last of the list."""
    turn, place = divmod(index, len(NAMES))
    return NAMES[place] if turn == 0 else f"{NAMES[place]}-{turn + 1}"


def write_folder(
    out: Path,
    people: int,
    photos: int,
    seed: int,
    side: int = 256,
    progress: Callable[[int, int], None] | None = None,
    processes: int | None = None,
    hard: bool = False,
) -> int:
    """Write `people` x `photos` JPEGs as out/name/name-001.jpg and return their number.

    Equal arguments give equal bytes for any number of processes. A larger folder begins with the people and photos of
    a smaller one. A photo that is there already is left; another file in its place is an error.

    Args:
        side: width and height in pixels.
        progress: called with (finished photos, all photos).
        processes: number of drawing processes; by default at most one a core.
        hard: draw what is hard to tell apart (`hard_photos.py`), not people who differ in plain photos.

    Raises:
        ValueError: `people` or `photos` is below 1.
        OSError, StoreError: the folder cannot be written.
        OutputExists: a file of such a name is there, and is not the photo to be drawn; it is not replaced.
    """
    if people < 1 or photos < 1:
        raise ValueError(f"nothing to draw: {people} people, {photos} photos of each")
    jobs = []
    for person in range(people):
        name = person_name(person)
        (out / name).mkdir(parents=True, exist_ok=True)
        jobs += [_Job(out / name / f"{name}-{n + 1:03}.jpg", seed, person, n, side, hard) for n in range(photos)]
    jobs.sort(key=lambda job: not os.path.lexists(job.path))  # before anything is written, what is there is compared
    if processes is None:
        processes = max(1, min(usable_cores(), len(jobs) // PHOTOS_PER_PROCESS))
    write = _write_here if processes == 1 else partial(_write_in_parallel, processes=processes)
    write(jobs, progress=progress)
    return len(jobs)


def _write_here(jobs: list[_Job], progress: Callable[[int, int], None] | None) -> None:
    for done, job in enumerate(jobs, 1):
        _write_photo(job)
        if progress is not None:
            progress(done, len(jobs))


def _write_in_parallel(jobs: list[_Job], processes: int, progress: Callable[[int, int], None] | None) -> None:
    # spawn: OpenCV's threads do not survive a fork
    context = multiprocessing.get_context("spawn")
    # Ctrl-C reaches all processes of the group; only this process handles it
    ignore = (signal.SIGINT, signal.SIG_IGN)
    with ProcessPoolExecutor(processes, context, initializer=signal.signal, initargs=ignore) as pool:
        try:
            for done, _ in enumerate(pool.map(_write_photo, jobs, chunksize=4), 1):
                if progress is not None:
                    progress(done, len(jobs))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _write_photo(job: _Job) -> None:
    """Draw one photo and write it; runs in any process."""
    from PIL import Image

    pixels = _draw(job)
    drawn = io.BytesIO()
    Image.fromarray(pixels).save(drawn, "JPEG", quality=JPEG_QUALITY)
    if not holds(job.path, drawn.getvalue()):
        write_new(job.path, drawn.getvalue())


def _draw(job: _Job) -> NDArray[np.uint8]:
    if not job.hard:
        return render(draw_identity(job.seed, job.person), draw_scene(job.seed, job.person, job.photo), job.side)
    scene = draw_hard_scene(job.seed, job.person, job.photo)
    return render(aged(draw_look_alike(job.seed, job.person), scene.age), scene, job.side)
