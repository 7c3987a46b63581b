"""Leases in an object store: every file is an object that is written whole, and a name is created once.

An attempt is written anew whenever it gets a line. Its lines are also in a local file, which the last words of a
crashing process go into; the keeper of its lease writes them into the store when the process has died. Lines that are
about to be written are announced together, with one request, and the next ones while the caller works: the object then
names more than the file, never less.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from storage.errors import StoreError, StoreUnreachable
from storage.held_file import HeldFile, write_whole
from storage.leases import Leases, disowned, owner_in
from storage.object_path import store_path
from storage.whole_objects import create_whole, put_whole

ADDRESS = ".address"
"""Ends the name of a local file that says which object the file beside it is."""

RETRY_SECONDS = 2.0
"""Between two trials to end what could not be ended; each tries for some time by itself."""


class ObjectLeases(Leases):
    """See `storage.liveness.Liveness`."""

    def hold(self, path: Path, content: bytes, flags: int = 0) -> HeldFile:
        local = self._own.words() / uuid.uuid4().hex
        local.with_suffix(ADDRESS).write_text(str(path))
        descriptor = os.open(local, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | flags, 0o600)
        try:
            write_whole(descriptor, content)
            if not create_whole(path, content):
                raise FileExistsError(17, "The object is there", str(path))
        except BaseException as error:
            os.close(descriptor)
            _delete(local)
            if isinstance(error, StoreUnreachable):  # it may have been written
                _finish(lambda: _delete_own(path, content))
            raise
        return _HeldObject(path, descriptor, local)

    def is_held(self, path: Path) -> bool:
        return self._is_alive(owner_in(path.name.encode()) or owner_in(path.read_bytes()))

    def delete_if_dead(self, path: Path) -> bool:  # noqa: ARG002 - nothing is half-written in an object store
        return False

    @contextlib.contextmanager
    def temporary_file(self, path: Path) -> Iterator[Path]:
        raise NotImplementedError(f"{path} is written with one request")

    @contextlib.contextmanager
    def temporary_folder(self, path: Path) -> Iterator[Path]:
        raise NotImplementedError(f"{path} is built in a local folder")


class _HeldObject(HeldFile):
    def __init__(self, path: Path, descriptor: int, local: Path) -> None:
        super().__init__(path, descriptor)
        self._local = local
        self._announced: list[bytes] = []
        self._ahead: list[bytes] = []
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="announce")
        self._sending: Future[None] | None = None

    def announce(self, lines: Sequence[bytes], ahead: Sequence[bytes] = ()) -> None:
        self._wait_until_sent()
        if not set(lines) <= set(self._announced):
            self._announced = list(lines)
            put_whole(self.path, self._content())
        self._ahead = [line for line in ahead if line not in self._announced]
        if self._ahead:
            self._sending = self._sender.submit(put_whole, self.path, self._content())

    def write(self, data: bytes) -> None:
        super().write(data)
        if data in self._announced:  # the store has it
            self._announced.remove(data)
        else:
            self._wait_until_sent()
            put_whole(self.path, self._content())

    def _content(self) -> bytes:
        return self._local.read_bytes() + b"".join([*self._announced, *self._ahead])

    def _wait_until_sent(self) -> None:
        """Of two requests at once, the later could be overtaken. Raises StoreError where the store did not take it."""
        sending, self._sending = self._sending, None
        ahead, self._ahead = self._ahead, []
        if sending is not None:
            sending.result()
            self._announced += ahead

    def release(self, keep: bool = False) -> None:
        """What stays must be held by nobody, though this process lives on; so it is done later where it fails now."""
        with contextlib.suppress(StoreError):  # it ends with what `end` writes, whatever was sent ahead
            self._wait_until_sent()
        self._sender.shutdown()
        disowned_words = disowned(self._local.read_bytes()) if keep else b""

        def end() -> None:
            if keep:
                put_whole(self.path, disowned_words)
            else:
                self.path.unlink(missing_ok=True)

        try:
            end()
        except StoreUnreachable:
            _finish(end)
            raise
        finally:
            os.close(self.descriptor)
            _delete(self._local)


def _finish(end: Callable[[], None]) -> None:
    """Do it when the store answers again: what a living process seems to hold is begun by no other."""

    def again() -> None:
        pause = threading.Event()
        while not pause.wait(RETRY_SECONDS):
            with contextlib.suppress(StoreError):
                end()
                return

    threading.Thread(target=again, daemon=True, name="lease-end").start()


def _delete_own(path: Path, content: bytes) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.read_bytes() == content:
            path.unlink(missing_ok=True)


def _delete(local: Path) -> None:
    with contextlib.suppress(OSError):
        local.with_suffix(ADDRESS).unlink(missing_ok=True)
        local.unlink(missing_ok=True)


def upload_words(folder: Path) -> None:
    """Write what a dead process left in its local files into the store, and delete them."""
    for address in sorted(folder.glob(f"*{ADDRESS}")):
        path, local = store_path(address.read_text()), address.with_suffix("")
        if local.exists() and path.is_file():
            put_whole(path, local.read_bytes())
    shutil.rmtree(folder, ignore_errors=True)
