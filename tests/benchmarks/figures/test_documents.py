"""Every table of results in README.md and docs/ stands between markers, and is the file that its command wrote."""

from __future__ import annotations

import re

import pytest

from benchmarks.figures.documents import documents, filled, marked, stored, unmarked
from benchmarks.figures.makers import FIGURES
from workers.recognition.encoder_scales import DLIB

TEXTS = {path.name: path.read_text(encoding="utf-8") for path in documents()}

FIGURE = re.compile(
    r"\**[+−-]?\d+(\.\d+)?( ?(to|–) ?\d+(\.\d+)?)? ?(%|ms|s|images/s)\**(\W.*)?|\**[+−-]?\d+\.\d+\**( .*)?"
)
"""A cell that is a result: a share, a time, or a number with decimals."""

NO_RESULTS = {
    "learning.md": {
        "| dlib's 128 measurements, also `@dlib-bf16` | 0.56 | 6 | 0.56 | 0.03 |",
        "| the same with `mirror = true` | 0.52 | 6 | 0.52 | 0.03 |",
        "| SFace's, `@sface` | 1.06 | 6 | 1.06 | 0.04 |",
        "| both side by side, `@dlib+sface` | 0.625 | 6 | 0.625 | 0.025 |",
        "| an encoder of one's own | – | 0 | 0.50 | 0.05 |",
    },  # constants of the code, by which a threshold is chosen
    "scale.md": {
        "| image worker | nothing: a batch of photos | 0.2 GB, and the networks (`docs/performance.md`) |",
        "| CNNs | nothing: 2,000 decoded pictures, or a batch; on disk 8 kB a face | 0.1 GB, and TensorFlow |",
        "| eigenfaces | grey pictures of 32 × 32, in double precision, four times | 2.3 GB |",
        "| comparison | scores (configurations × test faces × repeats), some 0.4 kB each | 0.08 GB of 210,000 |",
        "| encodings | 17.5 kB a face, once for all runs | 1.75 GB |",
        "| a run | 0.9 kB a face, and 60 bytes a score | 0.1 GB |",
        "| encode 10 million photos | 57 core-hours: 16 machines of 4 cores, 0.9 hours | 2.40 $, as spot 1.20 $ |",
        "| keep a run | 9 GB, and 0.2 GB of scores for each configuration | 0.25 $ a month |",
        "| write attempts and parts of 64 photos, and merge them | some 300,000 PUT requests | 1.50 $ |",
    },  # computed from the table of `make scale`, and from prices
}
"""Rows outside of markers that look like results."""


def result_rows(text: str) -> set[str]:
    rows = (line for line in text.splitlines() if line.startswith("|"))
    return {row for row in rows if any(FIGURE.fullmatch(cell.strip()) for cell in row.split("|"))}


@pytest.mark.parametrize("name", TEXTS)
def test_what_stands_between_markers_is_the_file_of_the_command(name: str) -> None:
    contents = stored()
    for figure, text in marked(TEXTS[name]):
        assert text == contents[figure], f"{figure}: python -m benchmarks.figures.documents"


@pytest.mark.parametrize("name", TEXTS)
def test_markers_are_complete(name: str) -> None:
    pairs = len(marked(TEXTS[name]))
    assert TEXTS[name].count("<!-- figures:") == TEXTS[name].count("<!-- /figures -->") == pairs


@pytest.mark.parametrize("name", TEXTS)
def test_no_table_of_results_stands_outside_of_markers(name: str) -> None:
    assert result_rows(unmarked(TEXTS[name])) == NO_RESULTS.get(name, set())


def test_a_table_of_results_outside_of_markers_would_be_noticed() -> None:
    for cell in ("98.4 %", "**93.4 %**", "97.0 to 100 %", "0.27", "89.5% (27)", "115 s", "99.5 % (98.2–99.9)"):
        assert result_rows(f"| svm-linear | {cell} |"), cell
    for cell in ("5555", "4", "python:3.12", "Apache-2.0", "C 0.1, 1, 10", "see 3.2"):
        assert not result_rows(f"| svm-linear | {cell} |"), cell


def test_every_file_of_figures_stands_in_a_document_and_says_when_and_by_what_it_was_made() -> None:
    shown = [figure for text in TEXTS.values() for figure, _ in marked(text)]
    assert sorted(shown) == sorted(stored())
    for figure, text in stored().items():
        *_, last = text.splitlines()
        made = re.fullmatch(r"Made on \d+ \w+ \d{4} by `([^`]+)`: .+, \d+ cores, load .+\.", last)
        if figure in FIGURES and made:
            assert made[1] == f"make figures ONLY={figure}"
        assert made or re.match(r"(Measured on \d+ \w+ \d{4} .+ cores?\b|By the formula )", last), figure


def test_every_figure_that_is_made_stands_in_a_document() -> None:
    assert FIGURES.keys() <= {figure for text in TEXTS.values() for figure, _ in marked(text)}


def test_the_table_of_likenesses_is_that_of_the_code() -> None:
    distances, likenesses = (line.split(" | ")[1:] for line in stored()["likeness"].splitlines()[0:3:2])
    shown = [(float(far), float(share)) for far, share in zip(*map(numbers, (distances, likenesses)), strict=True)]
    assert all(abs(DLIB.likeness(far) - share) < 0.5 for far, share in shown)


def numbers(cells: list[str]) -> list[str]:
    return [cell.strip(" |%") for cell in cells]


def test_inserting_twice_is_inserting_once() -> None:
    text = (
        "before\n<!-- figures:demo -->\nold\n<!-- /figures -->\nafter\n<!-- figures:other -->\nx\n<!-- /figures -->\n"
    )
    once = filled(text, {"demo": "new\nlines\n"})
    assert once == text.replace("old\n", "new\nlines\n")
    assert filled(once, {"demo": "new\nlines\n"}) == once
    assert unmarked(once) == unmarked(text)
