"""Object stores of other makers as processes on loopback: `make test-objects` installs them into build/objects.

moto       S3, from the locked packages: what `bucket` uses unless LINEUP_TEST_OBJECTS names another
seaweedfs  S3, another implementation, which checks signatures
azurite    Azure Blob Storage, Microsoft's own emulator
google     a stand-in, see tests/gcs.py
"""

from __future__ import annotations

import base64
import contextlib
import email.utils
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gcs import GoogleFront
from tests.proxy import free_port
from tests.s3 import KEY, SECRET, ObjectServer, S3Server, forwarded, s3_server

VARIABLE = "LINEUP_TEST_OBJECTS"
INSTALLED = Path(__file__).parents[1] / "build" / "objects"
STARTING_SECONDS = 60

ACCOUNT = "lineupaccount"
ACCOUNT_KEY = base64.b64encode(b"a key of sixty-four bytes that no message may show, not even one!").decode()


class SeaweedServer(S3Server):
    """The first object that is put into a bucket makes it."""

    makes_buckets = True

    def new_bucket(self) -> str:
        from obstore.store import S3Store

        name = f"lineup-{uuid.uuid4().hex[:12]}"
        keys: Any = {"access_key_id": KEY, "secret_access_key": SECRET, "region": "us-east-1", "endpoint": self.url}
        retry: Any = {"max_retries": 0}
        store = S3Store(name, config=keys, client_options={"allow_http": True}, retry_config=retry)
        store.put("first", b"")
        store.delete("first")
        return f"s3://{name}"


class AzureServer(ObjectServer):
    """Azurite: the account is a part of the path."""

    secrets = (ACCOUNT_KEY,)

    def environment(self, url: str = "") -> dict[str, str]:
        return {
            "AZURE_STORAGE_ENDPOINT": f"{url or self.url}/{ACCOUNT}",
            "AZURE_ALLOW_HTTP": "true",
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": ACCOUNT_KEY,
        }

    def new_bucket(self) -> str:
        name = f"lineup-{uuid.uuid4().hex[:12]}"
        date, version = email.utils.formatdate(usegmt=True), "2021-08-06"
        resource = f"/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
        signed = "PUT" + "\n" * 12 + f"x-ms-date:{date}\nx-ms-version:{version}\n{resource}"
        digest = hmac.new(base64.b64decode(ACCOUNT_KEY), signed.encode(), hashlib.sha256).digest()
        authorization = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
        headers = {"x-ms-date": date, "x-ms-version": version, "Authorization": authorization, "Content-Length": "0"}
        status, _, told = forwarded(self.port, "PUT", f"/{ACCOUNT}/{name}?restype=container", headers, b"")
        assert status == 201, told
        return f"az://{name}"


class GoogleServer(ObjectServer):
    """The stand-in."""

    def __init__(self, port: int, folder: Path) -> None:
        super().__init__(port)
        self._folder = folder

    def environment(self, url: str = "") -> dict[str, str]:
        account = {"gcs_base_url": url or self.url, "disable_oauth": True}
        path = self._folder / f"{uuid.uuid4().hex}.json"
        path.write_text(json.dumps({**account, "client_email": "", "private_key": "", "private_key_id": ""}))
        return {"GOOGLE_SERVICE_ACCOUNT": str(path), "GOOGLE_ALLOW_HTTP": "true"}

    def new_bucket(self) -> str:
        name = f"lineup-{uuid.uuid4().hex[:12]}"
        assert forwarded(self.port, "PUT", f"/{name}?", {}, b"")[0] == 200
        return f"gs://{name}"


@contextlib.contextmanager
def object_server(name: str) -> Iterator[ObjectServer]:
    """Start a server by name, and end it with the block; the test skips where it is not installed."""
    with contextlib.ExitStack() as stack:
        if name == "moto":
            yield stack.enter_context(s3_server())
            return
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lineup-objects-")))
        if name == "google":
            yield stack.enter_context(_google(folder))
            return
        server: ObjectServer
        if name == "azurite":
            server = AzureServer(free_port())
            command = [_program("node_modules/.bin/azurite-blob"), "--blobHost", "127.0.0.1", "--blobPort"]
            command += [str(server.port), "--inMemoryPersistence", "--skipApiVersionCheck", "--silent"]
        else:
            server = SeaweedServer(free_port())
            command = _seaweed(server.port, folder)
        stack.enter_context(_running(command, server, folder))
        yield server


@contextlib.contextmanager
def _google(folder: Path) -> Iterator[GoogleServer]:
    with s3_server() as behind, GoogleFront(behind.port) as front:
        threading.Thread(target=front.serve_forever, daemon=True).start()
        try:
            yield GoogleServer(front.server_port, folder)
        finally:
            front.shutdown()


def _program(path: str) -> str:
    found = INSTALLED / path
    name = shutil.which(found.name) or (str(found) if found.exists() else "")
    if not name:
        pytest.skip(f"needs {found.name}, which `make test-objects` installs into {INSTALLED}")
    return name


def _seaweed(port: int, folder: Path) -> list[str]:
    rights = ["Admin", "Read", "Write", "List"]
    keys = {"credentials": [{"accessKey": KEY, "secretKey": SECRET}], "name": "tests", "actions": rights}
    (folder / "s3.json").write_text(json.dumps({"identities": [keys]}))
    ports = {f"{each}.port{kind}": free_port() for each in ("master", "volume", "filer") for kind in ("", ".grpc")}
    ports |= {"s3.port": port, "s3.port.grpc": free_port(), "s3.port.iceberg": 0, "s3.port.lance": 0}
    options = {"dir": folder, "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "filer": "true", "s3": "true", **ports}
    options |= {"s3.config": folder / "s3.json", "volume.max": 5000, "master.volumeSizeLimitMB": 64}
    return [_program("bin/weed"), "server", *(f"-{name}={value}" for name, value in options.items())]


@contextlib.contextmanager
def _running(command: list[str], server: ObjectServer, folder: Path) -> Iterator[None]:
    log = folder / "log"
    own = {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{ACCOUNT_KEY}", "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
    environment = {**os.environ, "HOME": str(folder), **own}
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink, cwd=folder, env=environment)
    try:
        end = time.monotonic() + STARTING_SECONDS
        while not _makes_buckets(server):
            if time.monotonic() > end or process.poll() is not None:
                raise TimeoutError(f"{command[0]} does not answer: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.3)
        yield
    finally:
        process.kill()  # they hold nothing that lasts, and take long to end
        process.wait()


def _makes_buckets(server: ObjectServer) -> bool:
    from obstore.exceptions import BaseError

    try:
        server.new_bucket()
    except (OSError, AssertionError, BaseError):
        return False
    return True
