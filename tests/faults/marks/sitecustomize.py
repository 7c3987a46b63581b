"""Photos that misbehave: Python itself loads this in the workers of the fault tests, found through PYTHONPATH.

A photo carries its mark as a JPEG comment (`tests.faults.marking.mark`), which no decoder minds. In a process that
has not loaded this module it is an ordinary photo.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import os
import re
import resource
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from storage import folders, new_folders, write_whole
from storage.file_locks import TEMPORARY
from workers.faces.decode.guarded_reader import GuardedReader
from workers.learning.face_arrays import Faces

HOG_BYTES = 200_000_000
STEP_BYTES = 16_000_000

FULL_BYTES = 4_000
"""Less than a photo's part, and enough for an attempt's few lines."""

SLOW_LOADING_SECONDS = 4.0
"""Long enough for another process to begin the same training meanwhile, if it could."""

MARK = re.compile(rb"lineup-test:([a-z]+)")


def kill() -> None:
    """Die as by the kernel's hand when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def once() -> None:
    """Die the first time, and never again."""
    try:
        (_folder() / "once").touch(exist_ok=False)
    except FileExistsError:
        return
    kill()


def crash() -> None:
    """Read through a null pointer, as a decoder with a bug does."""
    ctypes.string_at(0)


def hang() -> None:
    """Never return, and keep the interpreter's lock: no Python code runs in this process any more."""
    ctypes.PyDLL(None).pause()


def bug() -> None:
    """Raise an error that no code expects."""
    raise RuntimeError("a bug in a decoder")


def hog() -> None:
    """Take memory until there is no more, as a bomb in a format does that no limit knows."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + HOG_BYTES, most))
    try:
        _take_for_ever()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def devour() -> None:
    """The same in a group of processes whose memory the kernel limits: it kills without a word."""
    group = Path((_folder() / "group").read_text())
    (group / "cgroup.procs").write_text(str(os.getpid()))
    _take_for_ever()


def _take_for_ever() -> None:
    taken = []
    while True:
        taken.append(b"\1" * STEP_BYTES)  # touched, and so really taken


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def gate(name: str = "gate") -> None:
    """Wait until the test, which holds the gate's lock, opens it; the kernel opens it should the test die."""
    with (_folder() / name).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)


def fill_disk() -> None:
    """While a file named `full` is there, no file of this process grows beyond what a small part needs."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    full = (_folder() / "full").exists()
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_BYTES if full else most, most))


def _folder() -> Path:
    return Path(os.environ["LINEUP_TEST_MARKS"])


DEEDS: dict[bytes, Callable[[], None]] = {
    deed.__name__.encode(): deed for deed in (kill, once, crash, hang, bug, hog, devour, gate)
}

read_image = GuardedReader.image
fsync = folders.fsync


@functools.wraps(read_image)
def read_marked(reader: GuardedReader, data: bytes, *arguments: Any, **named: Any) -> Any:
    fill_disk()
    for found in MARK.findall(data[:4096]):
        DEEDS[found]()
    return read_image(reader, data, *arguments, **named)


@functools.wraps(fsync)
def fsync_or_die(path: Path) -> None:
    """Die in the midst of writing a part of faces where a test wants it: once for each such wish."""
    if path.parent.name == "faces" and path.name.endswith(TEMPORARY) and _is_wished("die-before-rename"):
        kill()
    if path.name == "faces" and _is_wished("die-after-rename"):
        kill()
    fsync(path)


def _is_wished(mark: str) -> bool:
    try:
        (_folder() / mark).unlink()
    except FileNotFoundError:
        return False
    return True


new_folder = new_folders.new_folder


@contextlib.contextmanager
def new_folder_at_the_gate(path: Path) -> Iterator[Path]:
    """A refit waits at a gate of its own when its model is about to be written."""
    if path.parent.name == "model":
        gate("refit-gate")
    with new_folder(path) as folder:
        yield folder


from_table = Faces.from_table


def load_or_die(table: Any, jpegs: Any = None, embedding: Any = None) -> Faces:
    """While a file named `die-while-loading` is there, die in the midst of loading a run's faces.

    Each death is a line in the file; a second process that loads at the same time writes a line of its own.
    """
    mark = _folder() / "die-while-loading"
    if not mark.exists():
        return from_table(table, jpegs, embedding)
    with mark.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.write("two at once\n")
            file.flush()
            kill()
        file.write("died\n")
        file.flush()
        time.sleep(SLOW_LOADING_SECONDS)
        kill()
    raise AssertionError("a killed process goes on")


GuardedReader.image = read_marked  # type: ignore[method-assign, assignment]
Faces.from_table = staticmethod(load_or_die)  # type: ignore[method-assign]
vars(write_whole)["fsync"] = fsync_or_die
new_folders.new_folder = new_folder_at_the_gate
