"""With real workers: an encoder that is added to encoded photos embeds their stored faces."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.runs import list_runs, open_run
from storage.schemas import EMBEDDINGS
from storage.tables import read_table
from tests.tiny_run import lineup
from workers.synthetic.photo_folder import write_folder

EXPERIMENT = """
configurations = {names}
[protocol]
min_photos_per_person = 2
draws = 1
"""


@pytest.mark.slow
def test_the_images_queue_embeds_what_is_encoded_already(tmp_path: Path) -> None:
    photos, store = tmp_path / "photos", tmp_path / "store"
    write_folder(photos, people=3, photos=3, seed=9, side=160, processes=1)
    for names in ('["knn-1"]', '["knn-1", "knn-1@sface"]'):
        file = tmp_path / "experiment.toml"
        file.write_text(EXPERIMENT.format(names=names))
        done = lineup(store, "run", str(photos), "-e", str(file), "--quiet")
        assert done.returncode == 0, done.stderr
    (run,) = (each for each in (open_run(store, name) for name in list_runs(store)) if each.plan.experiment.encoders)
    assert read_table(run.embeddings("sface"), EMBEDDINGS).num_rows == 9
    log = (store / "logs" / "worker-images.log").read_text()
    assert log.count("photos embedded") >= 1
    assert f"photos encoded run={run.run_id}" not in log
    checked = lineup(store, "check", run.run_id)
    assert checked.returncode == 0, checked.stdout
