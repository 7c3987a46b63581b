"""The signature of a message: HMAC-SHA256 under the store's key, over the bytes as they are sent.

    lineup1 <64 hex digits> <JSON>

It covers the place (the queue or channel) and every byte: task name, headers, properties and body. It is checked
before anything is parsed, so what has another sender costs one hash.
"""

from __future__ import annotations

import hashlib
import hmac

MARK = b"lineup1 "
_DIGITS = 64
_START = len(MARK) + _DIGITS + 1

MOST_BYTES = 1_048_576
"""Of a message with its signature. The largest of ours, 1,000 photos, has 95 kB."""

UNSIGNED, WRONG_SIGNATURE, TOO_LONG = "unsigned", "wrong signature", "too long"
"""Why a message is refused."""


class NotSigned(Exception):
    """A message that is not obeyed; its text is one of the reasons above."""


def sign(key: bytes, place: str, data: bytes) -> bytes:
    """A message for that place, signed."""
    return MARK + _digest(key, place, data) + b" " + data


def signed_content(key: bytes | None, place: str, message: bytes) -> bytes:
    """The content of a signed message.

    Args:
        key: None for a reader who cannot check, and obeys nothing.
        place: where the message was found; a message of another place is refused.

    Raises:
        NotSigned: it was not made for this place with this key, or is longer than any of ours.
    """
    if len(message) > MOST_BYTES:
        raise NotSigned(TOO_LONG)
    if not message.startswith(MARK) or message[_START - 1 : _START] != b" ":
        raise NotSigned(UNSIGNED)
    content = message[_START:]
    if key is not None and not hmac.compare_digest(message[len(MARK) : _START - 1], _digest(key, place, content)):
        raise NotSigned(WRONG_SIGNATURE)
    return content


def _digest(key: bytes, place: str, data: bytes) -> bytes:
    # the length keeps a place from running into the content
    name = place.encode(errors="surrogatepass")
    return hmac.digest(key, b"%d:%s%s" % (len(name), name, data), hashlib.sha256).hex().encode()
