"""A family offers the parameters that it reads, and reads no other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workers.learning.configurations import CONFIGURATIONS, Configuration
from workers.learning.families import FAMILIES
from workers.learning.fold import Fold
from workers.learning.networks.training_loop import Recipe

NETWORKS = ("dense", "cnn-small", "cnn-regularized")
READ_WHEN_NAMING = {"threshold"}
"""By `Model.name`, after the fit."""


class Noted(Mapping[str, Any]):
    """Parameters that remember which were asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values, self.asked = values, set[str]()

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@pytest.mark.parametrize("configuration", CONFIGURATIONS.values(), ids=lambda each: each.name)
def test_the_parameters_of_a_configuration_belong_to_its_family(configuration: Configuration) -> None:
    known = {each.name: each for each in FAMILIES[configuration.family].parameters}
    for name, value in configuration.parameters.items():
        assert known[name].taken(value) == value


@pytest.mark.parametrize("name", sorted(set(FAMILIES) - set(NETWORKS)))
def test_every_parameter_of_a_family_is_read(name: str) -> None:
    configuration = next(each for each in CONFIGURATIONS.values() if each.family == name)
    noted = Noted(configuration.parameters)
    x = np.random.default_rng(0).normal(0, 0.1, (12, 128)).astype(np.float32)
    if configuration.view == "aligned":
        x = np.random.default_rng(0).integers(0, 255, (12, 128, 128, 3), np.uint8)
    FAMILIES[name].fit(Fold(x, np.arange(12) % 2, np.arange(12), noted, 1))
    assert noted.asked == {each.name for each in FAMILIES[name].parameters} - READ_WHEN_NAMING


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_family_has_the_parameters_of_the_recipe(name: str) -> None:
    offered = {each.name for each in FAMILIES[name].parameters}
    recipe = {each.name for each in fields(Recipe)}
    # without a part of the faces held out there is nothing to wait for
    assert offered == (recipe | {"members"} if name == "cnn-regularized" else recipe - {"patience"})


def test_the_documentation_states_every_parameter_and_its_range() -> None:
    text = (Path(__file__).parents[3] / "docs" / "learning.md").read_text(encoding="utf-8")
    for name, family in FAMILIES.items():
        mine = [line for line in text.splitlines() if line.startswith("|") and re.search(rf"\b{name}\b", line)]
        for each in family.parameters:
            assert any(f"`{each.name}`: {each.rule}" in line for line in mine), (name, each.name)
