"""The command that judges pairs of photos: verify."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.choose_run import read_experiment
from orchestrator.cli.encode_run import encoded_run
from orchestrator.cli.options import json_option, print_json, print_lines, quiet_option, store_folder
from storage.errors import InputError

if TYPE_CHECKING:
    from orchestrator.dataset.catalog import OnPhoto, ScanElsewhere
    from orchestrator.verification.photo_pair import PhotoPair
    from storage.runs import Run


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--pairs", "pairs_file", type=click.Path(path_type=Path), help="LFW's pairs.txt, or a CSV of pairs.")
@click.option("--labels", type=click.Path(path_type=Path), help="CSV: path,label; without --pairs.")
@click.option("--gallery", type=click.IntRange(min=1), help="Photos of each enrolled person in 1:N; 1 by default.")
@click.option("--experiment", "-e", type=click.Path(path_type=Path), help="Experiment file; its [faces] are used.")
@click.option("--encoder", default="", help="sface, dlib+sface, or one of the experiment file; dlib's by default.")
@click.option("--roc", type=click.Path(path_type=Path), help="Draw the curves into this .svg, .png or .pdf.")
@quiet_option
@json_option
def verify(
    folder: Path,
    pairs_file: Path | None,
    labels: Path | None,
    gallery: int | None,
    experiment: Path | None,
    encoder: str,
    roc: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Judge whether photos in FOLDER show one person: listed pairs, or all pairs and 1:N identification.

    Without --pairs FOLDER has one sub-folder a person, or --labels names the people. All photos are compared with
    each other (TAR at FAR), and in ten draws half of the people are enrolled and searched (rank-1, DIR at FAR), after
    Liao et al. 2014.

    With --pairs the protocol of Labeled Faces in the Wild judges the pairs of that file: LFW's pairs.txt (photos are
    FOLDER/name/name_0001.jpg), or a CSV with the columns first, second, same and perhaps fold, paths relative to
    FOLDER.

    The face of a photo with several is the central one, unless the experiment file names another policy. Photos are
    encoded as by `run`, distributed, and kept; a second call with the same face settings encodes nothing.

    \b
    Examples:
      lineup verify photos/ --roc curves.svg
      lineup verify photos/ --gallery 3 --json
      lineup verify photos/ --encoder sface
      lineup verify --pairs pairs.txt lfw_funneled/
      lineup verify --pairs pairs.csv photos/ -e mirrored.toml
    """
    from orchestrator.verification.pairs_file import read_pairs_file
    from storage.outputs import store_outputs

    kind = _picture_kind(roc)
    outputs = store_outputs(store_folder())
    if roc:
        outputs.check(roc)
    if pairs_file and (gallery or labels):
        raise InputError("--gallery and --labels are for a folder without --pairs", "Leave them out, or --pairs")
    pairs = read_pairs_file(pairs_file) if pairs_file else None
    run = _encoded(folder, labels, pairs, experiment, encoder, quiet)
    told, lines, picture = (
        _judged_folder(run, gallery or 1, encoder) if pairs is None else _judged_pairs(run, pairs, encoder)
    )
    if roc:
        outputs.write(roc, picture(kind), people=())
    if as_json:
        print_json(told)
    else:
        print_lines(lines)


def _encoded(
    folder: Path,
    labels: Path | None,
    pairs: list[PhotoPair] | None,
    experiment: Path | None,
    encoder: str,
    quiet: bool,
) -> Run:
    from orchestrator.verification.judge_folder import plan_folder
    from orchestrator.verification.judge_pairs import plan_pairs
    from orchestrator.verification.usable_faces import experiment_of, with_encoder

    asked = experiment_of(read_experiment(experiment))
    if encoder:
        asked = with_encoder(store_folder(), asked, encoder)

    def plan(on_photo: OnPhoto, elsewhere: ScanElsewhere | None) -> Run:
        if pairs is None:
            return plan_folder(store_folder(), folder, labels, asked, on_photo, elsewhere)
        return plan_pairs(store_folder(), folder, pairs, asked, on_photo, elsewhere)

    return encoded_run(plan, quiet)


Judged = tuple[dict[str, Any], list[str], Callable[[str], bytes]]
"""For JSON, for the terminal, and what draws the picture of a kind."""


def _judged_pairs(run: Run, pairs: list[PhotoPair], encoder: str) -> Judged:
    from orchestrator.verification.draw_curves import curves_picture
    from orchestrator.verification.format_verdict import verified_as_json, verified_lines
    from orchestrator.verification.judge_pairs import judge_pairs

    found = judge_pairs(run, pairs, encoder)
    curve = found.verification.roc
    return verified_as_json(found), verified_lines(found), lambda kind: curves_picture(curve, (), kind)


def _judged_folder(run: Run, gallery: int, encoder: str) -> Judged:
    from orchestrator.verification.draw_curves import curves_picture
    from orchestrator.verification.format_folder import folder_as_json, folder_lines
    from orchestrator.verification.judge_folder import judge_folder

    found = judge_folder(run, gallery, encoder)
    named = found.identification.curve if found.identification else ()
    return folder_as_json(found), folder_lines(found), lambda kind: curves_picture(found.pairs.roc, named, kind)


def _picture_kind(path: Path | None) -> str:
    kind = path.suffix.lower().lstrip(".") if path else "svg"
    if kind not in ("svg", "png", "pdf"):
        raise InputError(f"{path} does not end in .svg, .png or .pdf", "Name such a file")
    return kind
