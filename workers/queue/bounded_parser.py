"""Read answers of the broker with a limit on the size of each value.

redis-py (8.1) reads a value of any size into memory before anyone can look at it. Here one that is too long is read
in small pieces, thrown away, and becomes a value that `signed_content` refuses for its length.
"""

from __future__ import annotations

from typing import Any

from redis._parsers.resp3 import _RESP3Parser
from redis._parsers.socket import SERVER_CLOSED_CONNECTION_ERROR, SocketBuffer
from redis.exceptions import ConnectionError as BrokerConnectionError
from redis.exceptions import TimeoutError as BrokerTimeoutError
from redis.utils import SENTINEL

from workers.queue.signatures import MOST_BYTES

INSTEAD = b"\0" * (MOST_BYTES + 1)
"""Takes the place of a value that is too long, whatever was in it."""

_PIECE = 65_536


class BoundedBuffer(SocketBuffer):
    """Holds at most one value of MOST_BYTES, and skips longer ones."""

    def read(self, length: int, timeout: Any = SENTINEL) -> bytes:
        """A value of that length; INSTEAD where it is too long.

        Raises:
            ConnectionError, TimeoutError: of redis-py.
        """
        if length <= MOST_BYTES:
            return super().read(length, timeout=timeout)
        left = length + 2  # and the end of the line
        left -= len(self._buffer.read(left))
        self._buffer.seek(0)
        self._buffer.truncate(0)
        while left:
            try:
                piece = len(self._sock.recv(min(left, _PIECE)))
            except TimeoutError as error:
                raise BrokerTimeoutError("Timeout reading from socket") from error
            except OSError as error:
                raise BrokerConnectionError(f"Error while reading from socket: {error}") from error
            if not piece:
                raise BrokerConnectionError(SERVER_CLOSED_CONNECTION_ERROR)
            left -= piece
        return INSTEAD


class BoundedParser(_RESP3Parser):
    """redis-py's parser with a BoundedBuffer; it also reads the older protocol's answers."""

    def on_connect(self, connection: Any) -> None:
        """Called when the socket is connected."""
        super().on_connect(connection)  # type: ignore[no-untyped-call]
        self._buffer = BoundedBuffer(connection._sock, self.socket_read_size, connection.socket_timeout)
