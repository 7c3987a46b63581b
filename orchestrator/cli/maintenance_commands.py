"""Commands that check and repair what is stored: check, retry, forget, doctor."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.choose_run import chosen_run
from orchestrator.cli.completed_names import complete_people
from orchestrator.cli.options import (
    json_option,
    print_json,
    run_argument,
    settings,
    store_folder,
)
from orchestrator.text import counted

if TYPE_CHECKING:
    from orchestrator.maintenance.erase_person import Erasure, PersonTraces
    from orchestrator.maintenance.retry import Retried
    from orchestrator.scheduler.broker import Broker


@click.command()
@run_argument
@json_option
def check(run_id: str | None, as_json: bool) -> None:
    """Verify RUN (the newest, if none is named): photos, keys, checksums, fingerprints, scores. Changes nothing.

    Prints each fault on a line and exits with 1 where there is one.

    \b
    Examples:
      lineup check
      lineup check people-1a2b3c4d --json
    """
    from orchestrator.maintenance.check import check_run

    verdict = check_run(chosen_run(run_id))
    if as_json:
        print_json(asdict(verdict))
    elif verdict.faults:
        for fault in verdict.faults:
            _say(f"{verdict.run_id}: {fault}")
    else:
        _say(f"{verdict.run_id}: {counted(verdict.photos, 'photo')}, {counted(verdict.parts, 'file')}, all is well")
    if verdict.faults:
        raise click.exceptions.Exit(1)


@click.command()
@run_argument
@click.option(
    "--outcome", "outcomes", default="timed_out,poisoned", show_default=True, help="Which failures, by comma."
)
@json_option
def retry(run_id: str | None, outcomes: str, as_json: bool) -> None:
    """Have failures of RUN (the newest, if none is named) tried again; `lineup resume` then does it.

    timed_out, poisoned: photos that hung or killed their process. unreadable: files that had vanished or changed.
    failed: trainings. What a photo's bytes decide, such as no_face, comes out the same and is only counted.

    \b
    Example:
      lineup retry --outcome timed_out,poisoned && lineup resume
    """
    from orchestrator.maintenance.retry import retry_failures

    done = retry_failures(chosen_run(run_id), [word.strip() for word in outcomes.split(",") if word.strip()])
    if as_json:
        print_json(asdict(done))
    else:
        _tell_retried(done)


@click.command()
@click.argument("person", shell_complete=complete_people)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--copies", is_flag=True, help="Also delete the copies outside the store that nobody has changed since.")
@json_option
def forget(person: str, yes: bool, copies: bool, as_json: bool) -> None:
    """Erase PERSON, a label: rows, crops, embeddings, scores, reports, models and encoders, from every run.

    Their photos stay where they are. A run that had them is then a run of the others; `lineup resume` makes its
    tables anew. No orchestrator may be working on the store meanwhile. Exits with 1 where something is left.

    \b
    Examples:
      lineup forget "Ada Lovelace"
      lineup forget "Ada Lovelace" --copies
      lineup forget "Ada Lovelace" --yes --json > record.json
    """
    from orchestrator.local.private_folder import sweep_private_folders
    from orchestrator.maintenance.erase_person import erase_person, find_person

    folder = store_folder(make=False)
    traces = find_person(folder, person)
    if not yes:
        _tell_traces(traces)
        click.confirm("Erase all this?", abort=True, err=True)
        traces = find_person(folder, person)  # a run may have been planned while the question stood
    sweep_private_folders()  # those of killed processes hold messages
    done = erase_person(folder, traces, _broker(folder), copies)
    if as_json:
        print_json(_forgotten(done))
    else:
        _tell_forgotten(done)
    if not done.complete:
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--strict", is_flag=True, help="Exit with 1 for a warning, too.")
@json_option
def doctor(strict: bool, as_json: bool) -> None:
    """Check packages, models, store, broker, workers and clocks, and say what to fix.

    Exits with 1 where there is an error: work stands still, is in danger or is open to others. A warning alone, such
    as a clock that differs, exits with 0 unless --strict is given.

    \b
    Examples:
      lineup doctor
      lineup doctor --strict && lineup submit photos/
    """
    from orchestrator.maintenance.diagnosis import ERROR, WARNING
    from orchestrator.maintenance.diagnostics import diagnose, diagnose_without_store
    from storage.errors import StoreUnreachable

    try:
        found = diagnose(store_folder(), settings())
    except StoreUnreachable as error:
        found = diagnose_without_store(error, settings())
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        for one in found:
            _say(f"{one.state:8} {one.topic}: {one.what}")
            if one.hint:
                _say(f"         {one.hint}")
    if any(one.state == ERROR or (strict and one.state == WARNING) for one in found):
        raise click.exceptions.Exit(1)


def _say(line: str, err: bool = False) -> None:
    """Print a line with control characters escaped: names on disk cannot steer the terminal."""
    from orchestrator.text import printable

    click.echo(printable(line), err=err)


def _broker(store: Path) -> Broker | None:
    from orchestrator.scheduler.broker import Broker
    from workers.queue.broker_options import store_options

    url = settings().broker_url
    return Broker(store_options(url, store)) if url else None


def _tell_retried(done: Retried) -> None:
    chosen = [f"{count} {outcome}" for outcome, count in done.photos.items()]
    if done.trainings:
        chosen.append(counted(done.trainings, "training"))
    if chosen:
        _say(f"{done.run_id}: {', '.join(chosen)} will be tried again with: lineup resume {done.run_id}")
    else:
        _say(f"{done.run_id}: there is nothing to try again")
    for outcome, count in done.final.items():
        _say(f"Still {outcome}: {counted(count, 'photo')}, since the bytes and the engine's settings decide that")
    if done.refused:
        _say(f"Refused when the folder was read: {counted(done.refused, 'photo')}; fix, then `lineup run` it again")


def _tell_traces(traces: PersonTraces) -> None:
    _say(f"{traces.person!r}: {counted(len(traces.keys), 'picture')}, {traces.encoded} of them encoded", err=True)
    for trace in traces.runs:
        also = f" ({trace.otherwise} under another name)" if trace.otherwise else ""
        photos = f"{counted(trace.photos, 'photo')}{also}" if trace.photos else "an encoder that was trained with them"
        _say(f"  {trace.run.run_id}: {photos}; its tables, report and models go", err=True)
    for run_id in traces.galleries:
        _say(f"  enrolled in {run_id}", err=True)
    for unplanned in traces.rest.folders:
        _say(f"  {unplanned}: not a run; the folder goes", err=True)
    if traces.rest.copies:
        _say(f"  {counted(len(traces.rest.copies), 'copy', 'copies')} outside the store may show them", err=True)


def _tell_forgotten(done: Erasure) -> None:
    erased, traces = done.erased, done.traces
    _say(f"Gone from the encodings: {counted(erased.photos, 'picture')} and {counted(erased.faces, 'face')}")
    if erased.unreadable:
        _say(f"{erased.unreadable} damaged files that could not be searched are deleted")
    for trace in traces.runs:
        removed = ", ".join(done.removed[trace.run.run_id]) or "nothing derived yet"
        _say(f"{trace.run.run_id}: {trace.photos} rows, and {removed}")
        if trace.on_disk:
            _say(f"  {trace.on_disk} of their photos are still in {trace.run.plan.dataset}: yours to delete")
    for name in done.logs:
        _say(f"logs/{name} named them or their photos and is emptied")
    for unplanned in traces.rest.folders:
        _say(f"{unplanned} was not a run, and is deleted")
    for copy in traces.rest.copies:
        words = "deleted" if copy.path in done.copies_deleted else "yours to delete, if it is still there"
        _say(f"Copy outside the store: {copy.path}: {words}")
    for path in done.left:
        _say(f"STILL THERE: {path} holds their name or photos. Delete it", err=True)
    if done.in_broker:
        _say(f"STILL IN THE BROKER'S FILES: {done.in_broker}. Then: redis-cli BGREWRITEAOF", err=True)
    for run in traces.unreadable:
        _say(f"NOT searched: {run}. If they are in it, delete its folder", err=True)


def _forgotten(done: Erasure) -> dict[str, object]:
    return {
        "person": done.traces.person,
        "encodings": asdict(done.erased),
        "runs": [
            {
                "run_id": trace.run.run_id,
                "photos": trace.photos,
                "otherwise_labelled": trace.otherwise,
                "on_disk": trace.on_disk,
                "removed": done.removed[trace.run.run_id],
            }
            for trace in done.traces.runs
        ],
        "logs": done.logs,
        "enrolled": done.traces.galleries,
        "folders": [str(path) for path in done.traces.rest.folders],
        "copies": [
            {"path": str(copy.path), "deleted": copy.path in done.copies_deleted} for copy in done.traces.rest.copies
        ],
        "left": [str(path) for path in done.left],
        "in_broker": done.in_broker,
        "not_searched": done.traces.unreadable,
    }
