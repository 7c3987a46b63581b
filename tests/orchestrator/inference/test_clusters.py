"""A folder without labels becomes people: links, a labels file that `run` takes, and a page."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orchestrator.dataset.labels_file import from_csv
from orchestrator.inference.cluster_page import cluster_page
from orchestrator.inference.clusters import Clusters, clusters_of, plan_clusters
from storage.errors import DatasetError, ExperimentError
from storage.face_pictures import run_pictures
from storage.outputs import OutputLedger, store_outputs
from storage.runs import Run, list_runs, open_run
from tests.cluster import wait_for
from tests.tiny_run import encode_here, lineup
from workers.synthetic.photo_folder import write_folder

DRAWN = 0.6
"""The looseness for drawn faces, which lie at half the distances of photos."""

HOSTILE = "<img src=x onerror=alert(1)>.jpg"


@pytest.fixture(scope="module")
def heap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people, four photos each, all in one folder and one below it; one of two people, and one of nobody."""
    folder = tmp_path_factory.mktemp("heap") / "photos"
    write_folder(folder.with_name("drawn"), people=3, photos=4, seed=1, side=200, processes=1)
    (folder / "below").mkdir(parents=True)
    for number, path in enumerate(sorted(folder.with_name("drawn").glob("*/*.jpg"))):
        path.rename((folder / "below" if number % 2 else folder) / path.name)
    first, second = (sorted(folder.rglob(f"{name}-*.jpg"))[0] for name in ("ada", "bruno"))
    both = [np.asarray(Image.open(path)) for path in (first, second)]
    Image.fromarray(np.hstack(both)).save(folder / "both.png")
    Image.new("RGB", (200, 200), "grey").save(folder / "nobody.png")
    first.rename(folder / HOSTILE)
    return folder


@pytest.fixture(scope="module")
def run(heap: Path) -> Run:
    """Encoded in this process, by dlib alone."""
    run = plan_clusters(heap.with_name("store"), heap, "dlib", OutputLedger(None))
    encode_here(run)
    return run


@pytest.fixture(scope="module")
def found(run: Run) -> Clusters:
    return clusters_of(run, "dlib", DRAWN)


def person_of(path: str) -> str:
    return "ada" if path == HOSTILE else Path(path).name.split("-")[0]


def test_each_cluster_is_one_person(found: Clusters) -> None:
    assert [each.name for each in found.clusters] == ["person-001", "person-002", "person-003"]
    for cluster in found.clusters:
        photos = {path for key, _ in cluster.faces for path in found.paths[key]} - {"both.png"}
        assert len({person_of(path) for path in photos}) == 1


def test_the_labels_file_is_one_that_run_takes(found: Clusters, heap: Path, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("\n".join(["path,label", *(f'"{path}",{name}' for path, name in found.labels())]))
    sources = from_csv(heap, file)
    assert len(sources.photos) == 12
    assert len({(source.label, person_of(source.path)) for source in sources.photos}) == 3


def test_a_photo_of_two_people_is_in_both_clusters_and_in_no_labels_file(found: Clusters) -> None:
    (key,) = [key for key, paths in found.paths.items() if "both.png" in paths]
    assert len(set(found.in_photo[key].values())) == 2
    assert "both.png" not in dict(found.labels())


def test_a_person_with_fewer_photos_than_asked_for_is_unknown(run: Run) -> None:
    few = clusters_of(run, "dlib", DRAWN, least=5)
    assert {name for names in few.in_photo.values() for name in names.values()} == {
        *(each.name for each in few.clusters),
        "unknown",
    }
    assert len(few.clusters) == 2  # the two who are in the photo of both


def test_the_page_names_every_person_asks_for_nothing_and_escapes_paths(found: Clusters, run: Run) -> None:
    page = cluster_page(found, "</script><b>", run_pictures(run))
    assert all(f'data-name="{each.name}"' in page for each in found.clusters)
    assert page.count('<img src="data:') == 14
    assert "default-src 'none'" in page
    assert not re.findall(r"""(?:src|href)=["']?https?:""", page)
    assert HOSTILE not in page
    assert "</script><b>" not in page
    (rows,) = re.findall(r'id="rows">(.*?)</script>', page)
    assert [tuple(row) for row in json.loads(rows)] == found.labels()


def test_a_folder_without_a_photo_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="has no photo"):
        plan_clusters(tmp_path / "store", tmp_path / "empty", "dlib", OutputLedger(None))


def test_an_encoder_that_is_not_there_is_refused_with_the_choices(heap: Path, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"--encoder: encoder 'arcface'.*sface"):
        plan_clusters(tmp_path / "store", heap, "arcface", OutputLedger(None))


def test_the_command_links_each_photo_under_its_people(run: Run, heap: Path, tmp_path: Path) -> None:
    asked = ("cluster", str(heap), "--into", str(tmp_path / "people"), "--encoder", "dlib", "--looseness", str(DRAWN))
    done = lineup(run.store, *asked)
    assert done.returncode == 0, done.stderr
    assert "3 people by dlib; 0 faces of 14" in done.stdout
    folders = {each.name: list(each.iterdir()) for each in (tmp_path / "people").iterdir() if each.is_dir()}
    assert sorted(map(len, folders.values())) == [4, 5, 5]
    assert all(link.is_symlink() and link.resolve().is_file() for links in folders.values() for link in links)
    assert sum(link.name == "both.png" for links in folders.values() for link in links) == 2
    assert (tmp_path / "people" / "index.html").is_file()
    assert (tmp_path / "people" / "people.csv").read_text(encoding="utf-8-sig").startswith("path,label\n")
    written = {each.path.name: each.people for each in store_outputs(run.store).outputs()}
    assert {"index.html", "people.csv", "person-001"} <= written.keys()
    assert set(written.values()) == {None}  # anybody may be in them, so `forget` lists them for everybody
    told = json.loads(lineup(run.store, *asked[:2], "--into", str(tmp_path / "other"), *asked[4:], "--json").stdout)
    assert [each["name"] for each in told["clusters"]] == ["person-001", "person-002", "person-003"]
    assert len(told["labels"]) == 12
    again = lineup(run.store, *asked)
    assert again.returncode == 2
    assert "is not empty" in again.stderr


@pytest.mark.slow
def test_after_an_interrupt_the_same_command_goes_on(heap: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    command = [sys.executable, "-c", "from orchestrator.cli.main import main; main()", "cluster", str(heap)]
    command += ["--into", str(tmp_path / "people"), "--encoder", "dlib", "--looseness", str(DRAWN)]
    environment = {**os.environ, "LINEUP_STORE": str(store), "LINEUP_PROCESSES": "1", "LINEUP_PHOTOS_PER_TASK": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as first:
        wait_for(lambda: list(store.glob("encodings/*/faces/*.parquet")), "an encoding")
        first.send_signal(signal.SIGINT)
        _, told = first.communicate(timeout=60)
    assert first.returncode == 130
    assert "the same command goes on" in told
    [name] = list_runs(store)
    assert not open_run(store, name).finished
    second = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)
    assert second.returncode == 0, second.stderr
    assert "3 people by dlib" in second.stdout
