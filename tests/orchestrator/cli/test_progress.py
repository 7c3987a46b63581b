"""Progress is bars on a terminal and lines elsewhere, with counts, rate and the time that is left."""

from __future__ import annotations

import contextlib
import io
import re

import pytest
from rich.console import Console

from orchestrator.cli import progress_bars, progress_lines, progress_words
from orchestrator.cli.progress import display
from orchestrator.cli.progress_bars import Bars
from orchestrator.cli.progress_lines import LINE_SECONDS, STILL_SECONDS, Lines
from orchestrator.cli.progress_words import TITLES
from orchestrator.scheduler.status import STAGES


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (progress_bars, progress_lines, progress_words):
        monkeypatch.setattr(module, "time", clock)
    return clock


def console(terminal: bool = False, width: int = 100) -> tuple[Console, io.StringIO]:
    screen = io.StringIO()
    return Console(file=screen, force_terminal=terminal, width=width, highlight=False), screen


def test_without_a_terminal_there_are_plain_lines_now_and_then(clock: Clock) -> None:
    target, screen = console()
    with display(target) as shown:
        assert isinstance(shown, Lines)
        for done in range(0, 101):
            shown.show("images", done, 100)
            clock.now += LINE_SECONDS / 10
        shown.show("splits", 0, 0)
    lines = screen.getvalue().splitlines()
    assert lines[0] == "Encoding faces: 0 of 100"
    assert lines[1] == "Encoding faces: 10 of 100, 2.0 photos/s, about 45 s left"
    assert lines[-2:] == ["Encoding faces: 100 of 100, 2.0 photos/s", "Splitting"]
    assert len(lines) == 12
    assert "\x1b" not in screen.getvalue()


def test_a_slow_stage_is_told_by_the_minute(clock: Clock) -> None:
    target, screen = console()
    with display(target) as shown:
        shown.show("training", 0, 60)
        clock.now += 300
        shown.show("training", 10, 60)
    assert "Training: 10 of 60, 2.0 trainings/min, about 25 min left" in screen.getvalue().splitlines()


def test_what_was_done_before_counts_as_done_but_not_as_fast(clock: Clock) -> None:
    target, screen = console()
    with display(target) as shown:
        shown.show("images", 90, 100)
        clock.now += 10
        shown.show("images", 95, 100)
    assert screen.getvalue().splitlines()[:2] == [
        "Encoding faces: 90 of 100",
        "Encoding faces: 95 of 100, 30.0 photos/min, about 10 s left",
    ]


def test_a_stage_without_anything_to_count_is_named_once() -> None:
    target, screen = console()
    with display(target) as shown:
        for _ in range(3):
            shown.show("comparison", 0, 1)
        shown.show("refit", 0, 1)
    assert screen.getvalue().splitlines() == ["Comparing", "Refitting"]


def test_a_stage_at_which_somebody_stopped_is_not_said_to_be_complete() -> None:
    target, screen = console()
    with display(target) as shown:
        shown.show("training", 2, 25)
    assert screen.getvalue().splitlines() == ["Training: 2 of 25"]


def test_a_stage_that_an_error_cut_off_is_not_said_to_be_complete() -> None:
    target, screen = console()
    shown = display(target)
    with contextlib.suppress(KeyError), shown:
        shown.show("images", 1, 10)
        raise KeyError
    assert screen.getvalue().splitlines() == ["Encoding faces: 1 of 10"]


def test_a_run_that_waits_says_why_once_and_then_that_it_goes_on() -> None:
    target, screen = console()
    with display(target) as shown:
        shown.show("images", 1, 10)
        for _ in range(3):
            shown.show("images", 1, 10, waiting="the disk is full")
        shown.show("images", 1, 10)
    assert screen.getvalue().splitlines() == ["Encoding faces: 1 of 10", "Waiting: the disk is full", "Going on"]


def test_on_a_terminal_a_run_that_waits_says_why_below_its_bar() -> None:
    target, screen = console(terminal=True)
    with display(target) as shown:
        shown.show("images", 7, 20, waiting="the disk is full")
    assert re.search(r"7/20[^\n]*\nthe disk is full", plain(screen))


def plain(screen: io.StringIO) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue()).replace("\r", "\n")


def test_on_80_columns_a_bar_keeps_its_title_count_and_rate_beside_long_words(clock: Clock) -> None:
    target, screen = console(terminal=True, width=80)
    at_work = "cnn-regularized-aligned (network 2/3, epoch 12/60), cnn-small-crop (epoch 3/60)"
    with display(target) as shown:
        shown.show("training", 0, 1200)
        clock.now += 100
        shown.show("training", 300, 1200, now=at_work)
    rows = plain(screen).splitlines()
    assert all(len(row) <= 80 for row in rows)
    assert re.search(r"^Training  .*━ +300/1200 3\.0 trainings/s +[-:\d]+ *$", rows[-3])
    assert rows[-2].startswith("now cnn-regularized-aligned (network 2/3, epoch 12/60)")


def test_without_a_terminal_a_long_training_tells_its_epochs_once_a_minute(clock: Clock) -> None:
    target, screen = console()
    with display(target) as shown:
        for epoch in range(30):
            shown.show("training", 3, 4, now=f"cnn-small-crop (epoch {epoch}/60)")
            clock.now += STILL_SECONDS / 10
        shown.show("refit", 0, 1, now="epoch 1/60")
        clock.now += STILL_SECONDS
        shown.show("refit", 0, 1, now="epoch 30/60")
    assert screen.getvalue().splitlines() == [
        "Training: 3 of 4, now cnn-small-crop (epoch 0/60)",
        "Training: 3 of 4, now cnn-small-crop (epoch 10/60)",
        "Training: 3 of 4, now cnn-small-crop (epoch 20/60)",
        "Training: 4 of 4, 0.3 trainings/min",
        "Refitting, now epoch 1/60",
        "Refitting, now epoch 30/60",
    ]


def test_on_a_terminal_each_stage_has_a_bar_with_counts() -> None:
    target, screen = console(terminal=True)
    with display(target) as shown:
        assert isinstance(shown, Bars)
        shown.show("catalog", 20, 20)
        shown.show("images", 7, 20)
    shown_text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert re.search(r"Reading photos.*20/20", shown_text)
    assert re.search(r"Encoding faces.* 7/20", shown_text)


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_is_silent(terminal: bool) -> None:
    target, screen = console(terminal)
    with display(target, quiet=True) as shown:
        shown.show("images", 1, 2)
    assert screen.getvalue() == ""


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    target, screen = console(terminal=True)
    with display(target) as shown:
        shown.show("images", 7, 20)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", screen.getvalue())


def test_the_last_epoch_of_an_encoder_is_told_however_soon_the_training_ends(clock: Clock) -> None:
    target, screen = console()
    with display(target) as shown:
        shown.show("encoder", 0, 60)
        clock.now += LINE_SECONDS
        shown.show("encoder", 3, 60, note="loss 0.4")
        shown.show("encoder", 4, 60, note="loss 0.3")
        shown.show("finished", 5, 60, note="loss 0.2")
    assert screen.getvalue().splitlines() == [
        "Training encoder: 0 of 60",
        "Training encoder: 3 of 60, loss 0.4",
        "Training encoder: 5 of 60, loss 0.2",
    ]


def test_a_bar_ends_at_the_last_epoch_of_an_encoder() -> None:
    target, screen = console(terminal=True)
    with display(target) as shown:
        shown.show("encoder", 3, 60, note="loss 0.4")
        shown.show("finished", 5, 60, note="loss 0.2")
    assert re.search(r"5/5", plain(screen).splitlines()[-2] + plain(screen).splitlines()[-1])


def test_every_stage_has_a_title() -> None:
    assert set(STAGES) - {"finished"} <= TITLES.keys()


def test_what_is_at_work_stands_beside_the_rate_until_the_stage_ends(clock: Clock) -> None:
    target, screen = console()
    with display(target) as shown:
        shown.show("training", 0, 12, now="cnn-small-crop, svm-rbf (2×)")
        clock.now += LINE_SECONDS
        shown.show("training", 6, 12, now="svm-rbf")
        shown.show("comparison", 0, 1)
    lines = screen.getvalue().splitlines()
    assert lines[0] == "Training: 0 of 12, now cnn-small-crop, svm-rbf (2×)"
    assert lines[1].endswith(", about 5 s left, now svm-rbf")
    assert lines[2].startswith("Training: 12 of 12, ")
    assert "now" not in lines[2]
    target, screen = console(terminal=True, width=140)
    with display(target) as bars:
        bars.show("training", 3, 12, now="cnn-small-crop")
    assert "cnn-small-crop" in screen.getvalue()
