"""Photos are sorted into folders of links, and nothing that is there is replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.inference.photos import NamedFace, PhotoAnswer
from orchestrator.inference.sorted_links import SortedLinks
from storage.errors import InputError
from storage.outputs import OutputLedger
from workers.recognition.recogniser import Named


def answer(path: Path, *names: str) -> PhotoAnswer:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(str(path).encode())
    faces = (NamedFace((0, 0, 9, 9), Named(name, name, 90.0, 0.4, 0.9, 0.1)) for name in names)
    return PhotoAnswer(path, "ok" if names else "no_face", faces=tuple(faces))


def links(folder: Path) -> dict[str, Path]:
    return {str(path.relative_to(folder)): path.readlink() for path in sorted(folder.rglob("*")) if path.is_symlink()}


@pytest.fixture
def outputs(tmp_path: Path) -> OutputLedger:
    return OutputLedger(tmp_path / "ledger")


def test_a_photo_is_under_each_name_that_is_in_it(tmp_path: Path, outputs: OutputLedger) -> None:
    one, two, none = tmp_path / "in" / "one.jpg", tmp_path / "in" / "two.jpg", tmp_path / "in" / "none.jpg"
    into = SortedLinks(tmp_path / "out", [tmp_path / "in"], outputs)
    for each in (answer(one, "ada"), answer(two, "ada", "unknown", "ada"), answer(none)):
        into.add(each)
    assert links(tmp_path / "out") == {"ada/one.jpg": one, "ada/two.jpg": two, "unknown/two.jpg": two}
    assert {(each.path, each.people) for each in outputs.outputs()} == {
        (tmp_path / "out" / "ada", ("ada",)),
        (tmp_path / "out" / "unknown", ("unknown",)),
    }


def test_a_folder_of_links_is_listed_to_its_person_and_never_deleted(tmp_path: Path, outputs: OutputLedger) -> None:
    SortedLinks(tmp_path / "out", [], outputs).add(answer(tmp_path / "x.jpg", "ada"))
    (listed,) = outputs.outputs()
    assert (listed.people, listed.unchanged) == (("ada",), False)


def test_sorting_again_adds_nothing_and_other_photos_of_that_name_get_a_number(
    tmp_path: Path, outputs: OutputLedger
) -> None:
    here, there = tmp_path / "a" / "x.jpg", tmp_path / "b" / "x.jpg"
    (tmp_path / "out" / "ada").mkdir(parents=True)
    (tmp_path / "out" / "ada" / "x-2.jpg").write_bytes(b"the user's")
    for _ in range(2):
        into = SortedLinks(tmp_path / "out", [], outputs)
        for path in (here, there):
            into.add(answer(path, "ada"))
    assert links(tmp_path / "out") == {"ada/x.jpg": here, "ada/x-3.jpg": there}
    assert (tmp_path / "out" / "ada" / "x-2.jpg").read_bytes() == b"the user's"


@pytest.mark.parametrize("name", ["../../etc", "..", ".", "a/b", "a\0b", "a\nb", "x" * 300, "/", ""])
def test_a_name_leads_nowhere_else(tmp_path: Path, outputs: OutputLedger, name: str) -> None:
    into = SortedLinks(tmp_path / "out", [], outputs)
    into.add(answer(tmp_path / "x.jpg", name))
    (link,) = links(tmp_path / "out")
    assert Path(link).parts[1:] == ("x.jpg",)
    assert {path.name for path in tmp_path.iterdir()} == {"out", "x.jpg", "ledger"}


def test_two_names_that_give_one_folder_get_two(tmp_path: Path, outputs: OutputLedger) -> None:
    into = SortedLinks(tmp_path / "out", [], outputs)
    into.add(answer(tmp_path / "x.jpg", "a/b", "a_b"))
    assert set(links(tmp_path / "out")) == {"a_b/x.jpg", "a_b-2/x.jpg"}


def test_links_among_the_photos_are_refused(tmp_path: Path, outputs: OutputLedger) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(InputError, match="lies in"):
        SortedLinks(tmp_path / "in" / "sorted", [tmp_path / "in"], outputs)
    assert list((tmp_path / "in").iterdir()) == []


def test_a_link_with_the_name_of_a_person_is_not_followed(tmp_path: Path, outputs: OutputLedger) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    into = SortedLinks(tmp_path / "out", [], outputs)
    (tmp_path / "out" / "ada").symlink_to(elsewhere)
    with pytest.raises(InputError, match="is a link"):
        into.add(answer(tmp_path / "x.jpg", "ada"))
    assert list(elsewhere.iterdir()) == []
    assert outputs.outputs() == []
