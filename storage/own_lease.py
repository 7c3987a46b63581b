"""The lease of this process: made when it is first needed, and kept by a small process of its own."""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import uuid
from pathlib import Path

from storage import lease_keeper
from storage.errors import StoreError
from storage.folders import make_folder
from storage.object_path import ObjectPath

PREFIX = "lease-"

WRITINGS = 5
"""Of a lease in the time after which it would count as dead."""


class OwnLease:
    """The lease of this process in a folder of leases.

    Args:
        seconds: after which a lease that stands still is dead.
    """

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder, self._seconds = folder, seconds
        self._lock = threading.Lock()
        self._pid = 0
        self._id = ""
        self._keeper: subprocess.Popen[bytes] | None = None
        self._words = Path()

    @property
    def current(self) -> str:
        """Its name; empty where this process has none."""
        return self._id if self._pid == os.getpid() else ""

    def name(self) -> str:
        """Its name; a living process keeps it afterwards. Raises OSError where the lease cannot be written."""
        with self._lock:
            if self._pid != os.getpid():  # the first time; or a child of fork, which must not share its parent's
                self._pid, self._id = os.getpid(), f"{PREFIX}{uuid.uuid4().hex}"
                self._keeper, self._words = None, Path()
            if self._keeper is None or self._keeper.poll() is not None:
                self._start()
            return self._id

    def words(self) -> Path:
        """A local folder for what this process writes into an object store; its keeper looks into it at the end."""
        self.name()
        return self._words

    def _start(self) -> None:
        path = self._folder / self._id
        try:
            make_folder(self._folder)
            lease_keeper.write_lease(str(path), 0)
        except (OSError, StoreError):
            self._pid = 0
            raise
        arguments = [str(path), str(os.getpid()), f"{self._seconds / WRITINGS:.3f}"]
        options = ["-I", "-S"]  # neither the current folder nor packages
        if isinstance(path, ObjectPath):
            if not self._words.name:
                self._words = Path(tempfile.mkdtemp(prefix="lineup-words-"))
            arguments.append(str(self._words))
            options.pop()
        self._keeper = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, *options, lease_keeper.__file__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=os.sep,
            start_new_session=True,
        )
        threading.Thread(target=self._guard, args=(self._keeper,), daemon=True, name="lease-guard").start()
        atexit.unregister(self._end)
        atexit.register(self._end)

    def _guard(self, keeper: subprocess.Popen[bytes]) -> None:
        """Start another keeper where somebody killed this one: a training may take hours until the next look."""
        keeper.wait()
        threading.Event().wait(self._seconds / WRITINGS)
        with self._lock, contextlib.suppress(OSError, StoreError):
            if self._keeper is keeper and (isinstance(self._folder, ObjectPath) or self._folder.is_dir()):
                self._start()

    def _end(self) -> None:
        with self._lock:
            keeper, self._keeper = self._keeper, None
            if keeper is None or self._pid != os.getpid():
                return
            self._pid = 0
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            if keeper.stdin:
                keeper.stdin.close()
            if not isinstance(self._folder, ObjectPath):  # an object store may not answer any more
                keeper.wait(5)
