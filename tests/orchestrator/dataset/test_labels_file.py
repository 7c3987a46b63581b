"""Labels files as Excel, Windows and people write them: each is read as meant, or refused with line, cause and hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.dataset.catalog import build_catalog
from orchestrator.dataset.csv_file import csv_bytes
from orchestrator.dataset.labels_file import from_csv
from storage.errors import DatasetError

ROWS = (("ann/0.jpg", "ann"), ("ann/1.jpg", "ann"), ("bob/0.jpg", "bob"), ("bob/1.jpg", "bob"))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    for path, _ in ROWS:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(path.encode())
    return root


def table(separator: str = ",", end: str = "\n", path: str = "{}", header: str = "path,label") -> str:
    lines = [header.replace(",", separator), *(separator.join((path.format(name), label)) for name, label in ROWS)]
    return end.join(lines) + end


READ = {
    "Excel where a semicolon separates": table(";", "\r\n").encode("utf-8-sig"),
    "Excel's Unicode text": table("\t", "\r\n").encode("utf-16"),
    "UTF-16, big end first": b"\xfe\xff" + table("\t").encode("utf-16-be"),
    "UTF-16 without a mark": table().encode("utf-16-le"),
    "UTF-16 without a mark, big end first": table().encode("utf-16-be"),
    "UTF-32": table().encode("utf-32"),
    "bars": table("|").encode(),
    "a line that states the separator": b"sep=,\r\n" + table().encode(),
    "a semicolon that is stated": b'\xef\xbb\xbf"sep=;"\r\n' + table(";").encode(),
    "backslashes": table(end="\r\n", path="{}").replace("/", "\\").encode(),
    "a dot before each path": table(path="./{}").encode(),
    "quotes": table(path='"{}"').encode(),
    "a header in capitals": table(header="Path,LABEL").encode(),
    "a header with a byte-order mark inside": "path,\ufefflabel\n".encode() + table().encode().split(b"\n", 1)[1],
    "old Macintosh line ends": table(end="\r").encode(),
    "empty rows at the end": table().encode() + b"\n,\r\n , \n\n",
    "an empty line first": b"\n" + table().encode(),
    "empty fields too many": table().replace("\n", ",,\n").replace("path,label,,", "path,label").encode(),
    "named columns too many": table().replace("\n", ",,\n").encode(),
    "spaces after the comma": table(", ").encode(),
    "spaces and quotes": table(', "').replace("\n", '"\n').replace('path, "label"', "path, label").encode(),
    "an index": b",path,label\n" + b"".join(f"{n},{p},{w}\n".encode() for n, (p, w) in enumerate(ROWS)),
    "columns the other way round": b"label,year,path\n" + b"".join(f"{w},7,{p}\n".encode() for p, w in ROWS),
}


@pytest.mark.parametrize("kind", READ)
def test_a_file_that_can_mean_one_thing_only_is_read_so(photos: Path, tmp_path: Path, kind: str) -> None:
    labels = tmp_path / "people.csv"
    labels.write_bytes(READ[kind])
    assert [(source.path, source.label) for source in from_csv(photos, labels).photos] == list(ROWS)


def test_whole_paths_into_the_folder_are_read(photos: Path, tmp_path: Path) -> None:
    labels = tmp_path / "people.csv"
    labels.write_text(table(path=f"{photos}/{{}}"))
    assert [(source.path, source.label) for source in from_csv(photos, labels).photos] == list(ROWS)


REFUSED = {
    "Windows-1252": ("path,label\nann/0.jpg,Zoé".encode("cp1252"), "line 2: is not UTF-8.*'ann/0.jpg,Zoé'"),
    "UTF-16, cut": (table().encode("utf-16")[:-1], "line 5: is not UTF-16"),
    "a workbook": (b"PK\x03\x04\x14\0\6\0", "is an Excel workbook"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1", "is an Excel workbook of the old kind"),
    "Parquet": (b"PAR1\x15\x04", "is a Parquet file"),
    "zeros": (b"path,label\nann/0.jpg,a\0b", "line 2: a zero byte"),
    "a comma in a label": (b"path,label\nann/0.jpg,ann\nann/1.jpg,Kim, Ji", 'line 3: 3 fields.*"Kim, Ji"'),
    "and a group": (b"path,label,group\nann/0.jpg,Kim, Ji,", "line 2: 4 fields, but the first line names 3"),
    "a comma in a path": (b"path,label\nann/0,1.jpg,ann", "line 2: 3 fields"),
    "other names": (b"filename,name\nann/0.jpg,ann", "line 1.*Rename 'filename' to path and 'name' to label"),
    "no header": (b"ann/0.jpg,ann\nann/1.jpg,ann", "line 1.*must name path and label"),
    "no label": (b"path;group\nann/0.jpg;x", "line 1.*must name path and label"),
    "two labels": (b"path,label,label\nann/0.jpg,ann,bob", "once each"),
    "another separator than is stated": (b"sep=;\npath,label\nann/0.jpg,ann", "line 2.*must name path and label"),
    "half a row": (b"path;label\nann/0.jpg,ann", "line 2: path or label is empty. Fill the label"),
    "an address": (b"path,label\nhttps://example.org/a.jpg,ann", "line 2: .* is an address.*Download"),
    "a file's address": (b"path,label\nfile:///a.jpg,ann", "line 2: .* is an address"),
    "a whole path": (b"path,label\n/tmp/else/0.jpg,ann", "line 2: '/tmp/else/0.jpg' is outside .*relative"),
    "a whole path of Windows": (b"path,label\nC:\\photos\\0.jpg,ann", "line 2: .* is a whole path of Windows"),
    "a Windows server": (b"path,label\n\\\\nas\\photos\\0.jpg,ann", "line 2: .* is a whole path of Windows"),
    "up with backslashes": (b"path,label\n..\\0.jpg,ann", "line 2: .* is outside"),
    "a missing file": (table().encode() + b"bob/9.jpg,bob\nbob/8.jpg,bob", "line 6: 'bob/9.jpg' is not in .*bob/8.jpg"),
    "the folder's own name": (b"path,label\nphotos/ann/0.jpg,ann", "line 2: .*leave out 'photos/'"),
    "an open quote": (b'path,label\nann/0.jpg,"ann', "line 2: not a CSV file"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_that_could_be_read_wrongly_is_refused(photos: Path, tmp_path: Path, kind: str) -> None:
    labels = tmp_path / "people.csv"
    content, message = REFUSED[kind]
    labels.write_bytes(content)
    with pytest.raises(DatasetError, match=message) as caught:
        from_csv(photos, labels)
    assert "people.csv" in caught.value.what
    assert caught.value.hint


def test_a_name_with_a_backslash_or_a_space_is_taken_as_it_is_where_it_is_one(photos: Path, tmp_path: Path) -> None:
    (photos / "ann\\0.jpg").write_bytes(b"x")
    (photos / " 1.jpg").write_bytes(b"x")
    labels = tmp_path / "people.csv"
    labels.write_text("path,label\nann\\0.jpg,ann\n 1.jpg,bob\n")
    assert [source.path for source in from_csv(photos, labels).photos] == [" 1.jpg", "ann\\0.jpg"]


ODD = {
    "01-excel-semicolon.csv": "", "02-excel-unicode-text-utf16-tab.csv": "",
    "05-cp1252.csv": "line 2: is not UTF-8.*Alán Gr.nt", "06-absolute.csv": "line 2: .* is outside",
    "08-windows-backslash.csv": "", "10-header-filename-name.csv": "Rename 'filename' to path and 'name' to label",
    "11-sep-line.csv": "", "12-trailing-empty-rows.csv": "", "14-spaces-after-comma.csv": "",
    "17-dotslash.csv": "", "18-index-column.csv": "", "20-one-missing.csv": "line 34: 'nobody/1.jpg' is not in",
    "22-unquoted-comma-in-label.csv": 'line 2: 3 fields.*"Grant, Dr. alan_grant"', "23-cr-only.csv": "",
    "24-parquet-or-xlsx.xlsx": "is an Excel workbook",
}  # fmt: skip
"""What is said of each file of ../shared/data/odd-csv; nothing of those that are read."""


def test_an_apostrophe_before_what_looks_like_a_formula_is_no_part_of_the_name(photos: Path, tmp_path: Path) -> None:
    (photos / "ann" / "0.jpg").rename(photos / "=1.jpg")
    file = tmp_path / "people.csv"
    file.write_bytes(csv_bytes(("path", "label"), [("=1.jpg", "ann"), ("bob/0.jpg", "bob")]))
    assert "'=1.jpg" in file.read_text()
    assert [source.path for source in from_csv(photos, file).photos] == ["=1.jpg", "bob/0.jpg"]


def test_the_odd_files_of_the_shared_data_have_an_expected_result_each(shared_data: Path) -> None:
    odd = shared_data / "odd-csv"
    assert {path.name for path in odd.iterdir()} == set(ODD)
    for name, message in ODD.items():
        if message:
            with pytest.raises(DatasetError, match=message):
                build_catalog(shared_data / "jurassic-park", odd / name)
            continue
        photos, _ = build_catalog(shared_data / "jurassic-park", odd / name)
        labels = dict(zip(photos["path"].to_pylist(), photos["label"].to_pylist(), strict=True))
        assert len(labels) == 32, name
        assert all(path.split("/")[0] == label for path, label in labels.items()), name
