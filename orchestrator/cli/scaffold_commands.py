"""Commands to begin with: init, synth, configurations."""

from __future__ import annotations

import os
from pathlib import Path

import click

from orchestrator.cli.options import json_option, print_json, stderr_console
from storage.errors import InputError
from storage.printable import printable


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path("experiment.toml"))
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
def init(path: Path, force: bool) -> None:
    """Write a commented experiment file to PATH (experiment.toml).

    \b
    Examples:
      lineup init
      lineup init mine.toml && lineup run photos/ -e mine.toml
    """
    from orchestrator.experiment.experiment_file import TEMPLATE
    from storage.write_whole import write_bytes

    if os.path.lexists(path) and not force:
        raise InputError(f"{path} is there already", "Choose another name, or --force")
    write_bytes(path.absolute(), TEMPLATE.encode())
    click.echo(printable(f"{path}: edit it, then: lineup run FOLDER -e {path}"))
    click.echo('Recommended for a result to rely on: kind = "kfold" and repeats = 3 under [protocol].')


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--people", default=12, show_default=True, type=click.IntRange(1), help="How many people.")
@click.option("--photos", default=15, show_default=True, type=click.IntRange(1), help="Photos of each person.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Of everything random.")
@click.option(
    "--side", default=256, show_default=True, type=click.IntRange(32, 4096), help="Width and height in pixels."
)
@click.option("--hard", is_flag=True, help="Look-alikes, of several ages, in hard light, with covered faces.")
def synth(out: Path, people: int, photos: int, seed: int, side: int, hard: bool) -> None:
    """Draw synthetic photos of people who do not exist into OUT, one sub-folder per person.

    OUT may hold an equal drawing of them, or a smaller one, and nothing else. No file is replaced.

    \b
    Examples:
      lineup synth faces/ --people 12 --photos 15 --seed 7
      lineup synth faces/ --hard
    """
    from orchestrator.cli.progress import display
    from workers.synthetic.photo_folder import write_folder

    try:
        _check_alone(out, people)
        with display(stderr_console()) as screen:
            count = write_folder(
                out, people, photos, seed, side, lambda done, total: screen.show("synth", done, total), hard=hard
            )
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}", "Name another folder") from error
    click.echo(printable(f"{count} photos of {people} people in {out}"))


def _check_alone(out: Path, people: int) -> None:
    """Raise InputError where OUT holds anything but an earlier drawing."""
    from workers.synthetic.photo_folder import person_name

    drawn = {person_name(person) for person in range(people)}
    others = sorted(path.name for path in out.iterdir() if path.name not in drawn) if out.is_dir() else []
    if others:
        raise InputError(f"{out} holds {others[0]!r}, which would not be drawn", "Name a new folder")


@click.command()
@json_option
def configurations(as_json: bool) -> None:
    """List every configuration that an experiment may name, with its view and its parameters.

    \b
    Example:
      lineup configurations --json
    """
    from workers.learning.configurations import CONFIGURATIONS

    found = [{"name": one.name, "view": one.view, "parameters": one.parameters} for one in CONFIGURATIONS.values()]
    if as_json:
        print_json(found)
        return
    for one in CONFIGURATIONS.values():
        parameters = ", ".join(f"{key} = {value}" for key, value in one.parameters.items())
        click.echo(f"{one.name:<26}{one.view:<11}{parameters}".rstrip())
