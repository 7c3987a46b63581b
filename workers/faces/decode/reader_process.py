"""The process that parses untrusted photos: limits on memory, processor time and files, and nothing worth stealing.

Started by `guarded_reader`, in a folder and with an import path that no photo can reach. It takes requests on a socket
(a line of JSON; the files' bytes are in shared memory) and answers with a line of JSON; pixels go into shared memory.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import json
import mmap
import os
import resource
import signal
import socket
import sys
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from workers.faces.decode.pillow_formats import load_decoders
from workers.faces.decode.read_image import Header, read_header, read_image
from workers.faces.photo import Photo
from workers.faces.refusal import Refusal

MEMORY_BYTES = 1_000_000_000
"""What parsing one photo may take beyond what the process takes when idle: a PNG of 200 million pixels takes 800 MB."""

CPU_SECONDS = 15
"""For one photo. The slowest honest ones (200 megapixels, progressive) take about 5."""

MOST_FILES = 16
"""Open files; four are needed."""

MAPPED_BYTES = 32_000_000
"""Of the shared memory for pixels; more where a photo needs it. What nobody writes takes no memory."""

RENEW = 77
"""Exit code of a process that was out of memory and had read other photos before: a fresh one shall judge."""

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


class RequestedLimits(NamedTuple):
    """The sizes that a request states; see `storage.engine_settings.Limits`."""

    file_bytes: int
    pixels: int
    shortest_side: int
    working_side: int


def serve(connection: socket.socket, incoming: int, outgoing: int) -> None:
    """Answer requests until the other end is closed.

    Args:
        incoming, outgoing: descriptors of shared memory for the file's bytes and the pixels.
    """
    shared = SharedPixels(outgoing)
    with connection.makefile("rwb") as lines:
        for number, line in enumerate(iter(lines.readline, b"")):
            allow_cpu(CPU_SECONDS)
            try:
                answers = _answers(json.loads(line), incoming, shared)
            except MemoryError:
                if number:  # a leak of an earlier photo may be the cause
                    os._exit(RENEW)
                reason = f"reading it takes more than {MEMORY_BYTES / 1e6:.0f} MB of memory"
                answers = [{"refused": ["too_large", reason]}]
            lines.write(json.dumps({"answers": answers}).encode() + b"\n")
            lines.flush()


class SharedPixels:
    """The shared memory in which the parent looks for the pixels."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._bytes = np.empty(0, np.uint8)

    def room(self, size: int) -> npt.NDArray[np.uint8]:
        """Its first bytes, (size,) uint8."""
        length = max(size, len(self._bytes), MAPPED_BYTES)
        if os.fstat(self._descriptor).st_size < length:  # also after the parent gave it back
            os.ftruncate(self._descriptor, length)
        if len(self._bytes) < length:
            self._bytes = np.frombuffer(mmap.mmap(self._descriptor, length), np.uint8)
        return self._bytes[:size]

    def hand_over(self, photo: Photo) -> dict[str, Any]:
        """The answer for a photo, whose pixels are here or are written here."""
        if not np.may_share_memory(photo.rgb, self._bytes):
            self.room(photo.rgb.size)[:] = photo.rgb.ravel()
        return {"shape": photo.rgb.shape, "scale": photo.scale, "reading": photo.reading}


def _answers(request: dict[str, Any], incoming: int, shared: SharedPixels) -> list[dict[str, Any]]:
    """The headers of the files, which lie behind each other; or the pixels of the only one."""
    if request["limits"]:
        found = read_image(
            os.pread(incoming, request["lengths"][0], 0), RequestedLimits(*request["limits"]), shared.room
        )
        return [shared.hand_over(found) if isinstance(found, Photo) else _stated(found)]
    starts = itertools.accumulate(request["lengths"], initial=0)
    files = (os.pread(incoming, length, start) for length, start in zip(request["lengths"], starts, strict=False))
    return [_stated(read_header(data)) for data in files]


def _stated(found: Header | Refusal) -> dict[str, Any]:
    if isinstance(found, Refusal):
        return {"refused": [found.outcome, found.reason]}
    return {"header": [found.width, found.height, found.format, found.orientation]}


def confine() -> None:
    """Set the limits that hold for the whole life of this process. Decoders are loaded before."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_FILES, MOST_FILES))
    with contextlib.suppress(ValueError, OSError):  # a lower limit of the user's own stays; macOS knows none
        taken = _data_bytes()
        resource.setrlimit(resource.RLIMIT_DATA, (taken + MEMORY_BYTES, taken + MEMORY_BYTES))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def allow_cpu(seconds: int) -> None:
    """The kernel ends this process when it has taken so many more seconds of processor time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds + 1
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


def die_with(parent: int) -> None:
    """The kernel kills this process when its parent dies, also in the midst of a photo."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before
            os._exit(1)


def _data_bytes() -> int:
    """Private memory that this process may write, in use or reserved; what RLIMIT_DATA counts."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - before any limit on files
        fields = dict(line.split(":", 1) for line in status)
    return 1024 * int(fields["VmData"].split()[0])


def serve_parent() -> None:
    """Serve on the descriptors that the command line names: socket, shared memory in, shared memory out, parent."""
    connection, incoming, outgoing, parent = map(int, sys.argv[1:])
    die_with(parent)
    load_decoders()
    confine()
    serve(socket.socket(fileno=connection), incoming, outgoing)


if __name__ == "__main__":
    serve_parent()
