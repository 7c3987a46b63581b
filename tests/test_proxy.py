"""The link that tests cut: it passes what it is given, until it is told not to."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.proxy import Proxy

SILENT_SECONDS = 0.3


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """One in front of a server that says everything back."""

    def echo(client: socket.socket) -> None:
        with client:
            while data := client.recv(100):
                client.sendall(data)

    def accept(server: socket.socket) -> None:
        with contextlib.suppress(OSError):  # shut down: the test has ended
            while True:
                threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        with Proxy(server.getsockname()[1]) as proxy:
            yield proxy
        server.shutdown(socket.SHUT_RDWR)


def linked(proxy: Proxy) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
    link.sendall(b"hello")
    assert link.recv(100) == b"hello"
    return link


def is_cut(link: socket.socket) -> bool:
    try:
        return link.recv(100) == b""
    except ConnectionError:
        return True


def test_a_cut_ends_every_connection_and_new_ones_are_let_through(proxy: Proxy) -> None:
    first, second = linked(proxy), linked(proxy)
    proxy.cut()
    assert is_cut(first)
    assert is_cut(second)
    linked(proxy)


def test_while_it_is_down_nobody_gets_through(proxy: Proxy) -> None:
    link = linked(proxy)
    with proxy.down():
        assert is_cut(link)
        assert is_cut(socket.create_connection(("127.0.0.1", proxy.port), timeout=10))
    linked(proxy)


def test_silence_keeps_the_connection_and_delays_what_is_said(proxy: Proxy) -> None:
    link = linked(proxy)
    with proxy.silent():
        link.sendall(b"late")
        link.settimeout(SILENT_SECONDS)
        with pytest.raises(TimeoutError):
            link.recv(100)
    link.settimeout(10)
    assert link.recv(100) == b"late"
