"""Open object stores by address: s3://bucket, gs://bucket, az://container, through obstore.

Credentials come from where the ecosystem keeps them (AWS_*, GOOGLE_*, AZURE_*, the profile file of AWS, the role of
the machine) and from nowhere else. What a store answers becomes FileNotFoundError, FileExistsError or one of our
errors, without addresses that could hold a signature.
"""

from __future__ import annotations

import configparser
import contextlib
import functools
import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.errors import InputError, StoreUnreachable
from storage.first_answer import FirstAnswer

if TYPE_CHECKING:
    from obstore.store import ObjectStore

PROVIDERS = {"s3": "AWS", "gs": "GOOGLE", "az": "AZURE"}
"""Schemes of addresses, and how the names of their provider's variables begin."""

RETRY_SECONDS = 30
"""A store that asks to slow down, or a connection that is cut, is tried again for so long with growing pauses."""

REQUEST_SECONDS = 60
"""Of one request, its body included: a part has at most some 60 MB."""

NO_BUCKET = "there is no such bucket"

_ADDRESS = re.compile(r"(s3|gs|az)://([A-Za-z0-9][A-Za-z0-9._-]{1,254})(?:/(.*))?")
_CAUSES = {
    "ConnectionRefused": "connection refused",
    "dns error": "its host is not known",
    "TimedOut": "it did not answer in time",
    "IncompleteMessage": "the connection was cut",
    "ConnectionReset": "the connection was cut",
}


def is_address(text: str) -> bool:
    """Whether a text means an object store and not a folder."""
    return "://" in text


def split_address(text: str) -> tuple[str, str]:
    """An address as its bucket (`s3://bucket`) and the key below it, without slashes at its ends.

    Raises:
        InputError: it is none; its words are not repeated, since they may hold a password.

    >>> split_address("s3://bucket/some/prefix/")
    ('s3://bucket', 'some/prefix')
    """
    found = _ADDRESS.fullmatch(text)
    key = (found.group(3) or "").strip("/") if found else ""
    if found is None or any(part in ("", ".", "..") for part in key.split("/") if key):
        raise InputError(
            "the address of a store is s3://bucket/prefix, gs://bucket/prefix or az://container/prefix",
            "Credentials are never part of it: set AWS_ACCESS_KEY_ID and the like",
        )
    return f"{found.group(1)}://{found.group(2)}", key


@functools.cache
def open_object_store(root: str) -> ObjectStore:
    """The store of a bucket (`s3://bucket`), once a process; no request is made."""
    from obstore.exceptions import BaseError
    from obstore.store import from_url

    client: Any = {"timeout": timedelta(seconds=REQUEST_SECONDS), "connect_timeout": timedelta(seconds=5)}
    if os.environ.get(_allow_http(root), "").lower() in ("true", "1"):
        client["allow_http"] = True
    retry: Any = {"max_retries": 10, "retry_timeout": timedelta(seconds=RETRY_SECONDS)}
    options: dict[str, Any] = _profile() if root.startswith("s3://") else {}
    try:
        return from_url(root, client_options=client, retry_config=retry, **options)
    except (BaseError, ValueError) as error:
        why = _short(error, root)
        raise StoreUnreachable(f"cannot use {root}: {why}", "Set the variables of its provider") from error


_first_answers: list[FirstAnswer] = []


def tell_of_silence(tell: Callable[[str], None]) -> None:
    """Have `tell` called, with a sentence, where the first request of this process is not answered for 3 s."""
    longest = RETRY_SECONDS + REQUEST_SECONDS

    def say(address: str) -> None:
        tell(f"{'/'.join(address.split('/')[:3])} does not answer; it is tried for {longest} s at most")

    _first_answers[:] = [FirstAnswer(say)]


@contextlib.contextmanager
def plain_errors(address: str) -> Iterator[None]:
    """Around a request: turn what obstore raises into FileNotFoundError, FileExistsError and StoreUnreachable.

    A request whose condition does not hold raises FileExistsError.
    """
    with _first_answers[0].awaited(address) if _first_answers else contextlib.nullcontext(), _plain(address):
        yield


@contextlib.contextmanager
def _plain(address: str) -> Iterator[None]:
    from obstore import exceptions

    try:
        yield
    except FileNotFoundError as error:
        if _names_no_bucket(error):
            raise _unreachable(address, NO_BUCKET) from None
        raise FileNotFoundError(2, "No such object", address) from None
    except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
        raise FileExistsError(17, "The object is there, or another than expected", address) from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise _unreachable(address, "access is denied to these credentials") from None
    except exceptions.BaseError as error:
        raise _unreachable(address, _short(error, address)) from None


def _unreachable(address: str, why: str) -> StoreUnreachable:
    return StoreUnreachable(f"cannot use {address}: {why}", "Check the network, the credentials and their permissions")


def _allow_http(address: str) -> str:
    """The variable that allows http:// for this address."""
    return f"{PROVIDERS[address.partition(':')[0]]}_ALLOW_HTTP"


def _names_no_bucket(error: Exception) -> bool:
    return any(mark in str(error) for mark in ("NoSuchBucket", "ContainerNotFound"))


def _short(error: Exception, address: str) -> str:
    """The reason without addresses and bodies, which may hold keys and signatures."""
    text = str(error)
    if "BadScheme" in text:
        return f"http:// is not allowed; set {_allow_http(address)}=true where that is meant"
    if _names_no_bucket(error):
        return NO_BUCKET
    known = next((words for mark, words in _CAUSES.items() if mark in text), "")
    first = re.sub(r"\bhttps?://\S+", "", text.splitlines()[0].split("<")[0])
    status = re.search(r"status code: (\d{3} [A-Za-z ]+)", first)
    said = status.group(1).strip() if status else known or re.sub(r"\s+", " ", first)[:160]
    return f"it answered {said}" if status else said


def _profile() -> dict[str, Any]:
    """The credentials of a profile file, which obstore does not read; {} where the environment has others."""
    variables = ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SKIP_SIGNATURE")
    if any(os.environ.get(name) for name in variables):
        return {}
    name = os.environ.get("AWS_PROFILE", "default")
    shared = _read_ini("AWS_SHARED_CREDENTIALS_FILE", "credentials", name)
    config = _read_ini("AWS_CONFIG_FILE", "config", name if name == "default" else f"profile {name}")
    found = {**config, **shared}
    names = ("access_key_id", "secret_access_key", "session_token")
    options = {name: found[f"aws_{name}"] for name in names if f"aws_{name}" in found}
    if not options and "AWS_PROFILE" in os.environ:
        raise StoreUnreachable(
            f"the AWS profile {name} has no keys in the profile file",
            "Export the keys of a role as AWS_ACCESS_KEY_ID and the like: aws configure export-credentials",
        )
    if "region" in found and not (os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")):
        options["region"] = found["region"]
    return {"config": options} if options else {}


def _read_ini(variable: str, name: str, section: str) -> dict[str, str]:
    path = Path(os.environ.get(variable) or Path("~/.aws", name)).expanduser()
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise StoreUnreachable(f"{path} cannot be read", "It is the profile file of AWS: correct it") from error
    return dict(parser.items(section)) if parser.has_section(section) else {}
