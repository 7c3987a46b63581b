"""Commands that delete what a user made: remove, gc."""

from __future__ import annotations

import click

from orchestrator.cli.choose_run import chosen_run
from orchestrator.cli.completed_names import complete_runs
from orchestrator.cli.options import json_option, print_json, print_line, store_folder


@click.command()
@click.argument("run_id", metavar="RUN", shell_complete=complete_runs)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove(run_id: str, yes: bool, as_json: bool) -> None:
    """Delete RUN: its tables, report and models. Photos and their encodings stay, for other runs of them.

    Refused while an orchestrator or a worker is at it, and while another run compares with an encoder that it trained.

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


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@json_option
def gc(yes: bool, dry_run: bool, as_json: bool) -> None:
    """Delete encodings that no run refers to: of removed runs, of other face engines, of encoders.

    Damaged parts go too, and what writers that died left half-written. A later run of such photos encodes them anew.
    Refused while an orchestrator works on a run.

    \b
    Examples:
      lineup gc --dry-run
      lineup remove people-1a2b3c4d --yes && lineup gc --yes
    """
    from orchestrator.maintenance.unused_encodings import delete_unused, find_unused
    from orchestrator.text import counted

    store = store_folder(make=False)
    unused = find_unused(store)
    if not as_json:
        for folder in unused.folders:
            print_line(f"No run refers to {folder}")
        if unused.keys:
            print_line(f"No run has {counted(len(unused.keys), 'encoded photo')}")
        if unused.leftovers:
            print_line(f"{counted(len(unused.leftovers), 'file')} of encodings: damaged, or left half-written")
    delete = not (unused.nothing or dry_run)
    if delete:
        if not yes:
            click.confirm("Delete these encodings?", abort=True, err=True)
        unused = delete_unused(store, unused)  # a run that was planned meanwhile keeps what it needs
        delete = not unused.nothing
    if as_json:
        folders = [str(folder.relative_to(store)) for folder in unused.folders]
        found = {"folders": folders, "bytes": unused.size, "photos": len(unused.keys)}
        print_json({**found, "leftovers": len(unused.leftovers), "deleted": delete})
    else:
        print_line("They are deleted." if delete else "Nothing is deleted.")
