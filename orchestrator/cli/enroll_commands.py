"""The command that adds a person to a finished run's model: enroll."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.choose_run import finished_run
from orchestrator.cli.completed_names import complete_configurations, complete_runs
from orchestrator.cli.options import json_option, print_json, print_line, print_lines, quiet_option
from orchestrator.text import counted
from storage.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.inference.enroll import EnrolledPhoto
    from storage.runs import Run
    from workers.recognition.recogniser import Recogniser


@click.command()
@click.argument("name")
@click.argument("photos", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--run",
    "run_id",
    shell_complete=complete_runs,
    help="Run whose model learns the person; the newest that has finished by default.",
)
@click.option(
    "--configuration", "-c", shell_complete=complete_configurations, help="Another configuration than the winner."
)
@click.option("--remove", is_flag=True, help="Take the person out again.")
@quiet_option
@json_option
def enroll(
    name: str,
    photos: tuple[Path, ...],
    run_id: str | None,
    configuration: str | None,
    remove: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Add the person NAME to the model of a finished run, from PHOTOS (or folders) that show this person alone.

    Only the model is fitted again, on the stored measurements of the run and the new faces; nothing is compared, and
    the threshold stays that of the run. `identify` then names the person. The same NAME again replaces the photos.

    \b
    Examples:
      lineup enroll frida photos-of-frida/
      lineup enroll frida --remove
    """
    chosen = finished_run(run_id, quiet)
    if remove:
        from orchestrator.dataset.discovery import person_label
        from orchestrator.inference.enroll import take_out

        label = person_label(name, "enroll", {})
        take_out(chosen, label)
        if as_json:
            print_json({"run_id": chosen.run_id, "person": label, "removed": True})
        else:
            print_line(f"{label} is taken out of {chosen.run_id}.")
        return
    if not photos:
        raise InputError("no photo is named", f"Such as: lineup enroll {name} photos/")
    _add(chosen, name, photos, configuration, quiet, as_json)


def _add(run: Run, name: str, photos: tuple[Path, ...], configuration: str | None, quiet: bool, as_json: bool) -> None:
    from orchestrator.inference.enroll import check_new_person, enroll_photos, likenesses
    from orchestrator.inference.enroll import enroll as keep
    from orchestrator.inference.load_model import recogniser_of
    from orchestrator.inference.photo_files import photo_files
    from storage.outputs import store_outputs

    label = check_new_person(run, name)
    before = recogniser_of(run, configuration, before_fit=lambda each: _tell_fit(each, quiet))
    found = list(enroll_photos(photo_files(photos, store_outputs(run.store)).paths, before))
    for photo in found:
        if not photo.face and not quiet:
            print_line(f"{photo.path}: {photo.reason or photo.outcome}; left out")
    faces = keep(run, label, found)
    alike = likenesses(found, before.needed_likeness) if label not in before.model.labels else {}
    for other, count in alike.items():
        print_line(f"Warning: before, the model took {counted(count, 'photo')} for {other}: is it the same person?")
    after = recogniser_of(run, configuration, before_fit=lambda each: _tell_fit(each, quiet))
    if as_json:
        print_json(_as_json(run, label, found, after))
        return
    print_lines(
        [
            f"{label}: {counted(faces, 'face')} of {counted(len(found), 'photo')}. {after.model.configuration.name} of "
            f"{run.run_id} now knows {counted(len(after.model.labels), 'person', 'people')}.",
            _threshold_line(after),
        ]
    )


def _threshold_line(after: Recogniser) -> str:
    needed = after.needed_likeness
    value = "Every face gets a name" if needed is None else f"A face below a likeness of {needed:.0f} % is unknown"
    return f"{value}. Threshold: {after.threshold.rule}. To measure it with everybody, compare again."


def _as_json(run: Run, label: str, photos: Sequence[EnrolledPhoto], after: Recogniser) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "person": label,
        "configuration": after.model.configuration.name,
        "people": list(after.model.labels),
        "threshold_likeness": after.needed_likeness,
        "threshold": after.threshold.rule,
        "photos": [
            {"path": str(each.path), "outcome": each.outcome, "reason": each.reason, "enrolled": each.face is not None}
            for each in photos
        ],
    }


def _tell_fit(name: str, quiet: bool) -> None:
    if not quiet:
        print_line(f"Fitting {name}.")
