"""Alert rules and the dashboard ask for figures that Lineup has, with labels that these have."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.cli.main import COMMANDS
from orchestrator.maintenance.store_metrics import StoreMetrics
from storage.open_store import open_store
from tests.cluster import ROOT

RULES = ROOT / "deploy" / "prometheus" / "lineup-alerts.yml"
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "lineup.json").read_text())
ALERTS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
ASKED = [alert["expr"] for alert in ALERTS] + [
    target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]
]


class NoBroker:
    """In place of a broker with empty queues."""

    def waiting(self, _queue: str) -> int:
        return 0

    def oldest(self, _queue: str) -> bytes:
        return b""


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, ...]]:
    """Each figure's name and the names of its labels."""
    store = open_store(tmp_path_factory.mktemp("empty") / "store")
    found: Any = StoreMetrics(store, NoBroker()).collect()  # type: ignore[arg-type]
    return {family.name: family._labelnames for family in found}


@pytest.mark.parametrize("expression", ASKED)
def test_what_is_asked_for_is_served(expression: str, families: dict[str, tuple[str, ...]]) -> None:
    names = re.findall(r"lineup_[a-z_]+", expression)
    assert names
    assert set(names) <= families.keys()
    labels = {label for name in names for label in families[name]}
    used = set(re.findall(r"(\w+)!?=~?\"", expression)) | set(
        re.split(r"[,\s]+", " ".join(re.findall(r"(?:by|on) \(([^)]*)\)", expression)).strip())
        if " (" in expression
        else []
    )
    assert used - {""} <= labels


def test_every_figure_is_on_the_dashboard(families: dict[str, tuple[str, ...]]) -> None:
    shown = set(re.findall(r"lineup_[a-z_]+", json.dumps(DASHBOARD)))
    assert families.keys() <= shown


def test_an_alert_says_what_to_do_with_commands_that_there_are() -> None:
    for alert in ALERTS:
        assert alert["annotations"].keys() == {"summary", "action"}
        named = re.findall(r"`lineup ([a-z-]+)", alert["annotations"]["action"])
        assert set(named) <= COMMANDS.keys()
        assert f"`{alert['alert']}`" in (ROOT / "docs" / "operations.md").read_text()


def test_the_rules_do_what_their_own_tests_say() -> None:
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool is not here")
    subprocess.run([promtool, "test", "rules", str(RULES.with_name("lineup-alerts-test.yml"))], check=True)


def test_the_panels_do_not_cover_each_other() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [(place["x"] + i, place["y"] + j) for place in places for i in range(place["w"]) for j in range(place["h"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)


def test_the_example_configuration_names_the_rules() -> None:
    example = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    assert example["rule_files"] == [RULES.name]
    assert Path(RULES.name).suffix == ".yml"
