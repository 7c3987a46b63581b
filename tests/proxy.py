"""A TCP link that can be cut: it stands between processes and their broker, and breaks when a test says so."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

CHUNK_BYTES = 65_536


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Proxy:
    """Passes bytes between its own port and that of a server on loopback; use it as a context manager.

    Attributes:
        cuts: connections that were cut so far.
    """

    def __init__(self, server_port: int) -> None:
        self.port = free_port()
        self.cuts = 0
        self._server_port = server_port
        self._refusing = False
        self._links: set[asyncio.WriteTransport] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> Proxy:
        self._thread.start()
        assert self._ready.wait(10), "the proxy did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def cut(self) -> None:
        """End every connection at once, as a router that restarts; new ones are let through."""
        self._do(self._abort)

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """End every connection and refuse new ones while this lasts."""
        self._refusing = True
        self._do(self._abort)
        try:
            yield
        finally:
            self._refusing = False

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """Keep every connection and pass no byte while this lasts: a half-open link."""
        self._do(self._flows.clear)
        try:
            yield
        finally:
            self._do(self._flows.set)

    def _do(self, deed: Callable[[], object]) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(deed)
        self._loop.call_soon_threadsafe(done.set)
        assert done.wait(10), "the proxy does not obey"

    def _abort(self) -> None:
        for link in list(self._links):
            link.abort()
        self.cuts += len(self._links)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._flows.set()
        server = self._loop.run_until_complete(asyncio.start_server(self._meet, "127.0.0.1", self.port))
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._abort()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # held here: the loop alone would let it be collected
        task = self._loop.create_task(self._link(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:  # the server is dead: so is this connection
            writer.transport.abort()
            return
        ends = {writer.transport, server_writer.transport}
        self._links |= ends
        pumps = [
            self._loop.create_task(self._pump(reader, server_writer)),
            self._loop.create_task(self._pump(server_reader, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for end in ends:
                end.abort()
            self._links -= ends

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):  # cut
            while data := await reader.read(CHUNK_BYTES):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
