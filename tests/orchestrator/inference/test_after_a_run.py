"""`lineup run`, then `lineup identify`, as a user types them: a private broker, real workers, real photos."""

from __future__ import annotations

import json
from pathlib import Path

from orchestrator.scheduler.work import needs_refit
from storage.runs import list_runs, open_run
from tests.tiny_run import lineup
from workers.synthetic.photo_folder import write_folder

EXPERIMENT = 'configurations = ["knn-1", "majority"]\n[protocol]\nmin_photos_per_person = 2\n'


def test_a_run_ends_with_its_winner_ready_for_use(tmp_path: Path) -> None:
    store = tmp_path / "store"
    write_folder(tmp_path / "faces", 3, 5, seed=2, side=200)
    (tmp_path / "experiment.toml").write_text(EXPERIMENT)
    ran = lineup(store, "run", str(tmp_path / "faces"), "-e", str(tmp_path / "experiment.toml"))
    assert ran.returncode == 0, ran.stderr
    run = open_run(store, list_runs(store)[0])
    files = {path.name for path in (run.model / "knn-1").iterdir()}
    assert files == {"arrays.npz", "gallery.npz", "model.json", "recogniser.json"}
    assert not needs_refit(run)

    photos = sorted((tmp_path / "faces").rglob("*.jpg"))[::3]
    named = lineup(store, "identify", *map(str, photos), "--json")
    assert named.returncode == 0, named.stderr
    model, *answers = map(json.loads, named.stdout.splitlines())
    assert model["model"]["run"] == run.run_id
    assert [each["faces"][0]["nearest"] for each in answers] == [path.parent.name for path in photos]
