"""The command that finds the people in photos without labels: cluster."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.encode_run import encoded_run
from orchestrator.cli.options import json_option, print_json, print_line, print_lines, quiet_option, store_folder
from storage.errors import InputError

if TYPE_CHECKING:
    from orchestrator.inference.clusters import Clusters
    from storage.outputs import OutputLedger
    from storage.runs import Run

LABELS, PAGE = "people.csv", "index.html"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    default=Path("people"),
    show_default=True,
    help="Folder for the links, people.csv and the page.",
)
@click.option("--encoder", help="dlib, sface or dlib+sface; both by default, where sface is installed.")
@click.option("--least", type=click.IntRange(min=1), default=2, show_default=True, help="Photos of a person, at least.")
@click.option(
    "--looseness",
    type=click.FloatRange(0.1, 2),
    default=1.0,
    show_default=True,
    help="Less parts people more, for example 0.6 for drawn faces; more joins them.",
)
@quiet_option
@json_option
def cluster(
    folder: Path, into: Path, encoder: str | None, least: int, looseness: float, quiet: bool, as_json: bool
) -> None:
    """Group the photos in FOLDER and its sub-folders by the people in them; no labels are needed.

    Each person gets a folder of links, person-001 having the most photos; a photo of several people is in several,
    and faces that are like nobody else's are in unknown/. On the page you name the people and save people.csv.

    Photos are encoded as by `run`, distributed, and kept: after Ctrl-C the same command goes on.

    \b
    Examples:
      lineup cluster holiday/ --into people/
      lineup run holiday/ --labels people.csv
    """
    from orchestrator.inference.clusters import clusters_of, default_encoder, plan_clusters
    from orchestrator.inference.sorted_links import SortedLinks
    from storage.outputs import store_outputs

    outputs = store_outputs(store_folder())
    _check_empty(into)
    links = SortedLinks(into, [folder], outputs, named=False)
    chosen = encoder or default_encoder()
    run = encoded_run(lambda *reading: plan_clusters(store_folder(), folder, chosen, outputs, *reading), quiet)
    found = clusters_of(run, chosen, looseness, least)
    for key, names in found.in_photo.items():
        for path in found.paths[key]:
            links.link(folder / path, names.values())
    _write(found, run, folder, into, outputs)
    _tell(found, into, folder, as_json)


def _check_empty(into: Path) -> None:
    """Raise InputError where something is there: links of an earlier grouping would mix with these."""
    if into.is_dir() and any(into.iterdir()):
        raise InputError(f"{into} is not empty", "Delete it, or name another folder with --into")


def _write(found: Clusters, run: Run, folder: Path, into: Path, outputs: OutputLedger) -> None:
    from orchestrator.dataset.csv_file import csv_bytes
    from orchestrator.inference.cluster_page import cluster_page
    from storage.face_pictures import run_pictures

    # without people: the ledger then says that anybody may be in these files
    outputs.write(into / LABELS, csv_bytes(("path", "label"), found.labels()))
    page = cluster_page(found, str(folder), run_pictures(run))
    outputs.write(into / PAGE, page.encode(errors="replace"))


def _tell(found: Clusters, into: Path, folder: Path, as_json: bool) -> None:
    from orchestrator.inference.cluster_page import clusters_sentence
    from orchestrator.inference.clusters import default_encoder
    from workers.learning.configurations import RUN_ENCODER

    if as_json:
        print_json({**asdict(found), "labels": found.labels(), "page": str(into / PAGE)})
        return
    if default_encoder() == RUN_ENCODER:
        print_line('With SFace, which is not used here, fewer faces are left over: pip install "lineup[sface]"')
    print_lines(
        [
            clusters_sentence(found),
            f"Name them on {into / PAGE}, and save {LABELS}; {into / LABELS} has the numbers.",
            f"Then: lineup run {shlex.quote(str(folder))} --labels {LABELS}",
        ]
    )
