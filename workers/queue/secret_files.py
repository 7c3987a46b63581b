"""Secrets that come from files, as Docker's and Kubernetes' secrets do: a password, or the broker's whole address.

One line break at the end of a file is left out; every other character counts. Errors name the file, never its content.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from storage.errors import InputError

FLOWER_VARIABLE = "LINEUP_FLOWER_PASSWORD_FILE"


def read_secret(path: Path, variable: str) -> str:
    """The secret in a file.

    Args:
        variable: that names the file, for errors.

    Raises:
        InputError: there is no such file, it is empty, or it holds a line break or another control character.
    """
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        hint = "Name a file that this user can read"
        raise InputError(f"{variable}: {path} cannot be read: {error.strerror}", hint) from error
    except UnicodeDecodeError:
        raise InputError(f"{variable}: {path} is not UTF-8", "Write the secret as text") from None
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise InputError(f"{variable}: {path} is empty", "Write the secret into it")
    if not secret.isprintable():
        raise InputError(f"{variable}: {path} holds a line break or a control character", "Write one line of text")
    return secret


def has_password(url: str) -> bool:
    """Whether a broker's address has a password in it."""
    return "@" in url and ":" in url.partition("://")[2].rpartition("@")[0]


def with_password(url: str, password: str) -> str:
    """A broker's address, which has none, with a password of any characters.

    >>> with_password("redis://broker:6379/0", "a/b@c:d %#?")
    'redis://:a%2Fb%40c%3Ad%20%25%23%3F@broker:6379/0'
    >>> with_password("rediss://me@broker:6379/0", "x")
    'rediss://me:x@broker:6379/0'
    >>> with_password("redis+socket:///run/broker.sock", "x")
    'redis+socket://:x@/run/broker.sock'
    """
    scheme, _, rest = url.partition("://")
    user, _, host = rest.rpartition("@")
    return f"{scheme}://{user}:{quote(password, safe='')}@{host}"


def flower_password(path: Path | None) -> str:
    """The password of Flower's pages; empty where no file is named.

    Raises:
        InputError: as `read_secret`; or it has other characters than ASCII, which Flower cannot compare.
    """
    if path is None:
        return ""
    secret = read_secret(path, FLOWER_VARIABLE)
    if not secret.isascii():
        raise InputError(f"{FLOWER_VARIABLE}: {path} has other characters than ASCII", "Flower compares no others")
    return secret
