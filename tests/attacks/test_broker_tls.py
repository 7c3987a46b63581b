"""What answers at the broker's address must prove that it is the broker: to orchestrator, worker and Flower."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from orchestrator.local.child_process import flower_command, worker_command
from orchestrator.local.cluster import LocalCluster
from orchestrator.scheduler.broker import Broker
from storage.errors import BrokerCertificateError
from tests.cluster import wait_for
from tests.proxy import free_port
from tests.tls import Certificate, TlsProxy, make_certificate
from workers.queue.broker_options import store_options
from workers.queue.environment import Settings

LINEUP = Path(sys.executable).with_name("lineup")
SOON_SECONDS = 30
"""A refusal takes one connection; the rest is a busy machine's imports."""

SERVICES = {"orchestrator": ("orchestrator",), "worker": ("worker", "images", "-c", "1"), "flower": ("flower",)}


@dataclass(frozen=True)
class Tls:
    """A broker behind TLS, and an authority that has not signed for it."""

    store: Path
    url: str
    authority: Path
    stranger: Path

    def environment(self, **settings: object) -> dict[str, str]:
        """For a service on that broker."""
        named = {"store": self.store, "broker_url": self.url, "flower_port": free_port(), **settings}
        ours = {f"LINEUP_{name.upper()}": str(value) for name, value in named.items()}
        return {**os.environ, **ours, "FLOWER_BASIC_AUTH": "lineup:word"}

    def broker(self, **settings: object) -> Broker:
        """The orchestrator's connection."""
        return Broker(store_options(self.url, self.store, Settings(**settings)))  # type: ignore[arg-type]


def url_of(stack: LocalCluster, proxy: TlsProxy) -> str:
    return f"rediss://:{urlsplit(stack.broker_url).password}@localhost:{proxy.port}/0"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A broker without TLS, behind a socket."""
    with LocalCluster(tmp_path_factory.mktemp("broker"), queues=()) as stack:
        yield stack


def served(stack: LocalCluster, certificate: Certificate) -> TlsProxy:
    return TlsProxy(certificate, urlsplit(stack.broker_url).path)


@pytest.fixture(scope="module")
def tls(stack: LocalCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tls]:
    folder = tmp_path_factory.mktemp("tls")
    ours, other = make_certificate(folder / "ours", "localhost"), make_certificate(folder / "other", "localhost")
    with served(stack, ours) as proxy:
        yield Tls(folder / "store", url_of(stack, proxy), ours.authority, other.authority)


@contextlib.contextmanager
def started(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def lengths(port: int) -> object:
    """What Flower's own connection to the broker finds."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/queues/length")
    request.add_header("Authorization", f"Basic {base64.b64encode(b'lineup:word').decode()}")
    with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=10) as page:  # noqa: S310 - ours
        return json.load(page)["active_queues"]
    return None


def test_with_the_right_authority_all_three_reach_the_broker(tls: Tls, tmp_path: Path) -> None:
    environment = tls.environment(broker_ca=tls.authority)
    broker = tls.broker(broker_ca=tls.authority)
    assert broker.ping()
    with (
        started([str(LINEUP), "worker", "images", "-c", "1"], environment, tmp_path / "worker"),
        started([str(LINEUP), "flower"], environment, tmp_path / "flower"),
    ):
        wait_for(broker.queues, "an answer of the worker")
        port = int(environment["LINEUP_FLOWER_PORT"])
        wait_for(lambda: lengths(port), "Flower's look into the broker")
        assert {"name": "images", "messages": 0} in lengths(port)  # type: ignore[operator]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("authority", ["stranger", "system"])
def test_with_another_authority_each_says_at_once_what_is_wrong(tls: Tls, service: str, authority: str) -> None:
    began = time.monotonic()
    environment = tls.environment(broker_ca=tls.stranger if authority == "stranger" else "")
    command = [str(LINEUP), *SERVICES[service]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "certificate of rediss://localhost" in done.stderr
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr
    assert "Set LINEUP_BROKER_CA" in done.stderr
    assert urlsplit(tls.url).password not in done.stderr  # type: ignore[operator]
    assert time.monotonic() - began < SOON_SECONDS


@pytest.mark.parametrize("command", [worker_command("images", 1, "bare"), flower_command(free_port())])
def test_celery_started_without_our_command_verifies_too(tls: Tls, command: list[str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    with started(command, tls.environment(broker_ca=tls.stranger), log):
        wait_for(lambda: "CERTIFICATE_VERIFY_FAILED" in log.read_text(), "its refusal")


def test_a_certificate_for_another_host_is_refused(stack: LocalCluster, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "elsewhere", "elsewhere")
    with served(stack, certificate) as proxy:
        tls = Tls(tmp_path / "store", url_of(stack, proxy), certificate.authority, certificate.authority)
        with pytest.raises(BrokerCertificateError, match="Hostname mismatch"):
            tls.broker(broker_ca=tls.authority).ping()


def test_verification_is_switched_off_by_a_setting_only_and_with_a_warning(tls: Tls) -> None:
    assert tls.broker(broker_certificate="unverified").ping()
    environment = tls.environment(broker_certificate="unverified")
    done = subprocess.run(
        [str(LINEUP), "doctor"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert "warning: LINEUP_BROKER_CERTIFICATE=unverified" in done.stderr
    assert "its certificate is not verified" in done.stdout


def test_a_parameter_in_the_address_is_a_clear_error_of_each(tls: Tls) -> None:
    environment = {**tls.environment(), "LINEUP_BROKER_URL": f"{tls.url}?ssl_cert_reqs=none"}
    for command in SERVICES.values():
        done = subprocess.run(
            [str(LINEUP), *command], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 2
        assert "parameter ssl_cert_reqs is not supported" in done.stderr
        assert "Traceback" not in done.stderr
