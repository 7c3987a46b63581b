"""The command that teaches a shell to complete `lineup`: completion."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from orchestrator.cli.options import print_line
from storage.errors import InputError

VARIABLE = "_LINEUP_COMPLETE"
"""The shell sets it to ask `lineup` for completions; click's own name for it."""

_DATA = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share")
_CONFIG = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config")

PLACES = {
    "bash": _DATA / "bash-completion" / "completions" / "lineup",
    "zsh": _DATA / "zsh" / "site-functions" / "_lineup",
    "fish": _CONFIG / "fish" / "completions" / "lineup.fish",
}
"""Where each shell looks for a user's completions; zsh looks there only where it is told to."""

AFTERWARDS = {
    "bash": "It works in new shells where the package bash-completion is installed; "
    'elsewhere add to ~/.bashrc: eval "$(lineup completion bash)"',
    "zsh": "Add to ~/.zshrc, if it is not there yet: fpath=({folder} $fpath); autoload -Uz compinit; compinit",
    "fish": "It works in new shells.",
}


@click.command()
@click.argument("shell", type=click.Choice(list(PLACES)))
@click.option("--install", is_flag=True, help="Write it where SHELL looks for completions, and say what is left to do.")
def completion(shell: str, install: bool) -> None:
    """Print the script by which SHELL completes commands, options, runs, configurations and people.

    \b
    Examples:
      lineup completion bash --install
      eval "$(lineup completion bash)"
    """
    script = _script(shell)
    if not install:
        click.echo(script)
        return
    place = PLACES[shell].expanduser()
    _write(place, script)
    print_line(f"{place}: written. {AFTERWARDS[shell].format(folder=place.parent)}")


def _script(shell: str) -> str:
    from orchestrator.cli.main import lineup

    kind = get_completion_class(shell)
    if kind is None:
        raise InputError(f"there is no completion for {shell}", f"The shells are {', '.join(PLACES)}")
    script = kind(lineup, {}, "lineup", VARIABLE).source()
    # click's script for fish cuts descriptions at their first comma
    return script.replace('string split "," $completion', 'string split --max 1 "," $completion')


def _write(place: Path, script: str) -> None:
    """Write a user's file; raises InputError where another's file is in its place, or the folder cannot be written."""
    try:
        if os.path.lexists(place) and VARIABLE not in place.read_text(encoding="utf-8", errors="replace"):
            raise InputError(f"{place} is there already and is not Lineup's", "Move it away")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(script, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"cannot write {place}: {error.strerror}", 'Use eval "$(lineup completion SHELL)" instead'
        ) from error
