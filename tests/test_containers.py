"""The container files keep their promises; no Docker engine is needed to hold them to it."""

from __future__ import annotations

import re
import tomllib
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
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "lineup"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
GUIDE = (ROOT / "docs" / "containers.md").read_text()

VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
"""Name, - or ?, and the default or the complaint."""
SECRETS = {"LINEUP_BROKER_PASSWORD", "FLOWER_PASSWORD"}


def dotenv(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def seconds(text: str) -> int:
    found = re.fullmatch(r"(\d+)s", text)
    assert found
    return int(found[1])


def mounts(service: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {mount["target"]: mount for mount in service.get("volumes", [])}


def test_all_services_but_the_broker_are_one_image() -> None:
    assert set(SERVICES) == {"broker", "orchestrator", "worker-images", "worker-training", "flower", "lineup"}
    assert set(OURS) == set(SERVICES) - {"broker"}


@pytest.mark.parametrize("name", ["orchestrator", "worker-images", "worker-training", "flower"])
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


def test_only_flower_publishes_a_port_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(published) == ["flower"]
    assert all(port.startswith("127.0.0.1:") for port in published["flower"])
    assert not [name for name, service in SERVICES.items() if "network_mode" in service]


def test_nothing_starts_without_its_passwords() -> None:
    uses = [found for found in VARIABLE.findall(COMPOSE) if found[0] in SECRETS]
    assert {name for name, _, _ in uses} == SECRETS
    assert all(sign == "?" and complaint for _, sign, complaint in uses)
    assert re.fullmatch(r"lineup:\$\{FLOWER_PASSWORD:\?.+\}", SERVICES["flower"]["environment"]["FLOWER_BASIC_AUTH"])
    for name in OURS:
        url = SERVICES[name]["environment"]["LINEUP_BROKER_URL"]
        assert re.fullmatch(r"redis://:\$\{LINEUP_BROKER_PASSWORD:\?.+\}@broker:6379/0", url)


def test_no_password_is_in_an_argument_or_in_the_image() -> None:
    for service in SERVICES.values():
        written = (service.get(key) for key in ("command", "entrypoint", "healthcheck", "build"))
        assert not SECRETS & {found[0] for found in VARIABLE.findall(str(list(written)))}
    assert "PASSWORD" not in DOCKERFILE


def test_no_password_is_written_down() -> None:
    example = dotenv(ROOT / ".env.example")
    assert {name: example[name] for name in SECRETS} == dict.fromkeys(SECRETS, "")
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


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
    begin, *lines, end = script.splitlines()
    assert (begin, end) == ("exec redis-server - <<END", "END")
    assert {"requirepass $$REDISCLI_AUTH", "appendonly yes", "maxmemory-policy noeviction", "dir /data"} <= set(lines)
    assert VARIABLE.match(SERVICES["broker"]["environment"]["REDISCLI_AUTH"])
    assert mounts(SERVICES["broker"])["/data"]["type"] == "volume"


def test_the_broker_refuses_messages_before_its_memory_ends() -> None:
    (most,) = re.findall(r"^maxmemory (\d+)mb$", SERVICES["broker"]["command"][2], re.MULTILINE)
    assert 2 * int(most) <= 1024 * int(SERVICES["broker"]["mem_limit"].removesuffix("g"))


def test_all_services_that_work_share_one_store() -> None:
    users = {name for name, service in SERVICES.items() if "/store" in mounts(service)}
    assert users == {"orchestrator", "worker-images", "worker-training", "lineup"}
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


def test_only_flower_can_reach_another_network() -> None:
    assert FILE["networks"] == {"inside": {"internal": True}, "outside": {}}
    assert {name: service["networks"] for name, service in SERVICES.items() if service["networks"] != ["inside"]} == {
        "flower": ["inside", "outside"]
    }
    assert "/photos" not in mounts(SERVICES["flower"])
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


def test_the_image_is_built_once_from_an_exchangeable_base() -> None:
    assert [name for name, service in SERVICES.items() if "build" in service] == ["orchestrator"]
    default = VARIABLE.fullmatch(SERVICES["orchestrator"]["build"]["args"]["BASE"])
    assert default
    assert f"ARG BASE={default[3]}" in DOCKERFILE.splitlines()
    assert {line.split()[1] for line in DOCKERFILE.splitlines() if line.startswith("FROM")} == {"${BASE}"}
    assert "syntax=" not in DOCKERFILE  # it would be fetched from a registry


def test_the_image_runs_as_nobody_special() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["${UID}:${UID}"]
    assert "ARG UID=1000" in DOCKERFILE.splitlines()


def test_every_installation_is_from_the_lock_or_from_here() -> None:
    steps = re.findall(r"^ +install (--.+)$", DOCKERFILE, re.MULTILINE)
    assert steps == [
        "--no-deps --require-hashes -r requirements.lock",
        "--no-cache-dir --no-deps --no-build-isolation .",
    ]


def test_the_build_sees_its_ingredients_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert allowed == {name for line in copied for name in line.split()}
    assert all((ROOT / name).exists() for name in allowed)
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {name.rstrip("*") for name in packages} <= allowed
