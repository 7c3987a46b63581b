"""No name on disk, argument or error steers a terminal or breaks a log line, and no error shows a broker's secret."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orchestrator.cli.main import main
from orchestrator.cli.options import print_line
from orchestrator.cli.progress_bars import Bars
from orchestrator.cli.progress_lines import Lines
from orchestrator.scheduler.broker import Broker
from storage.errors import LineupError
from storage.printable import printable
from tests.proxy import free_port
from workers.queue.addresses import public_address, without_secrets
from workers.queue.broker_options import store_options
from workers.queue.configuration_files import choose_configuration
from workers.queue.environment import Settings, load_settings
from workers.queue.logs import configure_logging

EVIL = "a\x1b[2J\x07\r\x9b31m\u202ed\u2066\u2028x\ny"
"""Escape sequences, a bell, a return, a C1 control, marks of direction, three kinds of line break."""

SECRET = "s3cret-of-the-broker"


@pytest.fixture(autouse=True)
def _fresh_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LINEUP_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    hook = sys.excepthook
    load_settings.cache_clear()
    yield
    choose_configuration(None)
    load_settings.cache_clear()
    sys.excepthook = hook


COMMANDS = [
    [EVIL],
    ["run", EVIL],
    ["run", "--labels", EVIL, "."],
    ["run", "-e", EVIL, "."],
    ["run", f"--{EVIL}", "."],
    ["submit", EVIL],
    ["status", EVIL],
    ["watch", EVIL],
    ["resume", EVIL],
    ["cancel", EVIL],
    ["report", EVIL],
    ["check", EVIL],
    ["retry", "--outcome", EVIL],
    ["forget", "--yes", EVIL],
    ["identify", EVIL],
    ["identify", "--run", EVIL, "a.jpg"],
    ["identify", "--threshold", EVIL, "a.jpg"],
    ["train-encoder", EVIL],
    ["verify", EVIL],
    ["verify", "--pairs", EVIL, "."],
    ["verify", "--roc", EVIL, "."],
    ["worker", EVIL],
    ["synth", f"{EVIL}\0"],
    ["init", f"{EVIL}/"],
    ["--config", EVIL, "status"],
    ["-v", "status", EVIL],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_error_line_of_a_command_holds_a_control_character(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["lineup", *arguments])
    try:
        with contextlib.suppress(SystemExit):
            main()
    except BaseException as error:  # noqa: BLE001 - as the interpreter prints a bug
        sys.excepthook(type(error), error, error.__traceback__)
    said = capsys.readouterr()
    for line in (said.out + said.err).split("\n"):
        assert line.isprintable(), ascii(line)


def test_a_file_that_is_written_or_read_under_such_a_name_is_told_in_printable_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["lineup", "init", f"{EVIL}.toml"])
    with pytest.raises(SystemExit):
        main()
    assert (tmp_path / f"{EVIL}.toml").exists()
    assert all(line.isprintable() for line in capsys.readouterr().out.split("\n"))


@pytest.mark.parametrize("kind", [Bars, Lines])
@pytest.mark.parametrize("terminal", [True, False])
def test_progress_shows_notes_without_control_characters_and_markup(kind: Any, terminal: bool) -> None:
    console = Console(force_terminal=terminal, width=200, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115
    with kind(console) as screen:
        screen.show("images", 1, 4, note=f"{EVIL}[red]")
        screen.show("images", 2, 4, waiting=f"{EVIL}[red]")
        screen.show("images", 4, 4)
    text = console.export_text()
    for line in text.split("\n"):
        assert line.isprintable() or kind is Bars, ascii(line)
    for mark in ("\x1b[2J", "\x07", "\x9b", "\u202e", "\u2066"):
        assert mark not in text


def test_every_printed_line_goes_through_one_function(capsys: pytest.CaptureFixture[str]) -> None:
    print_line(EVIL)
    assert capsys.readouterr().err == f"{printable(EVIL)}\n"


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_log_record_is_one_printable_line_and_so_is_each_line_of_its_traceback(
    form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    monkeypatch.setenv("LINEUP_LOG_FORMAT", form)
    load_settings.cache_clear()
    try:
        configure_logging()
        url = f"redis://:{SECRET}@host:6379/0"
        logging.getLogger("kombu").error("cannot reach %s: %s", url, EVIL, extra={"photo": EVIL})
        try:
            raise ValueError(f"{url} {EVIL}")
        except ValueError:
            logging.getLogger("celery").exception("a bug %s", EVIL)
    finally:
        root.setLevel(before[0])
        root.handlers[:] = before[1]
    text = capsys.readouterr().err
    assert SECRET not in text
    assert "redis://host:6379" in text
    lines = text.split("\n")
    assert all(line.isprintable() for line in lines)
    assert sum("cannot reach" in line for line in lines) == 1


URLS = [
    ("redis://:{}@host:6379/0", "redis://host:6379"),
    ("redis://user:{}@host/3?ssl_cert_reqs=none", "redis://host"),
    ("rediss://user:{}@[::1]:6380/3#x", "rediss://[::1]:6380"),
    ("redis://:a/b?c#{}@host:6379", "redis://host:6379"),
    ("redis://:a@{}@host:6379", "redis://host:6379"),
    ("redis+socket://:{}@/tmp/x.sock", "redis+socket:///tmp/x.sock"),
    ("redis://:{}", "redis://..."),
    ("redis://:{}/0", "redis://..."),
    ("redis://host:{}", "redis://host"),
    ("redis://", "redis://..."),
]


@pytest.mark.parametrize(("url", "shown"), URLS)
def test_an_address_is_shown_as_scheme_host_and_port(url: str, shown: str) -> None:
    assert public_address(url.format(SECRET)) == shown
    for text in ("Error: {}: refused", "'{}'", "({})", "{}.", "{}"):
        assert SECRET not in without_secrets(text.format(url.format(SECRET)))


@pytest.mark.parametrize("url", [url for url, _ in URLS])
def test_no_error_shows_the_secret_of_an_address(url: str, tmp_path: Path) -> None:
    """From the address to a connection, by redis-py and by kombu, to a port where nothing listens."""
    address = url.format(SECRET).replace("host", "127.0.0.1").replace("6379", str(free_port()))

    def connect(ask: Callable[[Broker], object]) -> None:
        ask(Broker(store_options(address, tmp_path, Settings())))

    # kombu tries again for some seconds, so it is asked once
    for ask in (Broker.ping, *([Broker.queues] if url == URLS[0][0] else [])):
        with pytest.raises(LineupError) as caught:
            connect(ask)
        assert SECRET not in str(caught.value)
