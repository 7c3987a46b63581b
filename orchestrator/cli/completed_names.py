"""What the shell may complete: runs, their configurations, their people; nothing where the store cannot be read."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from storage.runs import Run


def complete_runs(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The runs of the store, the newest first."""
    return _beginning(begun, _stored()[1])


def complete_folders(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Folders, where an argument may be an address too."""
    return [CompletionItem(begun, type="dir")]


def complete_files(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Files and folders, where an argument may be an address too."""
    return [CompletionItem(begun, type="file")]


def complete_run_or_file(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Files, and the runs of the store."""
    return [CompletionItem(begun, type="file"), *complete_runs(ctx, parameter, begun)]


def complete_configurations(ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The configurations of the run that the command names, or of the newest that has finished."""
    named = ctx.params.get("run_id")
    of_run = (run for run in _runs() if run.run_id == named or (named is None and run.comparison.exists()))
    chosen = next(of_run, None)
    return _beginning(begun, chosen.plan.experiment.configurations if chosen else ())


def complete_people(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The people of all runs."""
    from storage.errors import LineupError
    from storage.schemas import CATALOG
    from storage.tables import read_table

    people: set[str] = set()
    for run in _runs():
        with contextlib.suppress(LineupError):
            people.update(read_table(run.catalog, CATALOG, ["label"])["label"].unique().to_pylist())
    return _beginning(begun, sorted(people))


def _runs() -> list[Run]:
    from storage.errors import LineupError
    from storage.runs import open_run

    found = []
    folder, names = _stored()
    for name in names:
        with contextlib.suppress(LineupError):
            found.append(open_run(folder, name))
    return found


def _stored() -> tuple[Path, list[str]]:
    """The store and the names of its runs."""
    from orchestrator.cli.options import store_folder
    from storage.errors import LineupError
    from storage.runs import list_runs

    # what the settings say is not printed into the line that is being typed
    with contextlib.suppress(LineupError), contextlib.redirect_stderr(io.StringIO()):
        folder = store_folder(make=False)
        return folder, list_runs(folder)
    return Path(), []


def _beginning(begun: str, names: Iterable[str]) -> list[CompletionItem]:
    from storage.printable import printable

    return [CompletionItem(name) for name in names if name.startswith(begun) and printable(name) == name]
