"""The plan of a run: written once as run.json, and all that is needed to do the run again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from storage.schemas import SCHEMA_VERSION

COMPARISON_RUN = "comparison"
FACES_RUN = "faces"
ENCODER_RUN = "encoder"
KINDS = (COMPARISON_RUN, FACES_RUN, ENCODER_RUN)

ENCODER_REPORT = "encoder.json"
"""The last file that the training of an encoder writes."""


@dataclass(frozen=True)
class Plan:
    """What a run is: enough to do all of it again.

    Args:
        dataset: absolute path of the folder of photos, as the workers see it.
        labels: path of the labels file, or empty where the sub-folders are the labels.
        experiment: the experiment as JSON data; the orchestrator's `Experiment.to_json`.
        engine: the face engine's settings as JSON data; the workers' `EngineSettings`.
        engine_fingerprint: names the folder of encodings.
        fingerprint: over the experiment and the catalogue; two runs with the same one give the same tables.
        created: UTC, ISO 8601.
        versions: package versions of the machine that planned it.
        kind: COMPARISON_RUN; FACES_RUN for one that encodes photos and trains nothing; ENCODER_RUN for one that
            trains an encoder on them.
        triplets: of an ENCODER_RUN, how it is trained, as JSON data; the workers' `TripletSettings`.
        learning_version: of the code that learns; 1 where nothing learns, and before it was noted.
    """

    run_id: str
    dataset: str
    labels: str
    experiment: dict[str, Any]
    engine: dict[str, Any]
    engine_fingerprint: str
    fingerprint: str
    created: str
    versions: dict[str, str]
    schema_version: int = SCHEMA_VERSION
    kind: str = COMPARISON_RUN
    triplets: dict[str, Any] = field(default_factory=dict)
    learning_version: int = 1
