"""A log record is one line: text, or a JSON object."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from workers.queue.environment import load_settings
from workers.queue.logs import configure_logging


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put right again."""
    logger = logging.getLogger()
    before = (logger.level, logger.handlers[:])
    yield logger
    logger.setLevel(before[0])
    logger.handlers[:] = before[1]
    load_settings.cache_clear()


def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, **settings: str) -> list[str]:
    """The lines that a few records become."""
    for name, value in settings.items():
        monkeypatch.setenv(f"LINEUP_{name.upper()}", value)
    load_settings.cache_clear()
    configure_logging()
    logger = logging.getLogger("lineup.test")
    logger.debug("too quiet")
    logger.info("%d photos encoded", 7, extra={"run": "people-1", "part": "ab", "attempt": 2})
    logger.warning("label %s", "two\nlines \x1b[31m", extra={"photo": "cd"})
    try:
        raise KeyError("x")
    except KeyError:
        logger.exception("a bug", extra={"run": "people-1"})
    return capsys.readouterr().err.splitlines()


@pytest.mark.usefixtures("root")
def test_json_is_an_object_a_line_with_the_facts_by_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = map(json.loads, said(capsys, monkeypatch, log_format="json"))
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "INFO",
        "logger": "lineup.test",
        "message": "7 photos encoded",
        "run": "people-1",
        "part": "ab",
        "attempt": 2,
    }
    assert (second["message"], second["photo"]) == ("label two\nlines \x1b[31m", "cd")
    assert third["trace"].splitlines()[-1] == "KeyError: 'x'"


@pytest.mark.usefixtures("root")
def test_text_is_one_line_for_each_record_whatever_a_label_holds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third, *trace = said(capsys, monkeypatch, log_format="text")
    assert first.endswith("lineup.test: 7 photos encoded run=people-1 part=ab attempt=2")
    assert second.isprintable()
    assert "two\\nlines" in second
    assert third.endswith("a bug run=people-1")
    assert trace[-1].startswith("KeyError: 'x'")


@pytest.mark.usefixtures("root")
def test_the_level_is_the_settings(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = said(capsys, monkeypatch, log_format="json", log_level="ERROR")
    assert [json.loads(line)["level"] for line in lines] == ["ERROR"]


def test_logs_go_to_standard_error_so_that_results_can_be_piped() -> None:
    code = "from workers.queue.logs import configure_logging as c; c(); import logging; logging.warning('here')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "here" in done.stderr
