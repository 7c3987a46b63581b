"""No command replaces a file that Lineup did not write: one case for each option and argument that names an output."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from orchestrator.cli import main as cli
from tests.orchestrator.cli.conftest import Lineup

OUTPUTS = {
    ("identify", "out"),
    ("identify", "sort_into"),
    ("cluster", "into"),
    ("verify", "roc"),
    ("init", "path"),
    ("synth", "out"),
}
"""Everything by which a command is told where to write; `init --force` says that the file may be replaced."""

INPUTS = {"config", "folder", "labels", "corrections", "experiment", "files", "pairs_file", "photos"}


def test_every_path_of_a_command_is_an_input_or_has_a_case_here() -> None:
    context = click.Context(cli.lineup)
    commands = {name: cli.lineup.get_command(context, name) for name in cli.lineup.list_commands(context)}
    paths = {
        (name, parameter.name)
        for name, command in commands.items()
        if command
        for parameter in command.params
        if isinstance(parameter.type, click.Path)
    }
    assert {pair for pair in paths if pair[1] not in INPUTS} == OUTPUTS


@pytest.mark.usefixtures("run")
def test_identify_replaces_nobody_s_photo(lineup: Lineup, photos: Path) -> None:
    photo = min(photos.glob("*/*.jpg"))
    here = Path.cwd()
    taken = here / photo.name
    taken.write_bytes(b"another person's photo")
    done = lineup("identify", photo, "-c", "knn-1", "--out", ".")
    assert done.code == 0, done.err
    assert taken.read_bytes() == b"another person's photo"
    assert (here / f"{photo.stem}-2.jpg").stat().st_size > 1000
    again = lineup("identify", photo, "-c", "knn-1", "--out", ".")
    assert again.code == 0
    assert sorted(path.name for path in here.iterdir()) == sorted([photo.name, f"{photo.stem}-2.jpg"])

    one = lineup("identify", photo, "-c", "knn-1", "--out", "x.jpg")
    assert one.code == 0
    assert (here / "x.jpg").is_file()
    (here / "x.jpg").write_bytes(b"mine now")
    refused = lineup("identify", photo, "-c", "knn-1", "--out", "x.jpg")
    assert (refused.code, (here / "x.jpg").read_bytes()) == (2, b"mine now")
    assert "x.jpg is there already, and Lineup did not write it" in refused.err


@pytest.mark.usefixtures("run")
def test_sorting_into_folders_replaces_nothing(lineup: Lineup, photos: Path) -> None:
    photo = min(photos.glob("*/*.jpg"))
    taken = Path("sorted") / photo.parent.name / photo.name
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"another photo")
    done = lineup("identify", photo, "-c", "knn-1", "--threshold", "0", "--sort-into", "sorted")
    assert done.code == 0, done.err
    assert taken.read_bytes() == b"another photo"
    assert taken.with_stem(f"{photo.stem}-2").readlink() == photo
    assert lineup("identify", photo, "-c", "knn-1", "--sort-into", str(taken)).code == 2


@pytest.mark.parametrize("taken", ["people/ada/mine.jpg", "people"])
def test_clusters_go_into_no_folder_with_files_and_replace_none(lineup: Lineup, photos: Path, taken: str) -> None:
    Path(taken).parent.mkdir(parents=True, exist_ok=True)
    Path(taken).write_bytes(b"mine")
    done = lineup("cluster", photos, "--into", "people")
    assert done.code == 2
    assert "people" in done.err
    assert Path(taken).read_bytes() == b"mine"
    assert [str(path) for path in Path().rglob("*") if path.is_file()] == [taken]


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(("out", "count"), [("x.png", 1), ("x.jpg", 2), ("x.MP4", 1)])
def test_the_name_of_a_file_makes_no_folder(lineup: Lineup, photos: Path, out: str, count: int) -> None:
    done = lineup("identify", *sorted(photos.glob("*/*.jpg"))[:count], "-c", "knn-1", "--out", out)
    assert done.code == 2
    assert f"{out} is the name of a file" in done.err
    assert not Path(out).exists()


@pytest.mark.usefixtures("run")
def test_a_video_s_copy_replaces_nothing(lineup: Lineup, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"\0\0\0\x18ftypisom" + bytes(64))
    Path("named.mp4").write_bytes(b"another video")
    done = lineup("identify", clip, "-c", "knn-1", "--out", "named.mp4")
    assert done.code == 2
    assert "named.mp4 is there already" in done.err
    assert Path("named.mp4").read_bytes() == b"another video"


def test_verify_replaces_no_picture_that_it_did_not_draw(lineup: Lineup, photos: Path) -> None:
    Path("roc.svg").write_text("mine")
    done = lineup("verify", photos, "--roc", "roc.svg")
    assert done.code == 2
    assert "roc.svg is there already" in done.err
    assert Path("roc.svg").read_text() == "mine"


def test_synth_adds_to_its_own_drawing_and_replaces_nothing(lineup: Lineup) -> None:
    drawn = Path("faces/ada/ada-001.jpg")

    def draw(photos: int, seed: int = 1) -> int:
        return lineup("synth", "faces", "--people", 1, "--photos", photos, "--side", 32, "--seed", seed).code

    assert (draw(1), draw(2)) == (0, 0)
    before = drawn.read_bytes()
    assert draw(3, seed=2) == 2
    assert drawn.read_bytes() == before
    drawn.write_bytes(b"Ada's own photo")
    assert draw(3) == 2
    assert drawn.read_bytes() == b"Ada's own photo"
    assert sorted(path.name for path in drawn.parent.iterdir()) == ["ada-001.jpg", "ada-002.jpg"]


def test_init_replaces_a_file_only_by_force(lineup: Lineup) -> None:
    Path("mine.toml").write_text("mine")
    assert lineup("init", "mine.toml").code == 2
    assert Path("mine.toml").read_text() == "mine"
    Path("link.toml").symlink_to("nothing.toml")
    assert lineup("init", "link.toml").code == 2
    assert lineup("init", "mine.toml", "--force").code == 0
    assert "[protocol]" in Path("mine.toml").read_text()
