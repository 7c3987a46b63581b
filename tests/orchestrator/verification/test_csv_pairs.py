"""A CSV of pairs may be anybody's: pairs are read, and everything else is an error that names the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.verification.pairs_file import read_pairs_file
from orchestrator.verification.photo_pair import PhotoPair
from storage.errors import DatasetError


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "pairs.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_pairs_are_read_with_their_folds_in_the_file_s_order(tmp_path: Path) -> None:
    text = "first,second,same,fold\nann/1.jpg,ann/2.jpg,1,0\nann/1.jpg,bob/1.png,0,3\n"
    assert read_pairs_file(written(tmp_path, text)) == [
        PhotoPair("ann/1.jpg", "ann/2.jpg", same=True, fold=0),
        PhotoPair("ann/1.jpg", "bob/1.png", same=False, fold=3),
    ]


def test_folds_may_be_missing_and_other_columns_are_ignored(tmp_path: Path) -> None:
    text = "note, same ,second,first\nx,yes,b.jpg,a.jpg\n\ny, No , d.jpg,c.jpg\nz,TRUE,e.jpg,c.jpg\n"
    assert read_pairs_file(written(tmp_path, text)) == [
        PhotoPair("a.jpg", "b.jpg", same=True),
        PhotoPair("c.jpg", "d.jpg", same=False),
        PhotoPair("c.jpg", "e.jpg", same=True),
    ]


def test_quoted_paths_windows_line_ends_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    text = b'\xef\xbb\xbffirst,second,same\r\n"ann, 1/a.jpg","bob ""b""/\xc3\xb6.jpg",0\r\n'
    assert read_pairs_file(written(tmp_path, text)) == [PhotoPair("ann, 1/a.jpg", 'bob "b"/ö.jpg', same=False)]


def test_a_path_is_tidied(tmp_path: Path) -> None:
    assert read_pairs_file(written(tmp_path, "first,second,same\n./ann//1.jpg,ann/2.jpg,1\n"))[0].first == "ann/1.jpg"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("first,second\na,b", "has the columns 'first', 'second'"),
        ("first,second,same,same\na,b,1,1", "once each"),
        ("a.jpg,b.jpg,1", "has the columns"),
        ("first,second,same", "holds no pair"),
        ("first,second,same\na,b", "line 2: 2 fields, but the first line names 3"),
        ("first,second,same\na,b,1,2", "line 2: 4 fields"),
        ("first,second,same\na,b,1\n,b,1", "line 3: first is empty"),
        ("first,second,same\na, ,1", "line 2: second is empty"),
        ("first,second,same\n/etc/passwd,b,1", "line 2: '/etc/passwd' is outside FOLDER"),
        ("first,second,same\na,x/../../b,1", "line 2: .* is outside FOLDER"),
        ("first,second,same\na\0,b,1", "line 2"),
        ("first,second,same\na,a,1", "line 2: 'a' is paired with itself"),
        ("first,second,same\na,./a,1", "line 2: 'a' is paired with itself"),
        ("first,second,same\na,b,1\nb,a,0", "line 3: the pair stands in line 2 already"),
        ("first,second,same\na,b,maybe", "line 2: same is 'maybe'"),
        ("first,second,same\na,b,", "line 2: same is ''"),
        ("first,second,same,fold\na,b,1,one", "line 2: fold is 'one'"),
        ("first,second,same,fold\na,b,1,-1", "line 2: fold is '-1'"),
        ("first,second,same,fold\na,b,1,99999999999999999999", "line 2: fold is"),
        ("first,second,same,fold\na,b,1,²", "line 2: fold is"),
        ("first,second,same,fold\na,b,1,0\na,c,1,", "line 3: some pairs have a fold and others have none"),
        ('first,second,same\n"a,b,1', "line 2: not a CSV file"),
        ("first,second,same\n" + 200_000 * "a" + ",b,1", "line 2: not a CSV file"),
    ],
)
def test_what_is_no_pair_is_an_error_that_names_the_line(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message) as caught:
        read_pairs_file(written(tmp_path, lines + "\n"))
    assert "pairs.csv" in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.dataset.text_file.MOST_BYTES", 10)
    with pytest.raises(DatasetError, match="more than"):
        read_pairs_file(written(tmp_path, "first,second,same\na,b,1\n"))


def test_a_device_is_not_read() -> None:
    with pytest.raises(DatasetError, match="no regular file"):
        read_pairs_file(Path("/dev/zero"))
