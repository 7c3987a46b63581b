"""Commands that delete what a user made: remove."""

from __future__ import annotations

import click

from orchestrator.cli.choose_run import chosen_run
from orchestrator.cli.completed_names import complete_runs
from orchestrator.cli.options import (
    json_option,
    print_json,
    print_line,
)


@click.command()
@click.argument("run_id", metavar="RUN", shell_complete=complete_runs)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove(run_id: str, yes: bool, as_json: bool) -> None:
    """Delete RUN: its tables, report and models. Photos and their encodings stay, for other runs of them.

    Refused while somebody works on it, and while another run compares with an encoder that it trained.

    \b
    Examples:
      lineup remove people-1a2b3c4d
      lineup remove people-1a2b3c4d --yes --json
    """
    from orchestrator.maintenance.remove_run import check_removable, remove_run

    chosen = chosen_run(run_id)
    check_removable(chosen)
    if not yes:
        click.confirm(f"Delete {chosen.folder}?", abort=True, err=True)
    remove_run(chosen)
    if as_json:
        print_json({"run_id": chosen.run_id, "removed": True})
    else:
        print_line(f"{chosen.run_id} is removed; the encodings of its photos stay.")
