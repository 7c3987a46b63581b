"""A real S3 server (moto's) as a process on loopback, and a proxy in front of a server that makes faults."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

from storage.object_path import store_path
from tests.proxy import free_port

Fault = Literal["slow down", "cut", "lose answer"]

SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
PIECE = 65_536
KEY, SECRET = "AKIATESTKEYOFLINEUP0", "a-secret-that-no-message-may-show"


class ObjectServer:
    """Where it listens, and the environment in which obstore finds it.

    Attributes:
        secrets: that no message may show.
        makes_buckets: whether an object may be put where no bucket is.
        pid: of its process; 0 where that is not told.
    """

    secrets: tuple[str, ...] = ()
    makes_buckets = False
    pid = 0

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def environment(self, url: str = "") -> dict[str, str]:
        """Variables of a process that uses it, or a proxy at that address."""
        raise NotImplementedError

    def new_bucket(self) -> str:
        """The address of a new bucket."""
        raise NotImplementedError


class S3Server(ObjectServer):
    """It speaks S3."""

    secrets = (KEY, SECRET)

    def environment(self, url: str = "") -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": url or self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }

    def new_bucket(self) -> str:
        name = f"lineup-{uuid.uuid4().hex[:12]}"
        status, _, _ = forwarded(self.port, "PUT", f"/{name}", {}, b"")
        assert status == 200
        return f"s3://{name}"


@contextlib.contextmanager
def s3_server() -> Iterator[S3Server]:
    """Start it, and end it with the block."""
    server = S3Server(free_port())
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(server.port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server.pid = process.pid
    try:
        for _ in range(150):
            with contextlib.suppress(ConnectionError):
                forwarded(server.port, "GET", "/moto-api/", {}, b"")
                break
            time.sleep(0.2)
        else:
            raise TimeoutError("the S3 server does not answer")
        yield server
    finally:
        process.kill()  # it holds nothing that lasts, and takes long to end on a loaded machine
        process.wait()


@contextlib.contextmanager
def store_in_s3() -> Iterator[Path]:
    """Where to make a store in a new bucket; every process that is started meanwhile finds it."""
    with s3_server() as server:
        os.environ.update(server.environment())
        yield store_path(f"{server.new_bucket()}/store")


class FaultyProxy:
    """Passes requests to a server; each waits for `latency`, and those that a fault is queued for meet it.

    Attributes:
        faults: the next requests (of `method`, where that is set) take one each.
        let_through: so many requests meet no fault first.
        every: where it is not 0, each request of this number meets the next of all faults.
        made: faults so far, of those that `every` asks for.
        closed: cut every connection while it is set.
        requests: method and path of all so far.
        authorization: the header of the last request that had one.
        fetched: bytes that were sent to clients; of an answer that a client did not want, what it took.
    """

    def __init__(self, server: ObjectServer) -> None:
        self.latency = 0.0
        self.faults: deque[Fault] = deque()
        self.method = ""
        self.let_through = 0
        self.every = 0
        self.made = 0
        self.closed = False
        self._count = itertools.count(1)
        self.fetched = 0
        self.authorization = ""
        self.requests: list[tuple[str, str]] = []
        self._server = server
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    def __enter__(self) -> FaultyProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def fault(self, method: str) -> Fault | None:
        """The fault of this request, if any."""
        if self.closed:
            return "cut"
        number = next(self._count)
        if self.every and number % self.every == 0:
            self.made += 1
            return ("slow down", "cut", "lose answer")[self.made % 3]
        if self.let_through:
            self.let_through -= 1
            return None
        if self.faults and self.method in ("", method):
            with contextlib.suppress(IndexError):
                return self.faults.popleft()
        return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy, port = self, self._server.port

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                proxy.requests.append((self.command, self.path))
                proxy.authorization = self.headers.get("Authorization", proxy.authorization)
                time.sleep(proxy.latency)
                fault = proxy.fault(self.command)
                if fault == "cut":
                    self.close_connection = True
                    return
                if fault == "slow down":
                    self._answer(503, [], SLOW_DOWN)
                    return
                try:
                    status, headers, data = forwarded(port, self.command, self.path, dict(self.headers.items()), body)
                except ConnectionError:  # the server has ended, and a lease of this process is still written
                    fault = "lose answer"
                if fault == "lose answer":
                    self.close_connection = True
                    return
                self._answer(status, headers, data)

            def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in ("connection", "transfer-encoding", "keep-alive"):
                        self.send_header(name, value)
                if not any(name.lower() == "content-length" for name, _ in headers):
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    with contextlib.suppress(ConnectionError):  # the client wanted no more
                        for start in range(0, len(data), PIECE):
                            self.wfile.write(data[start : start + PIECE])
                            proxy.fetched += PIECE

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815

        return Handler


def forwarded(
    port: int, method: str, path: str, headers: dict[str, str], body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    """What the server answers to a request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()
