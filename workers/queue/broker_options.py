"""The broker's address becomes the options of everybody who connects to it: kombu, redis-py and Flower.

TLS is verified, against the authority of LINEUP_BROKER_CA or those of the system. Every key in the broker has a
prefix of the store's own, so that stores and other applications may share a broker. An address with anything else in
it, such as query parameters, is refused: the three libraries would each read it in another way.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from storage.errors import BrokerCertificateError, BrokerUrlError
from storage.store_id import store_id
from storage.store_key import store_key, store_key_if_there
from workers.queue.environment import UNVERIFIED, Settings, load_settings
from workers.queue.message_guard import MessageGuard

if TYPE_CHECKING:
    import redis

SCHEMES = ("redis", "rediss", "redis+socket")
EXAMPLE = "Write it such as redis://:PASSWORD@HOST:6379/0, where / # ? @ : of a password are %2F %23 %3F %40 %3A"
_PARAMETER = re.compile(r"(ssl_\w+|db|virtual_host|socket_\w+|health_check_interval|max_connections|protocol)=")


@dataclass(frozen=True)
class BrokerOptions:
    """How to connect to a broker.

    Args:
        url: as Celery spells it, with the password.
        prefix: of every key.
        tls: options of the connection, called as kombu, redis-py and Flower call them; empty without TLS.
        guard: signs and checks messages.
    """

    url: str = field(repr=False)
    prefix: str = ""
    tls: Mapping[str, Any] = field(default_factory=dict)
    guard: MessageGuard = field(default_factory=MessageGuard)

    def celery_settings(self, transport_options: Mapping[str, Any]) -> dict[str, Any]:
        """Celery's settings, which Flower reads too."""
        return {
            "broker_url": self.url,
            "broker_use_ssl": dict(self.tls) or None,
            "broker_transport_options": {
                **transport_options,
                "global_keyprefix": self.prefix,
                "message_guard": self.guard,
            },
        }

    def redis_client(self, anonymous: bool = False) -> redis.Redis:
        """A client of redis-py; it knows no prefix.

        Args:
            anonymous: without the password.
        """
        import redis

        url = redis_url(without_password(self.url) if anonymous else self.url)
        return redis.Redis.from_url(url, socket_timeout=10, socket_connect_timeout=5, **self.tls)

    def keys(self, *names: str) -> list[str]:
        """Names of keys as they are in the broker."""
        return [self.prefix + name for name in names]


def store_options(url: str, store: Path, settings: Settings | None = None) -> BrokerOptions:
    """The options for a store's messages; makes the store's id and its key where it has none.

    Raises:
        BrokerUrlError: `url` is not an address that all libraries understand alike.
        BrokerCertificateError: LINEUP_BROKER_CA is not a file of certificates.
        StoreError: the store's id or key cannot be read or made.
    """
    options = reader_options(url, store, settings)
    return replace(options, guard=MessageGuard(store_key(store), store.absolute()))


def reader_options(url: str, store: Path, settings: Settings | None = None) -> BrokerOptions:
    """The options of Flower, which sends no tasks, and without the store's key nothing at all. Raises as above."""
    chosen = settings or load_settings()
    parts = _checked(url)
    tls = _tls(chosen, parts) if parts.scheme == "rediss" else {}
    if chosen.broker_ca and parts.scheme == "redis":
        raise BrokerUrlError("LINEUP_BROKER_CA is set, but redis:// is not encrypted", "Write rediss://")
    prefix = chosen.broker_prefix or f"lineup:{store_id(store)}:"
    return BrokerOptions(url, prefix, tls, MessageGuard(store_key_if_there(store), store.absolute(), sends_tasks=False))


def redis_url(broker_url: str) -> str:
    """A broker's address as the Redis client spells it: it says unix:// where kombu says redis+socket://."""
    return broker_url.replace("redis+socket://", "unix://", 1)


def without_password(url: str) -> str:
    """An address that may be shown and logged, also where a '/' in the password makes it invalid."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if "@" in host:
        rest = host.rpartition("@")[2] + slash + path
    elif host:
        rest = rest.rpartition("@")[2]
    return scheme + mark + rest


def _checked(url: str) -> SplitResult:
    """The parts of an address. No error shows it: a part of the password may stand anywhere in a wrong one."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError
    except ValueError:
        raise BrokerUrlError("LINEUP_BROKER_URL is not an address of a broker", EXAMPLE) from None
    if parts.scheme.startswith("sentinel"):
        raise BrokerUrlError("LINEUP_BROKER_URL: Sentinel is not supported", "Give the address of the primary server")
    known = _PARAMETER.match(parts.query)
    if known:
        hint = "TLS is verified by default: see LINEUP_BROKER_CA and LINEUP_BROKER_CERTIFICATE"
        raise BrokerUrlError(
            f"LINEUP_BROKER_URL: parameter {known[1]} is not supported",
            hint if known[1].startswith("ssl_") else "Leave out all that follows the '?'",
        )
    path = parts.path if parts.scheme == "redis+socket" else ""
    if (
        parts.scheme not in SCHEMES
        or "?" in url
        or "#" in url
        or not (len(path) > 1 if parts.scheme == "redis+socket" else re.fullmatch(r"/?|/\d{1,9}", parts.path))
    ):
        raise BrokerUrlError("LINEUP_BROKER_URL is not an address of a broker", EXAMPLE)
    return parts


def _tls(settings: Settings, parts: SplitResult) -> dict[str, Any]:
    if settings.broker_certificate == UNVERIFIED:
        return {"ssl_cert_reqs": ssl.CERT_NONE, "ssl_check_hostname": False}
    options: dict[str, Any] = {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
    if settings.broker_ca is None:
        return options
    path = settings.broker_ca.absolute()
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        what = f"LINEUP_BROKER_CA: {path} is not a file of certificates: {error.strerror or error}"
        raise BrokerCertificateError(
            what, f"Name the PEM file of the authority that signed for {parts.hostname}"
        ) from error
    return {**options, "ssl_ca_certs": str(path)}
