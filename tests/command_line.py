"""Command lines, read as click reads them and not run."""

from __future__ import annotations

import click

from orchestrator.cli import main as cli


def parse(arguments: list[str]) -> None:
    """Have click read a command line of `lineup`; raises click.UsageError where it has no such command or option."""
    name, *rest = arguments
    command = cli.lineup.get_command(click.Context(cli.lineup), name)
    if command is None:
        raise click.UsageError(f"no command {name}")
    command.make_context(name, rest)
