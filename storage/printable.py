"""Text that others wrote, made safe for a terminal and for a log."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text on one line; control characters, line breaks and marks of direction are escaped.

    >>> print(printable("a\\x1b[31m\\n\\u202e"))
    a\\x1b[31m\\n\\u202e
    """
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
