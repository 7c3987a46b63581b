"""What a reader needs to do the run again."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.report.material import ReportMaterial
from orchestrator.report.run_again import folder_digest, run_again


def test_the_command_names_folder_labels_and_experiment_for_a_shell(material: ReportMaterial) -> None:
    again = run_again(replace(material, dataset="/my photos", labels="/l.csv"))
    assert again.command == "lineup run '/my photos' --labels /l.csv -e experiment.toml"
    assert again.from_store.endswith("-e r-1")
    assert again.toml == 'name = "demo"\nseed = 42\n'


def test_facts_that_are_not_known_are_left_out(material: ReportMaterial) -> None:
    facts = dict(run_again(replace(material, versions={"numpy": "2", "processor": "Z80"})).facts)
    assert facts["Processor of the machine that planned it"] == "Z80"
    assert facts["Versions"] == "numpy 2"
    assert "Planned" not in facts


def test_the_digest_ignores_the_order_and_sees_a_changed_label(material: ReportMaterial) -> None:
    rows = material.catalog.to_pylist()
    schema = material.catalog.schema
    digest = folder_digest(material.catalog)
    assert folder_digest(material.catalog.from_pylist(rows[::-1], schema)) == digest
    changed = [{**rows[0], "label": "somebody else"}, *rows[1:]]
    assert folder_digest(material.catalog.from_pylist(changed, schema)) != digest
