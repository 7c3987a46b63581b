"""Addresses of brokers as they may be shown: scheme, host and port, and nothing else."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"\b(?:rediss?|redis\+socket|unix|sentinel|amqps?)://\S+")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[\w.-]+)(?::\d{1,5})?")
_SOCKETS = ("redis+socket", "unix")


def public_address(url: str) -> str:
    """The scheme, host and port of an address; of a socket, its path. What is no host is not shown.

    >>> public_address("rediss://user:secret@broker.example:6380/3?x=y")
    'rediss://broker.example:6380'
    >>> public_address("redis+socket://:secret@/tmp/broker.sock")
    'redis+socket:///tmp/broker.sock'
    >>> public_address("redis://:secret/0")
    'redis://...'
    """
    scheme, _, rest = url.partition("://")
    rest = rest.rpartition("@")[2]
    if scheme in _SOCKETS and rest.startswith("/"):
        return f"{scheme}://{re.split(r'[?#]', rest)[0]}"
    host = _HOST.match(rest)
    ends = host and rest[host.end() : host.end() + 1] in ("", *"/?#,;:'\")]>.")
    return f"{scheme}://{host[0].rstrip('.') if host and ends else '...'}"


def without_secrets(text: str) -> str:
    """A text, such as another library's error, in which every address of a broker is a public one.

    >>> without_secrets("Cannot connect to redis://:secret@host:6379/0: refused")
    'Cannot connect to redis://host:6379 refused'
    """
    return _ADDRESS.sub(lambda found: public_address(found[0]), text)
