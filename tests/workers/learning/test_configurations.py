"""A configuration is found by its name, whoever measures the faces."""

from __future__ import annotations

import pytest

from workers.learning.configurations import CONFIGURATIONS, find_configuration, view_of_configuration


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_configuration_is_found_by_its_own_name(name: str) -> None:
    assert find_configuration(name) == CONFIGURATIONS[name]
    assert find_configuration(name).encoder == ""


def test_an_own_encoder_changes_the_name_and_nothing_else() -> None:
    found, plain = find_configuration("svm-linear@own"), CONFIGURATIONS["svm-linear"]
    assert (found.name, found.encoder) == ("svm-linear@own", "own")
    assert (found.view, found.family, found.parameters) == (plain.view, plain.family, plain.parameters)


@pytest.mark.parametrize("name", ["no-such", "no-such@own", "cnn-small-aligned@own", "majority@own", "knn-1@", "@own"])
def test_an_unknown_name_is_not_found(name: str) -> None:
    with pytest.raises(KeyError):
        find_configuration(name)
    assert view_of_configuration(name) == "none"
