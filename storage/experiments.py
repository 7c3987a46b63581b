"""An experiment: what is compared and how, in the shape of the experiment file and of run.json.

These are data and rules that need no knowledge of detectors or models, so that plan, planner and workers share one
type. Whether a configuration exists and takes a parameter is checked in `orchestrator.experiment`.

    Experiment
    ├── faces            EngineSettings: what the engine does with a photo
    ├── protocol         Protocol: which face trains, which tests
    ├── configurations   the names of what competes
    ├── parameters       by configuration, those that differ from its own
    └── encoders         OwnEncoder or OnnxEncoder by name, for configurations named NAME@ENCODER
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic.dataclasses import dataclass
from pydantic_core import ArgsKwargs

from storage.encoder_settings import AnyEncoder, OnnxEncoder, OwnEncoder
from storage.engine_settings import EngineSettings
from storage.validation import FORBID_EXTRA, InnerShare, Seconds, Seed

MISSIONS_GRID = (
    "cnn-small-crop",
    "cnn-small-aligned",
    "dense",
    "knn-1",
    "knn-3",
    "knn-7",
    "svm-linear",
    "svm-rbf",
    "logistic-regression",
    "majority",
    "nearest-centroid",
    "threshold-1nn",
)
LIMITS_ONLY = ("name", "photo_seconds", "training_seconds", "attempts")
"""Keys that decide no table, and so are part of no fingerprint."""

ENCODER_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
"""It becomes part of a folder's name."""

Value = str | int | float | bool
"""Of a parameter; as JSON keeps it."""


Shot = Annotated[int, Field(strict=True, ge=1, le=100_000)]

KSHOT_REPEATS = 5


def _rising(shots: tuple[int, ...]) -> tuple[int, ...]:
    if list(shots) != sorted(set(shots)):
        raise ValueError("Write numbers of photos that rise, such as [1, 2, 4]")
    return shots


@dataclass(frozen=True, config=FORBID_EXTRA)
class Protocol:
    """Which faces train and which test; the same for every configuration.

    Attributes:
        kind: `holdout` (the mission's single stratified split), `kfold` (repeated, stratified, grouped) or `k-shot`
            (a few photos a person in training, the same test photos for every number of them).
        test_share: share of the faces that test; not for kfold. Under k-shot a person's share is smaller where that
            fills a larger number of `shots`.
        folds: parts of one k-fold; kfold only.
        repeats: how often the split is drawn anew; under k-shot 5 where it is not given.
        seed: of the splits alone, so that another `Experiment.seed` trains anew on the same splits.
        min_photos_per_person: a person with fewer distinct photos with a face takes no part.
        unknown_share: share of people kept out of training, to measure rejection; 0 for a closed set.
        calibrate_share: share of those people whose photos choose the threshold; the others test it.
        near_duplicates: `report` near-duplicate faces only, or `group` them so that they never straddle; `auto`
            groups under kfold and leaves the mission's single split as the mission drew it.
        hash_distance: bits of 64 by which two perceptual hashes may differ and be near-duplicates.
        embedding_distance: Euclidean distance of two embeddings below which they are near-duplicates.
        shots: training photos a person, rising; k-shot only.
        draws: a single hold-out says of so many draws which configuration is the best; 1 for its own draw only.
    """

    kind: Literal["holdout", "kfold", "k-shot"] = "holdout"
    test_share: InnerShare = 0.3
    folds: Annotated[int, Field(strict=True, ge=2, le=1000)] = 5
    repeats: Annotated[int, Field(strict=True, ge=1, le=1000)] = 1
    seed: Seed = 42
    min_photos_per_person: Annotated[int, Field(strict=True, ge=2, le=1_000_000)] = 4
    unknown_share: Annotated[float, Field(strict=True, ge=0, lt=1, allow_inf_nan=False)] = 0.0
    calibrate_share: InnerShare = 0.5
    near_duplicates: Literal["auto", "report", "group"] = "auto"
    hash_distance: Annotated[int, Field(strict=True, ge=0, le=64)] = 4
    embedding_distance: Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)] = 0.15
    shots: Annotated[tuple[Shot, ...], Field(min_length=1, max_length=100), AfterValidator(_rising)] = (1, 2, 4, 8, 16)
    draws: Annotated[int, Field(strict=True, ge=1, le=1000)] = 20

    @model_validator(mode="before")
    @classmethod
    def _repeated(cls, given: Any) -> Any:
        """A k-shot is repeated where nothing else is said: with one photo a person, much depends on which."""
        settings = given.kwargs if isinstance(given, ArgsKwargs) else given
        if isinstance(settings, Mapping) and settings.get("kind") == "k-shot" and "repeats" not in settings:
            return {**settings, "repeats": KSHOT_REPEATS}
        return given

    @property
    def groups_near_duplicates(self) -> bool:
        """Whether near-duplicates share a group."""
        return self.near_duplicates == "group" or (self.near_duplicates == "auto" and self.kind != "holdout")

    @property
    def least_photos(self) -> int:
        """A person with fewer distinct photos with a face takes no part in any split."""
        needed = {"holdout": 2, "kfold": self.folds, "k-shot": self.shots[0] + 1}
        return max(self.min_photos_per_person, needed[self.kind])


def _encoder_name(name: str) -> str:
    if not ENCODER_NAME.fullmatch(name):
        raise ValueError("The name of an encoder has small letters, digits, - and _ only")
    return name


def _encoder(entry: object) -> object:
    """An experiment file names a run, or has a table that describes an ONNX file."""
    if isinstance(entry, str):
        return OwnEncoder(entry)
    if not isinstance(entry, OwnEncoder | OnnxEncoder | Mapping):
        raise ValueError(
            "It must be the name of a run, which `lineup train-encoder` makes, or a table that describes an ONNX file"
        )
    return entry


def _by_name(entries: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(entries.items()))


def _that_differ(parameters: Mapping[str, Mapping[str, Value]]) -> dict[str, dict[str, Value]]:
    """Without empty tables; sorted, so that equal experiments are written alike."""
    return {name: _by_name(changes) for name, changes in sorted(parameters.items()) if changes}


@dataclass(frozen=True, config=FORBID_EXTRA)
class Experiment:
    """All that decides a run's tables, besides the photos. The defaults are the mission's grid.

    Attributes:
        name: for people; part of no fingerprint.
        seed: from which every training's seed is derived.
        photo_seconds: a photo may take so long before it becomes `timed_out`.
        training_seconds: a training may take so long before it fails.
        attempts: how often a photo or training may be begun before it is given up.
    """

    name: str = "lineup"
    seed: Seed = 42
    photo_seconds: Seconds = 60
    training_seconds: Seconds = 3600
    attempts: Annotated[int, Field(strict=True, ge=1, le=100)] = 3
    faces: EngineSettings = field(default_factory=EngineSettings)
    protocol: Protocol = field(default_factory=Protocol)
    configurations: Annotated[tuple[str, ...], Field(min_length=1, max_length=1000)] = MISSIONS_GRID
    parameters: Annotated[Mapping[str, Mapping[str, Value]], AfterValidator(_that_differ)] = field(default_factory=dict)
    encoders: Annotated[
        Mapping[Annotated[str, AfterValidator(_encoder_name)], Annotated[AnyEncoder, BeforeValidator(_encoder)]],
        AfterValidator(_by_name),
    ] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON data in the shape of the experiment file, every default stated."""
        plain = {**asdict(self), "faces": self.faces.plain()}
        plain["encoders"] = {name: each.plain() for name, each in self.encoders.items()}
        # a file without these keeps the fingerprint that it has always had
        if not self.encoders:
            del plain["encoders"]
        if self.protocol.kind != "k-shot":
            del plain["protocol"]["shots"]
        if self.protocol.draws == Protocol.draws:
            del plain["protocol"]["draws"]
        return plain

    def fingerprint(self) -> str:
        """16 hex digits; equal for equal tables: the run's name and its time limits leave it alone."""
        deciding = {key: value for key, value in self.plain().items() if key not in LIMITS_ONLY}
        return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()[:16]
