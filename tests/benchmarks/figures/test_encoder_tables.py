"""The table of encoders has a row for each set of photos and encoder."""

from __future__ import annotations

from pathlib import Path

from benchmarks.figures.encoder_tables import ENCODERS, encoder_names, encoders_table
from orchestrator.scheduler.planning import plan_run
from storage.experiments import Experiment, Protocol
from tests.tiny_run import compare_here
from workers.synthetic.photo_folder import write_folder


def test_each_row_has_pairs_identification_the_best_configuration_and_its_time(tmp_path: Path) -> None:
    write_folder(tmp_path / "faces", 3, 4, seed=8, side=160, processes=1)
    names = tuple(encoder_names(["knn-1", "nearest-centroid"]))
    experiment = Experiment(protocol=Protocol(min_photos_per_person=2, draws=1), configurations=names)
    run = plan_run(tmp_path / "store", tmp_path / "faces", None, experiment).run
    compare_here(run)
    head, _, *rows = [line.strip("| ").split(" | ") for line in encoders_table(run).splitlines()]
    assert head[:3] == ["photos", "encoder", "EER"]
    assert [row[:2] for row in rows] == [["faces", encoder or "dlib"] for encoder in ENCODERS]
    for row, encoder in zip(rows, ENCODERS, strict=True):
        assert row[5].strip("`").partition("@")[2] == encoder
        assert row[2].endswith(" %")
        assert row[6].endswith(" %")
    dlib, sface, both = (float(row[7]) for row in rows)
    assert both > max(dlib, sface) > 0
