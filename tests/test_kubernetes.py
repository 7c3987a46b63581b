"""The manifests keep the promises of docs/kubernetes.md; no cluster is needed to hold them to it."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from tests.cluster import ROOT
from tests.command_line import parse
from workers.queue.app import app
from workers.queue.environment import Settings

FOLDER = ROOT / "deploy" / "kubernetes"


def documents(folder: str) -> list[dict[str, Any]]:
    paths = [path for path in sorted((FOLDER / folder).glob("*.yaml")) if path.name != "kustomization.yaml"]
    return [one for path in paths for one in yaml.safe_load_all(path.read_text())]


BASE, KEDA = documents("base"), documents("keda")
SETUP: dict[str, Any] = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text())
PODS = {
    one["metadata"]["name"]: one["spec"]["template"]["spec"]
    for one in BASE
    if one["kind"] in {"Deployment", "StatefulSet"}
}
CONTAINERS = {name: pod["containers"][0] for name, pod in PODS.items()}
OURS = {name: container for name, container in CONTAINERS.items() if container["image"] != "redis"}
POLICIES = {one["metadata"]["name"]: one["spec"] for one in (*BASE, *KEDA) if one["kind"] == "NetworkPolicy"}
LITERALS = dict(line.split("=", 1) for line in SETUP["configMapGenerator"][0]["literals"])


def named(kind: str, found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in found if one["kind"] == kind}


def test_every_file_is_listed() -> None:
    for folder in ("base", "keda"):
        listed = yaml.safe_load((FOLDER / folder / "kustomization.yaml").read_text())["resources"]
        files = {path.name for path in (FOLDER / folder).glob("*.yaml")} - {"kustomization.yaml"}
        assert {name for name in listed if name.endswith(".yaml")} == files


@pytest.mark.parametrize("name", OURS)
def test_a_pod_runs_a_command_that_lineup_has(name: str) -> None:
    assert "command" not in OURS[name]
    parse(OURS[name]["args"])


def test_who_needs_no_tensorflow_has_the_small_image() -> None:
    assert {name for name, one in OURS.items() if one["image"] == "lineup-images"} == {
        "worker-images",
        "flower",
        "metrics",
    }
    assert {image["name"] for image in SETUP["images"]} == {one["image"] for one in CONTAINERS.values()}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_pod_is_confined(name: str) -> None:
    pod, container = PODS[name], CONTAINERS[name]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"memory"} <= container["resources"]["limits"].keys()
    assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
    assert {"readinessProbe", "livenessProbe"} <= container.keys()
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()


def test_every_setting_is_one_that_lineup_reads() -> None:
    names = {name for name in LITERALS if name.startswith("LINEUP_")}
    names |= {one["name"] for container in OURS.values() for one in container.get("env", [])}
    assert names <= {f"LINEUP_{field.upper()}" for field in Settings.model_fields}
    assert all(one["envFrom"] == [{"configMapRef": {"name": "lineup-settings"}}] for one in OURS.values())


def test_passwords_are_files_of_one_secret() -> None:
    for name, pod in PODS.items():
        (secret,) = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
        assert secret["secretName"] == "lineup-passwords"
        wanted = {"broker_password", "flower_password"} if name == "flower" else {"broker_password"}
        assert {item["key"] for item in secret["items"]} == wanted
    assert "PASSWORD=" not in str(SETUP)
    assert LITERALS["LINEUP_BROKER_PASSWORD_FILE"] == "/run/secrets/lineup/broker_password"


def test_photos_are_read_only_and_only_for_those_who_read_them() -> None:
    users = {
        name: mount["readOnly"]
        for name, container in CONTAINERS.items()
        for mount in container["volumeMounts"]
        if mount["mountPath"] == "/photos"
    }
    assert users == {"orchestrator": True, "worker-images": True}


def test_a_worker_has_time_to_hand_its_task_back() -> None:
    for name in ("worker-images", "worker-training"):
        assert PODS[name]["terminationGracePeriodSeconds"] > app.conf.worker_soft_shutdown_timeout + 20


def test_probes_ask_the_service_itself() -> None:
    for name in ("orchestrator", "worker-images", "worker-training"):
        assert OURS[name]["readinessProbe"]["exec"]["command"] == ["lineup", "ready"]
        assert OURS[name]["livenessProbe"]["exec"]["command"] == ["lineup", "ready", "--alive"]


def test_all_is_closed_but_the_ways_that_are_needed() -> None:
    closed = POLICIES["lineup-closed"]
    assert closed["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & closed.keys()
    assert SETUP["labels"] == [
        {"pairs": {"app.kubernetes.io/part-of": "lineup"}, "includeSelectors": False, "includeTemplates": True}
    ]
    assert closed["podSelector"]["matchLabels"] == SETUP["labels"][0]["pairs"]
    ports = {port["port"] for rule in POLICIES["lineup-to-broker"]["egress"] for port in rule["ports"]}
    assert ports == {6379, 53}
    templates = [one["spec"]["template"]["metadata"]["labels"] for one in BASE if one["kind"] == "Deployment"]
    assert all(labels["lineup/client"] == "true" for labels in templates)


def test_keda_counts_the_messages_of_the_queue_and_knows_the_password() -> None:
    (scaled,) = named("ScaledObject", KEDA).values()
    (trigger,) = scaled["spec"]["triggers"]
    assert trigger["metadata"]["listName"] == f"{LITERALS['LINEUP_BROKER_PREFIX']}images"
    assert f"redis://{trigger['metadata']['address']}/0" == LITERALS["LINEUP_BROKER_URL"]
    assert scaled["spec"]["scaleTargetRef"]["name"] in named("Deployment", BASE)
    authentication = named("TriggerAuthentication", KEDA)[trigger["authenticationRef"]["name"]]
    assert authentication["spec"]["secretTargetRef"] == [
        {"parameter": "password", "name": "lineup-passwords", "key": "broker_password"}
    ]


def test_a_drained_node_takes_one_worker_after_the_other() -> None:
    budgets = named("PodDisruptionBudget", BASE)
    assert set(budgets) == {"worker-images", "worker-training"}
    for name, budget in budgets.items():
        labels = named("Deployment", BASE)[name]["spec"]["selector"]["matchLabels"]
        assert budget["spec"] == {"maxUnavailable": 1, "selector": {"matchLabels": labels}}


@pytest.mark.parametrize("folder", ["base", "keda"])
def test_they_are_rendered(folder: str) -> None:
    kubectl = shutil.which("kubectl")
    if not kubectl:
        pytest.skip("kubectl is not here")
    done = subprocess.run([kubectl, "kustomize", str(FOLDER / folder)], check=True, capture_output=True, text=True)
    found = list(yaml.safe_load_all(done.stdout))
    assert len(found) == len(BASE) + 1 + (len(KEDA) if folder == "keda" else 0)
    assert all(one["metadata"]["labels"]["app.kubernetes.io/part-of"] == "lineup" for one in found if folder == "base")
    assert not re.search(r"image: (lineup|redis)$", done.stdout, re.MULTILINE)
