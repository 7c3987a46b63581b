"""Values of the broker that are too long are skipped, and the next answer is read as ever."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from redis._parsers.encoders import Encoder
from redis.exceptions import ConnectionError as BrokerConnectionError
from redis.exceptions import TimeoutError as BrokerTimeoutError

from workers.queue.bounded_parser import INSTEAD, BoundedParser
from workers.queue.signatures import MOST_BYTES


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Those of the broker and of the parser."""
    one, two = socket.socketpair()
    two.settimeout(1)
    with one, two:
        yield one, two


def parser_at(end: socket.socket) -> Any:
    encoder = Encoder("utf-8", "strict", False)  # type: ignore[no-untyped-call]
    parser = BoundedParser(65_536)  # type: ignore[no-untyped-call]
    parser.on_connect(SimpleNamespace(_sock=end, socket_timeout=1, encoder=encoder))
    return parser


def bulk(data: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(data), data)


def answered(ends: tuple[socket.socket, socket.socket], data: bytes, answers: int) -> list[Any]:
    """What the parser reads when the broker sends that."""
    sender = threading.Thread(target=ends[0].sendall, args=(data,))
    sender.start()
    parser = parser_at(ends[1])
    found = [parser.read_response() for _ in range(answers)]
    sender.join()
    return found


@pytest.mark.parametrize("size", [0, 1, 70_000, MOST_BYTES])
def test_a_value_up_to_the_limit_is_read(ends: tuple[socket.socket, socket.socket], size: int) -> None:
    assert answered(ends, bulk(b"v" * size) + b":7\r\n", 2) == [b"v" * size, 7]


@pytest.mark.parametrize("size", [MOST_BYTES + 1, MOST_BYTES + 65_535, 20_000_000])
def test_a_longer_one_is_skipped_also_inside_an_answer(ends: tuple[socket.socket, socket.socket], size: int) -> None:
    whole = b"*2\r\n" + bulk(b"images") + bulk(b"v" * size)
    assert answered(ends, whole + whole + bulk(b"next"), 3) == [[b"images", INSTEAD], [b"images", INSTEAD], b"next"]


def test_a_connection_that_ends_or_falls_silent_in_the_midst_is_an_error(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    parser = parser_at(ends[1])
    ends[0].sendall(b"$%d\r\nabc" % (MOST_BYTES + 1))
    with pytest.raises(BrokerTimeoutError):
        parser.read_response()
    parser = parser_at(ends[1])
    ends[0].sendall(b"$%d\r\nabc" % (MOST_BYTES + 1))
    ends[0].close()
    with pytest.raises(BrokerConnectionError):
        parser.read_response()
