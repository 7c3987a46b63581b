"""The section "To do it again": the experiment file, the command, the photos, versions and machines."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass

import pyarrow as pa

from orchestrator.experiment.experiment_text import to_toml
from orchestrator.report.material import ReportMaterial
from orchestrator.report.run_times import machines_of


@dataclass(frozen=True)
class RunAgain:
    """What the section shows.

    Attributes:
        facts: (what, value), in the order to be shown.
        toml: the experiment file; the run read it with every default stated.
    """

    command: str
    from_store: str
    toml: str
    facts: tuple[tuple[str, str], ...]


def run_again(material: ReportMaterial) -> RunAgain:
    """The section of a run; a fact that is not known is left out."""
    folder = material.dataset or material.name
    labels = ["--labels", material.labels] if material.labels else []
    command = ["lineup", "run", folder, *labels, "-e"]
    versions = dict(material.versions)
    processor, instructions = versions.pop("processor", ""), versions.pop("instructions", "")
    facts = (
        ("Planned", material.created),
        ("Photos", f"{material.catalog.num_rows} files in {folder}"),
        ("Digest of the photos", folder_digest(material.catalog)),
        ("Processor of the machine that planned it", processor),
        ("Its instruction set", instructions),
        ("Machines that trained", machines_of(material.fits)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))),
        ("Fingerprint", material.fingerprint),
    )
    return RunAgain(
        command=shlex.join([*command, "experiment.toml"]),
        from_store=shlex.join([*command, material.run_id]),
        toml=to_toml(material.experiment),
        facts=tuple((what, value) for what, value in facts if value),
    )


def folder_digest(catalog: pa.Table) -> str:
    """sha256 over path, label and the sha256 of the bytes of every photo, by path: equal folders have equal digests."""
    columns = (catalog[name].cast(pa.string()).to_pylist() for name in ("path", "label", "photo_key"))
    digest = hashlib.sha256()
    for row in sorted(zip(*columns, strict=True)):
        digest.update("\0".join(row).encode() + b"\n")
    return digest.hexdigest()
