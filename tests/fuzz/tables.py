"""CSV files: labels, pairs and corrections are read as they were meant, or refused with what and a hint.

`labels` writes photos and people in a form that is drawn and reads them back: another person than was meant is a crash.
`csv` mutates the bytes of such files.
"""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from orchestrator.dataset.corrections import apply_corrections
from orchestrator.dataset.labels_file import from_csv
from orchestrator.verification.pairs_file import read_pairs_file
from storage.errors import DatasetError
from tests.fuzz.mutations import mutated
from tests.fuzz.target import Target

_FOLDER = tempfile.TemporaryDirectory(prefix="lineup-fuzz-")
_ROOT = Path(_FOLDER.name) / "photos"
_FILE = Path(_FOLDER.name) / "file.csv"

PHOTOS = ("ann/0.jpg", "ann/1.jpg", "bob/a, b.jpg", "bob/c;d.jpg", 'bob/"e".jpg', "bob/é.jpg", " f.jpg", "g\\h.jpg")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")

_LABELS = st.text(st.sampled_from("ab é,;|\t\"'=.0ß"), min_size=1, max_size=8).map(str.strip).filter(bool)


def _written() -> None:
    for path in PHOTOS:
        (_ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (_ROOT / path).write_bytes(path.encode())


@st.composite
def _forms(draw: st.DrawFn) -> tuple[bytes, dict[str, str], bool]:
    """A labels file, what it means, and whether it is written by the rules of CSV."""
    separator = draw(st.sampled_from(",;\t|"))
    rows = draw(st.dictionaries(st.sampled_from(PHOTOS), _LABELS, min_size=1))
    by_rule = draw(st.booleans())
    header = draw(st.sampled_from((("path", "label"), ("Path", "LABEL"))))
    end = draw(st.sampled_from(("\n", "\r\n", "\r")))
    if by_rule:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=separator, lineterminator=end)
        if draw(st.booleans()):
            writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
        writer.writerows([header, *rows.items()])
        whole = text.getvalue()
    else:
        rows = {path: label for path, label in rows.items() if _can_be_bare(path, label, separator)}
        whole = end.join(separator.join(row) for row in [header, *rows.items()]) + end
    if draw(st.booleans()):
        whole = f"sep={separator}{end}{whole}"
    return whole.encode(draw(st.sampled_from(ENCODINGS)), "replace"), rows, by_rule


def _can_be_bare(path: str, label: str, separator: str) -> bool:
    """Without quotes, a quote at the start and an empty rest mean something else to everybody."""
    return not path.startswith('"') and not label.startswith('"') and bool(label.rpartition(separator)[2].strip())


def _meant(drawn: tuple[bytes, dict[str, str], bool]) -> str:
    data, rows, by_rule = drawn
    _FILE.write_bytes(data)
    try:
        found = from_csv(_ROOT, _FILE)
    except DatasetError as error:
        _check_refusal(error)
        return "refused by the rules" if by_rule else "refused"
    assert {source.path: source.label for source in found.photos} == rows
    return "read"


def _read(data: bytes) -> str:
    _FILE.write_bytes(data)
    outcome = "refused"
    catalog: list[dict[str, Any]] = [{"path": path, "photo_key": path, "label": "ann", "reason": ""} for path in PHOTOS]
    for reader in (
        lambda: from_csv(_ROOT, _FILE),
        lambda: read_pairs_file(_FILE),
        lambda: apply_corrections(catalog, _FILE),
    ):
        try:
            reader()
            outcome = "read"
        except DatasetError as error:
            _check_refusal(error)
    return outcome


def _check_refusal(error: DatasetError) -> None:
    assert error.hint
    assert "\n" not in str(error)
    assert len(str(error)) < 2000


def _seeds() -> list[bytes]:
    labels = "path,label,group\nann/0.jpg,ann,a\nbob/é.jpg,bob,\n"
    pairs = "first,second,same,fold\nann/0.jpg,ann/1.jpg,1,0\nann/0.jpg,bob/é.jpg,no,1\n"
    corrections = "path,label,suggested,action\nann/0.jpg,ann,ann,relabel\nann/1.jpg,ann,,leave-out\n"
    lfw = "1\t1\nann\t1\t2\nann\t1\tbob\t1\n"
    texts = [labels, pairs, corrections, lfw, labels.replace(",", ";"), f"sep=;\n{labels.replace(',', ';')}"]
    return [text.encode(encoding) for text in texts for encoding in ("utf-8-sig", "utf-16")]


_written()

TARGETS = (Target("labels", _forms(), _meant), Target("csv", mutated(_seeds()), _read))
