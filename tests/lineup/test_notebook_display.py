"""What a notebook shows of a run's progress."""

from __future__ import annotations

from lineup.notebook import NotebookDisplay, in_notebook


def test_a_plain_process_is_no_notebook() -> None:
    assert not in_notebook()


def test_each_stage_is_a_bar_and_earlier_ones_become_complete() -> None:
    shown = NotebookDisplay()
    shown.show("images", 3, 12)
    assert repr(shown) == "Encoding faces: 3 of 12"
    shown.show("training", 1, 5)
    assert repr(shown).splitlines() == ["Encoding faces: 12 of 12", "Training: 1 of 5"]
    assert shown._repr_html_().count("<progress") == 2


def test_what_keeps_the_run_from_going_on_stands_beside_the_bar() -> None:
    shown = NotebookDisplay()
    shown.show("images", 0, 12, note="fast", waiting="no worker")
    assert "no worker" in shown._repr_html_()
    assert "fast" not in shown._repr_html_()


def test_faults_are_shown_while_there_are_any() -> None:
    shown = NotebookDisplay()
    shown.tell("images", ["a disk is full"])
    assert "a disk is full" in repr(shown)
    shown.tell("images", [])
    assert "a disk is full" not in repr(shown)


def test_names_of_files_and_people_are_no_markup() -> None:
    shown = NotebookDisplay()
    shown.print_lines(["<script>alert(1)</script>\x1b[31m"])
    shown.show("images", 0, 2, waiting="<b>")
    html = shown._repr_html_()
    assert "<script>" not in html
    assert "<b>" not in html
    assert "\x1b" not in html + repr(shown)


def test_a_stage_that_may_end_early_ends_at_its_last_epoch() -> None:
    shown = NotebookDisplay()
    shown.show("encoder", 3, 60, note="loss 0.4")
    shown.show("finished", 5, 60, note="loss 0.2")
    assert repr(shown) == "Training encoder: 5 of 60"
