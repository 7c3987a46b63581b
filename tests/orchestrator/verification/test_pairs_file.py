"""LFW's pairs.txt is read as its authors publish it, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.verification.pairs_file import read_pairs_file
from orchestrator.verification.photo_pair import PhotoPair, missing_photos
from storage.errors import DatasetError

PUBLISHED = """2\t2
Abel_Pacheco\t1\t4
Akhmed_Zakayev\t1\t3
Abdel_Madi_Shabneh\t1\tDean_Barker\t1
Abdel_Madi_Shabneh\t1\tGiancarlo_Fisichella\t12
Ali_Naimi\t5\t8
Alec_Baldwin\t2\t4
Ben_Kingsley\t1\tDaisy_Fuentes\t2
Ben_Kingsley\t1\tVivica_Fox\t3
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "pairs.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_published_format_gives_the_published_pairs(tmp_path: Path) -> None:
    pairs = read_pairs_file(written(tmp_path, PUBLISHED))
    assert len(pairs) == 8
    assert pairs[0] == PhotoPair(
        "Abel_Pacheco/Abel_Pacheco_0001.jpg", "Abel_Pacheco/Abel_Pacheco_0004.jpg", same=True, fold=0
    )
    assert pairs[3] == PhotoPair(
        "Abdel_Madi_Shabneh/Abdel_Madi_Shabneh_0001.jpg",
        "Giancarlo_Fisichella/Giancarlo_Fisichella_0012.jpg",
        same=False,
        fold=0,
    )
    assert [pair.same for pair in pairs] == [True, True, False, False] * 2
    assert [pair.fold for pair in pairs] == [0] * 4 + [1] * 4


def test_the_development_sets_have_one_number_and_one_fold(tmp_path: Path) -> None:
    """pairsDevTrain.txt and pairsDevTest.txt begin with a count alone."""
    pairs = read_pairs_file(written(tmp_path, "1\nAbel_Pacheco\t1\t4\nBen_Kingsley\t1\tVivica_Fox\t3\n"))
    assert [(pair.same, pair.fold) for pair in pairs] == [(True, 0), (False, 0)]


def test_scikit_learn_reads_the_same_photos_from_the_same_file(tmp_path: Path) -> None:
    """`fetch_lfw_pairs` on a small funnelled folder: its pictures are those that our paths name."""
    import numpy as np
    from PIL import Image
    from sklearn.datasets import fetch_lfw_pairs

    pairs_file = "2\t1\nann_lee\t1\t2\nann_lee\t2\tbob_ray\t1\nbob_ray\t1\t3\nbob_ray\t2\tann_lee\t1\n"
    home = tmp_path / "lfw_home"
    photos = home / "lfw_funneled"
    light = 0
    for person, count in (("ann_lee", 2), ("bob_ray", 3)):
        (photos / person).mkdir(parents=True)
        for number in range(1, count + 1):
            light += 40
            Image.new("RGB", (250, 250), (light, light, light)).save(photos / person / f"{person}_{number:04d}.jpg")
    for name in ("pairs.txt", "pairsDevTrain.txt", "pairsDevTest.txt"):
        (home / name).write_text(pairs_file)
    theirs = fetch_lfw_pairs(subset="10_folds", data_home=str(tmp_path), download_if_missing=False, resize=None)
    ours = read_pairs_file(home / "pairs.txt")
    assert [pair.same for pair in ours] == theirs.target.astype(bool).tolist()
    for pair, pictures in zip(ours, theirs.pairs, strict=True):
        for path, picture in zip((pair.first, pair.second), pictures, strict=True):
            expected = float(np.asarray(Image.open(photos / path)).mean())
            assert picture.mean() * (255 if picture.max() <= 1 else 1) == pytest.approx(expected, abs=0.5)


def test_names_with_spaces_are_read_where_tabs_part_the_fields(tmp_path: Path) -> None:
    pairs = read_pairs_file(written(tmp_path, "1 1\nJean Luc\t1\t2\nJean Luc\t1\tJürgen Ö\t1\n"))
    assert pairs[1].second == "Jürgen Ö/Jürgen Ö_0001.jpg"


def test_windows_line_ends_blank_lines_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_bytes(b"\xef\xbb\xbf1 1\r\n\r\nann 1 2\r\nann 1 bob 1\r\n\r\n")
    assert len(read_pairs_file(path)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "first line"),
        ("ten 300\n", "first line"),
        ("1 1 1\n", "first line"),
        ("1 0\n", "first line"),
        ("1 2\nann 1 2\nann 1 bob 1\n", "2 pairs, but its first line speaks of 1 x 2 x 2"),
        ("1 1\nann 1 2\nann 1 ann 2\n", "line 3.*NAME N OTHER N"),
        ("1 1\n\nann 1 bob 2\nann 1 bob 1\n", "line 3.*NAME N N"),
        ("1 1\nann 0 2\nann 1 bob 1\n", "line 2"),
        ("1 1\nann one 2\nann 1 bob 1\n", "line 2"),
        ("1 1\n../../etc 1 2\nann 1 bob 1\n", "cannot be a person's folder"),
        ("1 1\n.. 1 2\nann 1 bob 1\n", "cannot be a person's folder"),
        ("1 1\na\\b 1 2\nann 1 bob 1\n", "cannot be a person's folder"),
    ],
)
def test_what_is_no_list_of_pairs_is_refused_by_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message) as caught:
        read_pairs_file(written(tmp_path, text))
    assert "pairs.txt" in str(caught.value)


def test_a_missing_folder_or_binary_file_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_pairs_file(tmp_path / "nowhere.txt")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_pairs_file(tmp_path)
    (tmp_path / "picture.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(DatasetError, match="not UTF-8"):
        read_pairs_file(tmp_path / "picture.jpg")


def test_photos_that_are_missing_are_listed_once_each(tmp_path: Path) -> None:
    pairs = read_pairs_file(written(tmp_path, "1 1\nann 1 2\nann 1 bob 1\n"))
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "ann_0002.jpg").write_bytes(b"there")
    assert missing_photos(tmp_path, pairs) == ["ann/ann_0001.jpg", "bob/bob_0001.jpg"]
