"""What befell a run may be tried again; what the bytes decide is said to stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orchestrator.experiment.experiment_file import from_dict
from orchestrator.maintenance.check import check_run
from orchestrator.maintenance.retry import retry_failures
from orchestrator.scheduler.planning import plan_run
from storage.errors import InputError, RunConflict
from storage.parts import list_parts, read_metadata, read_part, table_of, write_part
from storage.run_claim import claim
from storage.runs import Run
from storage.schemas import FITS, SCORES
from tests.cluster import CHEAP, Cluster, outcomes, tables
from tests.faults.marking import mark
from tests.orchestrator.conftest import Call
from workers.synthetic.photo_folder import write_folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three people, five photos of each, and one picture of noise."""
    folder = tmp_path / "photos"
    write_folder(folder, people=3, photos=5, seed=11, side=160, processes=1)
    noise = np.random.default_rng(1).integers(0, 255, (96, 96, 3), np.uint8)
    Image.fromarray(noise).save(folder / "bruno" / "noise.png")
    return folder


def resume(lab: Cluster, run: Run) -> dict[str, tuple[str, str]]:
    run.let_go_on()
    assert lab.finish(run).state == "finished"
    assert check_run(run).faults == ()
    return outcomes(run)


def test_failures_that_are_retried_leave_the_tables_of_an_undisturbed_run(lab: Cluster, photos: Path) -> None:
    deadly = mark(photos / "ada" / "ada-001.jpg", "once")
    lost = photos / "chloe" / "chloe-002.jpg"
    away = lost.rename(photos.parent / "away.jpg")
    lost.write_bytes(away.read_bytes())
    run = lab.plan(photos, attempts=1)
    lost.unlink()
    first = resume(lab, run)
    gone = next(key for key, (outcome, _) in first.items() if outcome == "unreadable")
    assert first[deadly][0] == "poisoned"
    logged = (lab.store / "logs" / "worker-images.log").read_text().splitlines()
    facts = (f"run={run.run_id}", f"photo={deadly}", "attempt=1", "poisoned: its process died")
    assert any(all(fact in line for fact in facts) for line in logged)

    done = retry_failures(run, ["poisoned", "timed_out"])
    assert (done.photos, done.final, done.trainings) == ({"poisoned": 1}, {}, 0)
    assert {"report", "comparison.parquet", "scores", "splits.parquet", "faces.parquet"} <= set(done.removed)
    assert not run.finished
    second = resume(lab, run)
    assert (second[deadly], second[gone][0]) == (("ok", ""), "unreadable")

    away.rename(lost)
    done = retry_failures(run, ["unreadable", "no_face"])
    assert (done.photos, done.final) == ({"unreadable": 1}, {"no_face": 1})
    assert resume(lab, run)[gone] == ("ok", "")

    undisturbed = plan_run(lab.store, photos, None, from_dict(CHEAP), run_id="undisturbed").run
    resume(lab, undisturbed)
    assert tables(run) == tables(undisturbed)


def test_a_failed_training_is_done_again_and_nothing_else(copied: Run) -> None:
    part = list_parts(copied.fits)[0]
    fit = read_part(part, FITS)
    assert fit is not None
    rows = [{**fit.to_pylist()[0], "outcome": "failed", "reason": "its process died 3 times"}]
    write_part(part, table_of(rows, FITS), read_metadata(part))
    write_part(copied.scores / part.name, SCORES.empty_table(), read_metadata(part))
    done = retry_failures(copied, ["failed"])
    assert (done.trainings, done.photos) == (1, {})
    assert not part.exists()
    assert not (copied.scores / part.name).exists()
    assert copied.faces.exists()
    assert len(list_parts(copied.scores)) == 1
    assert not copied.finished


def test_a_run_with_nothing_to_retry_stays_as_it_is(copied: Run, call: Call) -> None:
    store = copied.folder.parents[1]
    told = call(store, "retry", copied.run_id, "--outcome", "timed_out,unreadable")
    assert told.exit_code == 0
    assert "nothing to try again" in told.output
    assert "Refused when the folder was read: 1 photo;" in told.output
    assert copied.finished


def test_a_run_that_is_being_worked_on_is_not_touched(copied: Run) -> None:
    with claim(copied), pytest.raises(RunConflict, match="lineup cancel"):
        retry_failures(copied)


def test_an_outcome_that_is_none_is_refused_with_the_choices(copied: Run) -> None:
    with pytest.raises(InputError, match="timed_out, poisoned"):
        retry_failures(copied, ["timedout"])
