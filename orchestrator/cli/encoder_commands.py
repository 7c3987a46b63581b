"""The command train-encoder."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.choose_run import read_experiment
from orchestrator.cli.options import (
    json_option,
    quiet_option,
    settings,
    stderr_console,
    store_folder,
)
from orchestrator.cli.plan_photos import plan_photos
from orchestrator.cli.run_commands import (
    corrections_option,
    finish_and_print,
    folder_argument,
    labels_option,
    name_option,
    print_plan,
)
from storage.plans import Mining, PictureView


@click.command()
@folder_argument
@labels_option
@corrections_option
@click.option("--experiment", "-e", type=click.Path(path_type=Path), help="Experiment file; its [faces] are used.")
@click.option(
    "--epochs", default=40, show_default=True, type=click.IntRange(1, 100_000), help="At most; it stops early."
)
@click.option("--mining", default="semi-hard", show_default=True, type=click.Choice(["semi-hard", "batch-hard"]))
@click.option("--view", default="aligned", show_default=True, type=click.Choice(["aligned", "crop"]))
@click.option("--seed", default=42, show_default=True, type=click.IntRange(0, 2**31 - 1), help="Of the training.")
@name_option
@quiet_option
@json_option
def train_encoder(
    folder: Path,
    labels: Path | None,
    corrections: tuple[Path, ...],
    experiment: Path | None,
    epochs: int,
    mining: Mining,
    view: PictureView,
    seed: int,
    run_id: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train an encoder on FOLDER, which has one sub-folder of photos per person: a face to 128 measurements.

    It learns from triplets (a face, another of the same person, one of another person). Some people are kept apart to
    validate it, others to test it. Photos are encoded as by `run` and kept for every later run. Interrupted,
    the same command, or `lineup resume RUN`, goes on from the last finished epoch.

    \b
    Examples:
      lineup train-encoder photos/
      lineup train-encoder photos/ --epochs 80 --mining batch-hard --run mine
    """
    from orchestrator.cli.progress import display
    from orchestrator.scheduler.planning import plan_encoder
    from storage.plans import TripletSettings

    store, triplets = store_folder(), TripletSettings(mining=mining, epochs=epochs, seed=seed, view=view)
    with display(stderr_console(), quiet) as bars:
        planned = plan_photos(
            lambda on_photo, elsewhere: plan_encoder(
                store, folder, labels, read_experiment(experiment), triplets, run_id, on_photo, corrections, elsewhere
            ),
            bars,
            store,
            settings(),
        )
    print_plan(planned)
    planned.run.let_go_on()
    finish_and_print(planned.run, quiet, as_json)
