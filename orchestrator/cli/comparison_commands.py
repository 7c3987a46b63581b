"""Commands that compare finished runs: compare."""

from __future__ import annotations

from dataclasses import asdict

import click

from orchestrator.cli.choose_run import finished_run
from orchestrator.cli.completed_names import complete_runs
from orchestrator.cli.options import (
    json_option,
    print_json,
    print_lines,
)
from storage.errors import RunNotFound


@click.command()
@click.argument("first", shell_complete=complete_runs)
@click.argument("second", shell_complete=complete_runs)
@json_option
def compare(first: str, second: str, as_json: bool) -> None:
    """Compare the recommended configurations of runs FIRST and SECOND on the test faces that both have.

    \b
    Example:
      lineup compare people-1a2b3c4d people-5e6f7a8b
    """
    from orchestrator.report.two_runs import compare_two, two_runs_lines

    runs = [finished_run(name, quiet=True) for name in (first, second)]
    for run in runs:
        if not run.compares or not run.comparison.exists():
            raise RunNotFound(f"run {run.run_id} has no comparison", f"Finish it: lineup resume {run.run_id}")
    found = compare_two(*runs)
    if as_json:
        print_json(asdict(found))
    else:
        print_lines(two_runs_lines(found))
