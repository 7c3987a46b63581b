"""One address gives the same connection to kombu, redis-py and Flower; what they read in three ways is refused."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from storage.errors import BrokerCertificateError, BrokerUrlError
from storage.store_id import store_id
from workers.queue.broker_options import BrokerOptions, reader_options, store_options, without_password
from workers.queue.environment import Settings


def options(store: Path, url: str, **settings: object) -> BrokerOptions:
    return store_options(url, store, Settings(**settings))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:secret@host:6379/0", "redis://host:6379/0"),
        ("redis+socket://:secret@/tmp/broker.sock", "redis+socket:///tmp/broker.sock"),
        ("rediss://user:secret@host/1", "rediss://host/1"),
        ("redis://host", "redis://host"),
    ],
)
def test_a_client_without_a_password_has_the_same_address(url: str, shown: str) -> None:
    assert without_password(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "redis://",
        "redis://host",
        "redis://:pw@host:6379",
        "redis://user:p%2Fw@[::1]:6379/15",
        "redis+socket://:p@/tmp/a",
    ],
)
def test_addresses_without_tls(tmp_path: Path, url: str) -> None:
    found = options(tmp_path, url)
    assert (found.url, found.tls) == (url, {})
    assert found.celery_settings({})["broker_use_ssl"] is None


def test_tls_is_verified_with_the_host_by_default(tmp_path: Path) -> None:
    found = options(tmp_path, "rediss://:pw@host:6379/0")
    assert found.tls == {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
    assert found.celery_settings({})["broker_use_ssl"] == found.tls


def test_it_is_unverified_where_the_user_says_so(tmp_path: Path) -> None:
    found = options(tmp_path, "rediss://host", broker_certificate="unverified")
    assert found.tls == {"ssl_cert_reqs": ssl.CERT_NONE, "ssl_check_hostname": False}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("rediss://host/0?ssl_cert_reqs=none", "parameter ssl_cert_reqs is not supported. TLS is verified by default"),
        ("rediss://host/0?ssl_cert_reqs=CERT_NONE", "LINEUP_BROKER_CA"),
        ("redis://host/0?socket_timeout=1", "parameter socket_timeout is not supported"),
        ("redis+socket:///tmp/a?virtual_host=3", "parameter virtual_host"),
        ("sentinel://host:26379/0", "Sentinel is not supported. Give the address of the primary"),
        ("redis://host:port/0", "not an address"),
        ("redis://host/zero", "not an address"),
        ("amqp://host", "not an address"),
        ("redis://one/0;redis://two/0", "not an address"),
        ("redis+socket://", "not an address"),
        ("host:6379", "not an address"),
        ("redis://[::1", "not an address"),
    ],
)
def test_an_address_that_is_read_in_several_ways_is_refused(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(BrokerUrlError) as error:
        options(tmp_path, url)
    assert words in str(error.value)


@pytest.mark.parametrize("password", ["a/hunter2", "a?hunter2=1", "a#hunter2", "a?hunter2", "hunter2/1"])
def test_a_wrong_address_is_told_without_any_part_of_its_password(tmp_path: Path, password: str) -> None:
    with pytest.raises(BrokerUrlError, match="not an address") as error:
        options(tmp_path, f"redis://:{password}@host:6379/0")
    assert "hunter2" not in str(error.value)


def test_an_authority_that_is_none_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.pem", tmp_path):
        with pytest.raises(BrokerCertificateError, match="is not a file of certificates"):
            options(tmp_path, "rediss://host", broker_ca=path)
    with pytest.raises(BrokerUrlError, match=r"redis:// is not encrypted. Write rediss://"):
        options(tmp_path, "redis://host", broker_ca=tmp_path)


def test_every_key_has_the_prefix_of_the_store_or_of_the_setting(tmp_path: Path) -> None:
    one, two = options(tmp_path / "one", "redis://host"), options(tmp_path / "two", "redis://host")
    assert one.prefix == f"lineup:{store_id(tmp_path / 'one')}:" != two.prefix
    assert one.keys("images") == [f"{one.prefix}images"]
    assert one.celery_settings({"a": 1})["broker_transport_options"] == {
        "a": 1,
        "global_keyprefix": one.prefix,
        "message_guard": one.guard,
    }
    assert options(tmp_path / "one", "redis://host", broker_prefix="shared:").prefix == "shared:"


def test_a_reader_without_a_store_makes_none_and_can_sign_nothing(tmp_path: Path) -> None:
    reader = reader_options("redis://host", tmp_path / "three", Settings(broker_prefix="shared:"))
    assert (reader.prefix, reader.guard.key) == ("shared:", None)
    assert not (tmp_path / "three").exists()
