"""A stand-in for Google Cloud Storage: its XML interface, with generation numbers, in front of an S3 server.

What it answers follows Google's description of that interface; no server of others speaks the part that obstore uses.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit

from tests.s3 import KEY, forwarded

SIGNED = f"AWS4-HMAC-SHA256 Credential={KEY}/20261126/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
"""The server behind knows whose request it is by that, and compares no signature."""

CONDITION, GENERATION = "x-goog-if-generation-match", "x-goog-generation"
HOP = ("connection", "transfer-encoding", "keep-alive", "content-length")


class GoogleFront(ThreadingHTTPServer):
    """Passes requests to the S3 server at a port, and keeps the generation of each object.

    An object that is created has another generation than any before. A request with `x-goog-if-generation-match` is
    refused with 412 where the object has another one; 0 stands for an object that is not there.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, s3_port: int) -> None:
        self.s3_port = s3_port
        self._numbers = itertools.count(1_700_000_000_000_000)
        self._generations: dict[str, int] = {}
        self._one_at_a_time: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        super().__init__(("127.0.0.1", 0), _Handler)

    def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """What Google would answer."""
        headers = {name.lower(): value for name, value in headers.items()}
        wanted = headers.pop(CONDITION, None)
        headers["authorization"] = SIGNED
        name, query = unquote(urlsplit(path).path), urlsplit(path).query
        path = quote(name) + (f"?{query}" if query else "")  # the client quotes more of it than the server expects
        completes = method == "POST" and "uploadId" in query
        # an object's bytes and its generation belong together: a reader must not get the bytes of one and the number
        # of the next. Listings and pieces of an upload have a query and no generation
        with self._one_at_a_time[name] if completes or not query else contextlib.nullcontext():
            if (method == "PUT" and not query) or method == "DELETE" or completes:
                return self._change(method, path, name, wanted, headers, body)
            status, told, data = forwarded(self.s3_port, method, path, headers, body)
            if name in self._generations:
                told.append((GENERATION, str(self._generations[name])))
            return status, told, data

    def _change(
        self, method: str, path: str, name: str, wanted: str | None, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        there = self._generations.get(name, 0)
        if wanted is not None and int(wanted) != there:
            return 412, [], b"<Error><Code>PreconditionFailed</Code></Error>"
        if method == "DELETE":
            if not there:
                return 404, [], b"<Error><Code>NoSuchKey</Code></Error>"
            del self._generations[name]
        status, told, data = forwarded(self.s3_port, method, path, headers, body)
        if method != "DELETE" and status == 200:
            self._generations[name] = next(self._numbers)
            told.append((GENERATION, str(self._generations[name])))
        return status, told, data


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GoogleFront

    def log_message(self, *_: object) -> None:
        pass

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            status, headers, data = self.server.answer(self.command, self.path, dict(self.headers.items()), body)
        except ConnectionError:  # the server has ended, and a lease of this process is still written
            self.close_connection = True
            return
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        length = next((value for name, value in headers if name.lower() == "content-length"), len(data))
        self.send_header("Content-Length", str(length if self.command == "HEAD" else len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815
