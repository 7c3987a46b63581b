"""TLS in front of a broker, as a server or a proxy in a data centre has it, with an authority that a test makes."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pytest

from tests.proxy import CHUNK_BYTES, free_port


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key, and the certificate of the authority that signed it."""

    authority: Path
    certificate: Path
    key: Path


def make_certificate(folder: Path, host: str) -> Certificate:
    """A new authority, and a certificate for a host; the test skips where there is no openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the program openssl")
    folder.mkdir()
    _openssl(folder, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test authority")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE")
    name = ("-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}")
    _openssl(folder, "-keyout", "key.pem", "-out", "certificate.pem", *name, *signed)
    return Certificate(folder / "ca.pem", folder / "certificate.pem", folder / "key.pem")


def _openssl(folder: Path, *arguments: str) -> None:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    subprocess.run(["openssl", "req", "-x509", *curve, *arguments], cwd=folder, check=True, capture_output=True)


class TlsProxy:
    """Listens on loopback with TLS and passes the bytes to a Unix socket; use it as a context manager."""

    def __init__(self, certificate: Certificate, socket_path: str) -> None:
        self.port = free_port()
        self._path = socket_path
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate.certificate, certificate.key)
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda *_: None)  # clients that refuse the certificate
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> TlsProxy:
        self._thread.start()
        assert self._ready.wait(10), "the proxy did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        start = asyncio.start_server(self._link, "127.0.0.1", self.port, ssl=self._context)
        self._loop.run_until_complete(start)
        self._ready.set()
        self._loop.run_forever()
        links = asyncio.all_tasks(self._loop)
        for link in links:
            link.cancel()
        if links:
            self._loop.run_until_complete(asyncio.wait(links))
        self._loop.close()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(self._path)
        await asyncio.gather(_pass(reader, inner_writer), _pass(inner_reader, writer), return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
