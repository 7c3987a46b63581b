"""Which face of a photo with several is the person's: the policies on drawn groups and on photos of people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from orchestrator.report.group_photos import group_photos_sentence
from orchestrator.scheduler.planning import plan_run
from storage.engine_settings import EngineSettings, FacePolicy
from storage.experiments import Experiment, Protocol
from storage.runs import Run
from storage.schemas import CATALOG, COMPARISON, RUN_FACES, SPLITS
from storage.tables import read_table
from tests.tiny_run import compare_here
from workers.faces.engine import load_engine
from workers.faces.photo import Pixels
from workers.jobs.known_faces import known_and_strangers
from workers.jobs.load_faces import load_chooser
from workers.synthetic.identity import draw_identity
from workers.synthetic.render import render
from workers.synthetic.scene import draw_scene

PEOPLE, PHOTOS = 4, 8

POLICIES: tuple[FacePolicy, ...] = ("largest", "central", "consistent")

Pictures = Callable[[int, int, int], Pixels]
"""(person, photo, side) -> a square picture of that person's face."""


def drawn(person: int, photo: int, side: int) -> Pixels:
    """People who do not exist."""
    picture = render(draw_identity(7, person), draw_scene(7, person, photo), 200)
    return np.asarray(Image.fromarray(picture).resize((side, side)))


def portraits(root: Path) -> Pictures:
    """The first photos of each person in a folder that show one face, cut around it."""
    engine = load_engine(EngineSettings(policy="require-one"))
    people: list[list[Image.Image]] = []
    for person in sorted(root.iterdir())[:PEOPLE]:
        people.append([])
        for path in sorted(person.iterdir()):
            (result,) = engine.encode_photos([("", path.read_bytes())], before=lambda _: None)
            if result.outcome == "ok" and len(people[-1]) < 2 * PHOTOS:
                (face,) = result.faces
                x, y, half = (face.left + face.right) // 2, (face.top + face.bottom) // 2, face.right - face.left
                whole = Image.open(path).convert("RGB")
                people[-1].append(whole.crop((x - half, y - half, x + half, y + half)))
    return lambda person, photo, side: np.asarray(people[person][photo % (2 * PHOTOS)].resize((side, side)))


def write_groups(root: Path, pictures: Pictures) -> Path:
    """Each person alone in five photos, in the middle before a larger other in two, and beside an other in one."""
    for person in range(PEOPLE):
        (root / f"p{person}").mkdir(parents=True)
        for photo in range(PHOTOS):
            other = (person + 1 + photo % (PEOPLE - 1)) % PEOPLE
            scene = np.full((300, 600, 3), 128, np.uint8)
            if photo in (1, 4):
                scene[:240, :240] = pictures(other, PHOTOS + photo, 240)
                scene[70:230, 220:380] = pictures(person, photo, 160)
            elif photo == 6:
                scene[50:250, 200:400] = pictures(other, PHOTOS + photo, 200)
                scene[50:250, 400:] = pictures(person, photo, 200)
            else:
                scene[50:250, 200:400] = pictures(person, photo, 200)
            Image.fromarray(scene).save(root / f"p{person}" / f"{photo}.png")
    return root


def compared(folder: Path, pictures: Pictures) -> dict[FacePolicy, Run]:
    """The same groups compared under each policy."""
    write_groups(folder / "groups", pictures)
    found: dict[FacePolicy, Run] = {}
    for policy in POLICIES:
        experiment = Experiment(
            protocol=Protocol(kind="kfold", folds=4), configurations=("knn-1",), faces=EngineSettings(policy=policy)
        )
        found[policy] = plan_run(folder / "store", folder / "groups", None, experiment).run
        compare_here(found[policy])
    return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[FacePolicy, Run]:
    return compared(tmp_path_factory.mktemp("policies"), drawn)


def accuracy(run: Run) -> float:
    (share,) = read_table(run.comparison, COMPARISON)["accuracy"].to_pylist()
    return float(share)


def paths_of(run: Run) -> dict[str, str]:
    catalog = read_table(run.catalog, CATALOG)
    return dict(zip(catalog["photo_key"].to_pylist(), catalog["path"].to_pylist(), strict=True))


def test_the_central_face_is_better_than_the_largest_and_the_consistent_one_still_better(
    runs: dict[FacePolicy, Run],
) -> None:
    shares = {policy: accuracy(run) for policy, run in runs.items()}
    assert shares["largest"] < shares["central"] < shares["consistent"]


@pytest.mark.slow
def test_so_it_is_with_groups_of_real_people(shared_data: Path, tmp_path: Path) -> None:
    shares = {policy: accuracy(run) for policy, run in compared(tmp_path, portraits(shared_data / "bubble")).items()}
    assert shares["largest"] < shares["central"] <= shares["consistent"]


def test_every_row_says_how_many_faces_there_were_and_why_this_one(runs: dict[FacePolicy, Run]) -> None:
    for policy, run in runs.items():
        paths = paths_of(run)
        for each in read_table(run.faces, RUN_FACES).to_pylist():
            number = int(Path(paths[each["photo_key"]]).stem)
            assert each["photo_faces"] == (2 if number in (1, 4, 6) else 1)
            expected = {"largest": "largest", "central": "central", "consistent": ("central", "further")}[policy]
            assert each["chosen"] == "only" if each["photo_faces"] == 1 else each["chosen"] in expected


def test_the_result_says_how_many_photos_show_several_faces_and_which_counts(runs: dict[FacePolicy, Run]) -> None:
    said: dict[FacePolicy, str] = {"largest": "the largest counts", "consistent": "elsewhere the central one"}
    for policy, words in said.items():
        faces = read_table(runs[policy].faces, RUN_FACES)
        sentence = group_photos_sentence(faces, policy)
        assert sentence.startswith(f"Several faces were found in {3 * PEOPLE} photos: ")
        assert words in sentence
        without = faces.set_column(faces.schema.get_field_index("photo_faces"), "photo_faces", pa.nulls(len(faces)))
        assert group_photos_sentence(without.cast(faces.schema), policy) == ""


def test_the_model_that_is_kept_is_fitted_on_one_face_of_each_photo(runs: dict[FacePolicy, Run]) -> None:
    run = runs["consistent"]
    paths = paths_of(run)
    known, _ = known_and_strangers(read_table(run.splits, SPLITS), load_chooser(run))
    assert len(known) == PEOPLE * PHOTOS
    beside = [row["face_index"] for row in known if Path(paths[row["photo_key"]]).stem == "6"]
    assert beside == [1] * PEOPLE


BUBBLE = {
    "GlynnisOConnor/00000012.jpg": (600, 950), "JohnTravolta/00000082.jpg": (550, 850),
    "PJSoles/00000005.jpg": (400, 900), "PJSoles/00000017.jpg": (390, 580), "PJSoles/00000052.jpg": (550, 830),
    "RalphBellamy/00000017.jpg": (200, 420), "RobertReed/00000014.jpg": (450, 830),
}  # fmt: skip
"""Each photo of `bubble` in which the detector finds several people, and between which columns the person's face is."""


@pytest.mark.parametrize("policy", ["central", "consistent"])
def test_on_photos_of_people_the_person_is_taken_in_every_group(shared_data: Path, policy: FacePolicy) -> None:
    engine = load_engine(EngineSettings(policy=policy))
    photos = [(path, (shared_data / "bubble" / path).read_bytes()) for path in BUBBLE]
    for result in engine.encode_photos(photos, before=lambda _: None):
        first = result.faces[0]
        left, right = BUBBLE[result.photo_key]
        assert left < (first.left + first.right) / 2 < right, result.photo_key
        assert first.photo_faces > 1
