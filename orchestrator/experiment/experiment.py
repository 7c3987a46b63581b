"""What is to be compared, and how: the experiment file.

An experiment is a tree of frozen dataclasses whose defaults are the mission's grid. It comes from a TOML file
(`from_toml`), is kept in the run's `run.json` (`to_json`, `from_json`) and is identified by `fingerprint`.
Every fault of the file is an ExperimentError that names the key and the choices.

    Experiment
    ├── faces            EngineSettings: what the engine does with a photo (`workers.faces.engine_settings`)
    ├── protocol         Protocol: which face trains, which tests
    ├── configurations   Entry, ...: what competes, each a name of `workers.learning.configurations` with overrides
    └── encoders         OwnEncoder, ...: encoders of our own, for configurations named NAME@ENCODER
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from typing import Any

from orchestrator.experiment.chosen_configurations import MISSIONS_GRID, Entry, known_configurations, read_entries
from orchestrator.experiment.trained_encoders import OwnEncoder, check_name, plain_encoders, read_encoders
from orchestrator.experiment.validation import at_least, choice, fits_list, share, take_table
from storage.errors import ExperimentError
from workers.faces.decode.read_image import Limits
from workers.faces.engine_settings import EngineSettings

PROTOCOLS = ("holdout", "kfold")
NEAR_DUPLICATES = ("auto", "report", "group")
TEMPLATE = (files("orchestrator.experiment") / "template.toml").read_text(encoding="utf-8")
"""The commented file that `lineup init` writes; it states every default."""


@dataclass(frozen=True)
class Protocol:
    """Which faces train and which test; the same for every configuration.

    Args:
        kind: `holdout` (the mission's single stratified split) or `kfold` (repeated, stratified, grouped).
        test_share: share of the faces that test; holdout only.
        folds: parts of one k-fold; kfold only.
        repeats: how often the k-fold, or the hold-out, is drawn anew.
        seed: of the splits alone, so that another `Experiment.seed` trains anew on the same splits.
        min_photos_per_person: a person with fewer distinct photos with a face takes no part.
        unknown_share: share of people kept out of training, to measure rejection; 0 for a closed set.
        calibrate_share: share of those people whose photos choose the threshold; the others test it.
        near_duplicates: `report` near-duplicate faces only, or `group` them so that they never straddle; `auto`
            groups under kfold and leaves the mission's single split as the mission drew it.
        hash_distance: bits of 64 by which two perceptual hashes may differ and be near-duplicates.
        embedding_distance: Euclidean distance of two embeddings below which they are near-duplicates.
    """

    kind: str = "holdout"
    test_share: float = 0.3
    folds: int = 5
    repeats: int = 1
    seed: int = 42
    min_photos_per_person: int = 4
    unknown_share: float = 0.0
    calibrate_share: float = 0.5
    near_duplicates: str = "auto"
    hash_distance: int = 4
    embedding_distance: float = 0.15

    def __post_init__(self) -> None:
        choice("protocol.kind", self.kind, PROTOCOLS)
        choice("protocol.near_duplicates", self.near_duplicates, NEAR_DUPLICATES)
        share("protocol.test_share", self.test_share, "0 < share < 1", 0 < self.test_share < 1)
        share("protocol.unknown_share", self.unknown_share, "0 <= share < 1", 0 <= self.unknown_share < 1)
        share("protocol.calibrate_share", self.calibrate_share, "0 < share < 1", 0 < self.calibrate_share < 1)
        at_least("protocol.folds", self.folds, 2)
        at_least("protocol.repeats", self.repeats, 1)
        at_least("protocol.seed", self.seed, 0, most=2**32 - 1)
        at_least("protocol.min_photos_per_person", self.min_photos_per_person, 2)
        at_least("protocol.hash_distance", self.hash_distance, 0, most=64)
        at_least("protocol.embedding_distance", self.embedding_distance, 0)

    @property
    def groups_near_duplicates(self) -> bool:
        """Whether near-duplicates share a group."""
        return self.near_duplicates == "group" or (self.near_duplicates == "auto" and self.kind == "kfold")


@dataclass(frozen=True)
class Experiment:
    """All that decides a run's tables, besides the photos.

    Args:
        name: for people; part of no fingerprint.
        seed: from which every training's seed is derived.
        photo_seconds: a photo may take so long before it becomes `timed_out`.
        training_seconds: a training may take so long before it fails.
        attempts: how often a photo or training may be begun before it is given up.
    """

    name: str = "lineup"
    seed: int = 42
    photo_seconds: int = 60
    training_seconds: int = 3600
    attempts: int = 3
    faces: EngineSettings = field(default_factory=EngineSettings)
    protocol: Protocol = field(default_factory=Protocol)
    configurations: tuple[Entry, ...] = tuple(Entry(name) for name in MISSIONS_GRID)
    encoders: tuple[OwnEncoder, ...] = ()

    def __post_init__(self) -> None:
        at_least("seed", self.seed, 0, most=2**32 - 1)
        at_least("photo_seconds", self.photo_seconds, 1)
        at_least("training_seconds", self.training_seconds, 1)
        at_least("attempts", self.attempts, 1, most=100)
        if not self.configurations:
            raise ExperimentError("configurations is empty", "Name at least one, such as knn-1.")
        names = [entry.name for entry in self.configurations]
        for name in names:
            check_name(name, known_configurations(), self.encoders)
            if names.count(name) > 1:
                raise ExperimentError(f"configurations: {name!r} is named twice", "Name it once.")

    def fingerprint(self) -> str:
        """16 hex digits; equal for equal tables: the run's name and its time limits leave it alone."""
        return fingerprint_of(to_dict(self))


def fingerprint_of(plain: Mapping[str, Any]) -> str:
    """The fingerprint of an experiment as `to_dict` gave it, also of one that an older version wrote."""
    left_alone = ("name", "photo_seconds", "training_seconds", "attempts")
    deciding = {key: value for key, value in plain.items() if key not in left_alone}
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()[:16]


def from_toml(text: str, source_name: str = "experiment.toml") -> Experiment:
    """Read an experiment file.

    Raises:
        ExperimentError: not TOML, an unknown key, or an impossible value; begins with source_name.
    """
    try:
        return from_dict(tomllib.loads(text))
    except tomllib.TOMLDecodeError as fault:
        raise ExperimentError(f"{source_name}: not a TOML file: {fault}", "See `lineup init`.") from fault
    except ExperimentError as fault:
        raise ExperimentError(f"{source_name}: {fault.what}", fault.hint) from fault


def from_dict(plain: Mapping[str, Any]) -> Experiment:
    """The experiment of a parsed TOML or JSON file; raises ExperimentError."""
    plain = dict(plain)
    overrides = plain.pop("parameters", {})
    if "configurations" in plain or overrides:
        plain["configurations"] = read_entries(plain.get("configurations", list(MISSIONS_GRID)), overrides)
    if "faces" in plain:
        plain["faces"] = _faces(plain["faces"])
    if "encoders" in plain:
        plain["encoders"] = read_encoders(plain["encoders"])
    if "protocol" in plain:
        plain["protocol"] = Protocol(**take_table(Protocol, plain["protocol"], "protocol"))
    return Experiment(**take_table(Experiment, plain, ""))


def to_dict(experiment: Experiment) -> dict[str, Any]:
    """Plain values in the shape of the TOML file, every default stated."""
    plain = asdict(experiment)
    plain["faces"] = experiment.faces.plain()
    plain["configurations"] = [entry.name for entry in experiment.configurations]
    changed = [entry for entry in experiment.configurations if entry.overrides]
    plain["parameters"] = {entry.name: dict(entry.overrides) for entry in changed}
    del plain["encoders"]
    if experiment.encoders:  # a file without them keeps the fingerprint that it has always had
        plain["encoders"] = plain_encoders(experiment.encoders)
    return plain


def to_json(experiment: Experiment) -> str:
    """For run.json."""
    return json.dumps(to_dict(experiment), indent=2, sort_keys=True)


def from_json(text: str) -> Experiment:
    """The inverse of to_json; raises ExperimentError."""
    return from_dict(json.loads(text))


def _faces(plain: object) -> EngineSettings:
    taken = take_table(EngineSettings, plain, "faces")
    if "limits" in taken:
        taken["limits"] = Limits(**take_table(Limits, taken["limits"], "faces.limits"))
        for key, value in asdict(taken["limits"]).items():
            at_least(f"faces.limits.{key}", value, 1)
    if not fits_list(taken.get("ladder", []), str):
        raise ExperimentError("faces.ladder must be a list of names", 'Such as ["upsample"].')
    return EngineSettings(**{**taken, "ladder": tuple(taken.get("ladder", EngineSettings.ladder))})
