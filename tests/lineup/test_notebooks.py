"""The notebooks of examples/ run in a real kernel with real workers; a run in a notebook can be interrupted."""

from __future__ import annotations

import os
import re
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from nbclient.exceptions import CellExecutionError

from storage.runs import list_runs, open_run
from tests.cluster import descendants, wait_for
from tests.lineup.kernel import new_notebook, notebook_client, pid_of, read_notebook, shown
from workers.synthetic.photo_folder import write_folder

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.ipynb"))


def environment(folder: Path) -> dict[str, str]:
    (folder / "tmp").mkdir()
    changed = {"LINEUP_PROCESSES": "1", "LINEUP_BROKER_URL": "", "LINEUP_STORE": "", "PYTHONPATH": str(ROOT)}
    return {**os.environ, **changed, "IPYTHONDIR": str(folder / "ipython")}


def outputs(notebook: Any, of: str) -> str:
    """What the cell shows in whose source these words are."""
    (cell,) = [each for each in notebook.cells if of in each.source and each.cell_type == "code"]
    return shown(cell)


def executed(name: str, folder: Path) -> Any:
    notebook = read_notebook(ROOT / "examples" / name)
    with notebook_client(notebook, folder, environment(folder)) as client:
        for place, cell in enumerate(notebook.cells):
            client.execute_cell(cell, place)
    return notebook


def test_every_example_is_stored_without_outputs_and_is_executed_here() -> None:
    here = Path(__file__).read_text()
    for path in EXAMPLES:
        notebook = read_notebook(path)
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells), path.name
        assert f'executed("{path.name}"' in here


@pytest.mark.slow
def test_the_notebook_of_scikit_learn_runs(tmp_path: Path) -> None:
    notebook = executed("scikit_learn.ipynb", tmp_path)
    assert "(30, 128)" in outputs(notebook, "faces.shape")
    assert "unknown" in outputs(notebook, "named.predict")


@pytest.mark.slow
def test_the_notebook_that_compares_and_identifies_runs(tmp_path: Path) -> None:
    notebook = executed("compare_and_identify.ipynb", tmp_path)
    assert "6 people" in outputs(notebook, "lineup.run(")
    assert "Training: " in outputs(notebook, "lineup.run(")
    assert outputs(notebook, "print(result.recommendation)").startswith("Use ")
    assert "name='" in outputs(notebook, "result.identify(photo)")
    assert "'unknown'" in outputs(notebook, "stranger = ")
    (frame,) = notebook.cells[-1].outputs
    assert "<iframe" in frame["data"]["text/html"]


@pytest.mark.slow
def test_an_interrupt_ends_a_run_in_order_and_the_same_cell_goes_on_with_it(tmp_path: Path) -> None:
    write_folder(tmp_path / "photos", people=4, photos=8, seed=5, side=160)
    call = "import lineup; result = lineup.run('photos', store='store', configurations=['knn-1', 'majority'])"
    notebook = new_notebook(call, call, "print(result.recommendation)")
    cells = notebook.cells
    with notebook_client(notebook, tmp_path, environment(tmp_path)) as client:
        pid = pid_of(client)
        before = set(descendants(pid))

        def interrupt() -> None:
            wait_for(lambda: list((tmp_path / "store").glob("encodings/*/faces/*.parquet")), "an encoding")
            os.kill(pid, signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(CellExecutionError) as stopped:
            client.execute_cell(cells[0], 0)
        assert stopped.value.ename == "KeyboardInterrupt"
        assert re.fullmatch(r"run photos-\w+ was interrupted\. Go on with: .*\.resume\(\)", stopped.value.evalue)
        thread.join()
        assert set(descendants(pid)) <= before
        [name] = list_runs(tmp_path / "store")
        assert not open_run(tmp_path / "store", name).finished
        client.execute_cell(cells[1], 1)
        client.execute_cell(cells[2], 2)
    assert shown(cells[2]).startswith("Use knn-1")
    assert open_run(tmp_path / "store", name).finished
