"""A configuration as a run trains it: with the experiment's parameters, and its encoder's own threshold."""

from __future__ import annotations

from storage.experiments import Experiment
from workers.learning.configurations import Configuration, find_configuration
from workers.recognition.encoder_scales import published_threshold


def planned_configuration(experiment: Experiment, name: str) -> Configuration:
    """The configuration of a name; raises KeyError as `find_configuration` does."""
    configuration = find_configuration(name)
    if configuration.encoder and "threshold" in configuration.parameters:
        published = published_threshold(configuration.encoder, experiment.encoders)
        if published is not None:
            configuration = configuration.with_parameters(threshold=published)
    return configuration.with_parameters(**experiment.parameters.get(name, {}))
