"""The plan of a run: written once as run.json, frozen, and all that is needed to do the run again.

Orchestrator and workers read the same typed object; nobody reads run.json's keys. All models of it stand in storage,
which imports nothing above it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic.dataclasses import dataclass

from storage.engine_settings import EngineSettings
from storage.errors import NewerVersion, StoreError
from storage.experiments import Experiment
from storage.schemas import READABLE_VERSIONS, SCHEMA_VERSION
from storage.validation import FORBID_EXTRA, UNKNOWN_KEY, Count, InnerShare, Natural, Positive, Seed, explain

RunKind = Literal["comparison", "faces", "encoder"]
COMPARISON_RUN: Literal["comparison"] = "comparison"
FACES_RUN: Literal["faces"] = "faces"
ENCODER_RUN: Literal["encoder"] = "encoder"
KINDS = (COMPARISON_RUN, FACES_RUN, ENCODER_RUN)

ENCODER_REPORT = "encoder.json"
"""The last file that the training of an encoder writes."""

Mining = Literal["semi-hard", "batch-hard"]
PictureView = Literal["aligned", "crop"]


@dataclass(frozen=True, config=FORBID_EXTRA)
class TripletSettings:
    """How an encoder is trained.

    Attributes:
        mining: "semi-hard" or "batch-hard".
        margin: how much farther a stranger should be than a friend; unit vectors are 2 apart at most.
        people, faces: a batch holds so many faces of so many people.
        epochs: at most; in one everybody is seen `passes` times.
        passes: rounds through all people in an epoch.
        rate: Adam's first learning rate, falling along half a cosine.
        patience: epochs without better verification of the watched people before training ends.
        held_share: of the people for watching, and again for testing.
        seed: of everything random.
        view: "aligned" or "crop": which picture of a face it learns to measure.
    """

    mining: Mining = "semi-hard"
    margin: Positive = 0.2
    people: Annotated[int, Field(strict=True, ge=2)] = 12
    faces: Annotated[int, Field(strict=True, ge=2)] = 4
    epochs: Count = 40
    passes: Count = 2
    rate: Positive = 1e-3
    patience: Natural = 10
    held_share: InnerShare = 0.15
    seed: Seed = 42
    view: PictureView = "aligned"


def _none_if_empty(value: object) -> object:
    return value or None


@dataclass(frozen=True, config=FORBID_EXTRA)
class Plan:
    """What a run is: enough to do all of it again.

    Attributes:
        dataset: absolute path of the folder of photos, as the workers see it.
        labels: path of the labels file, or empty where the sub-folders are the labels.
        engine: the face engine's settings; those of the experiment.
        engine_fingerprint: names the folder of encodings.
        fingerprint: over the experiment and the catalogue; two runs with the same one give the same tables.
        created: UTC, ISO 8601.
        versions: of packages on the machine that planned it, and its `processor` and `instructions`, as far as its
            system names them (workers/numeric_environment.py).
        kind: COMPARISON_RUN; FACES_RUN for one that encodes photos and trains nothing; ENCODER_RUN for one that
            trains an encoder on them.
        triplets: of an ENCODER_RUN, how it is trained; {} in run.json of any other.
        learning_version: of the code that learns; 1 where nothing learns, and before it was noted.
    """

    run_id: str
    dataset: str
    labels: str
    experiment: Experiment
    engine: EngineSettings
    engine_fingerprint: str
    fingerprint: str
    created: str
    versions: Mapping[str, str]
    schema_version: Count = SCHEMA_VERSION
    kind: RunKind = COMPARISON_RUN
    triplets: Annotated[TripletSettings | None, BeforeValidator(_none_if_empty)] = None
    learning_version: Count = 1


def plan_text(plan: Plan) -> str:
    """The content of run.json; `read_plan` is the inverse."""
    triplets = asdict(plan.triplets) if plan.triplets else {}
    plain = {**asdict(plan), "experiment": plan.experiment.plain(), "engine": plan.engine.plain()}
    plain["triplets"] = triplets
    return json.dumps(plain, indent=2, sort_keys=True)


def read_plan(file: Path) -> Plan:
    """Read a run.json.

    Raises:
        FileNotFoundError: it is not there.
        NewerVersion: a newer version of Lineup wrote it.
        StoreError: it is damaged, or of an older version.
    """
    try:
        content = json.loads(file.read_text())
        if not isinstance(content, dict):
            raise ValueError("it holds no plan")
        _check_version(file.parent.name, content)
        return Plan(**content)
    except FileNotFoundError:
        raise
    except ValidationError as error:
        raise _refusal(file, error) from error
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{file} cannot be read: {error}") from error


def _check_version(run_id: str, content: dict[str, Any]) -> None:
    version, kind = content.get("schema_version", SCHEMA_VERSION), content.get("kind", COMPARISON_RUN)
    if version not in READABLE_VERSIONS:
        newer = isinstance(version, int) and version > SCHEMA_VERSION
        raise (NewerVersion if newer else StoreError)(
            f"run {run_id} was written by tables of version {version!r:.40}, this is {SCHEMA_VERSION}",
            "Start a new run; its photos are encoded anew",
        )
    if kind not in KINDS:
        raise NewerVersion(f"run {run_id} is of a kind that this version does not know: {kind!r:.40}")


def _refusal(file: Path, error: ValidationError) -> StoreError:
    what, _ = explain(error, Plan)  # its hint is for the author of a file
    if any(fault["type"] in (*UNKNOWN_KEY, "literal_error") for fault in error.errors()):
        hint = "A newer version of Lineup may have written it: use that version, or start a new run"
        return NewerVersion(f"{file} cannot be read: {what}", hint)
    return StoreError(f"{file} cannot be read: {what}", "It is damaged: restore it, or start a new run")
