"""Commands that run services: orchestrator, worker, ready, flower, up."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import print_line, settings, stop_on_interrupt, store_folder

if TYPE_CHECKING:
    from orchestrator.scheduler.broker import Broker
    from workers.queue.broker_options import BrokerOptions
    from workers.queue.environment import Settings

    Options = Callable[[str, Path, Settings], BrokerOptions]


@click.command()
def orchestrator() -> None:
    """Work on every unfinished run of the store, for ever. Needs LINEUP_BROKER_URL.

    It may be killed at any moment: the next one goes on from the store.

    \b
    Example:
      LINEUP_BROKER_URL=redis://:PASSWORD@HOST:6379/0 lineup orchestrator
    """
    from orchestrator.scheduler.service import Service
    from workers.queue.health_file import HealthFile
    from workers.queue.logs import configure_logging

    configure_logging()
    chosen = settings()
    folder = store_folder()
    service = Service(folder, _trusted_broker(folder), chosen.photos_per_task, chosen.processes)
    print_line(f"Working on the unfinished runs of {folder} until Ctrl-C")
    with stop_on_interrupt() as stop:
        service.serve(stop, health=HealthFile(chosen.health_file))


@click.command()
@click.argument("queue", type=click.Choice(["images", "training"]))
@click.option("--processes", "-c", type=click.IntRange(1), help="Worker processes; LINEUP_PROCESSES by default.")
def worker(queue: str, processes: int | None) -> None:
    """Run a Celery worker for one queue. Needs LINEUP_BROKER_URL and the same LINEUP_STORE as the orchestrator.

    \b
    Examples:
      lineup worker images
      lineup worker training --processes 4
    """
    from orchestrator.local.child_process import worker_command

    processes = processes or settings().processes
    _become(worker_command(queue, processes, f"{queue}-{os.getpid()}"), store_folder())


@click.command()
@click.option("--alive", is_flag=True, help="Only whether it is alive: a service that waits for something is.")
def ready(alive: bool) -> None:
    """Whether the worker or orchestrator beside it can work; for probes of containers.

    Reads the file LINEUP_HEALTH_FILE, which the service writes: a worker is ready when it is connected with the broker,
    can write into the store and read the photos of unfinished runs, and has loaded the face engine. Exits with 1, and
    says why, where it is not.

    \b
    Example:
      LINEUP_HEALTH_FILE=/tmp/health lineup ready
    """
    from storage.errors import InputError
    from workers.queue.health_file import read_health

    named = os.environ.get(
        "LINEUP_HEALTH_FILE"
    )  # a probe is asked often: reading all settings takes three times as long
    path = Path(named) if named else settings().health_file
    if path is None:
        raise InputError("LINEUP_HEALTH_FILE is not set", "Set it for the service and for this command")
    health = read_health(path)
    print_line(health.why or "ready")
    if not (health.alive if alive else health.ready):
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--address", default="127.0.0.1", show_default=True, help="Where it listens; 0.0.0.0 for everywhere.")
@click.option("--port", type=click.IntRange(1, 65535), help="LINEUP_FLOWER_PORT by default.")
def flower(address: str, port: int | None) -> None:
    """Run Flower, read-only, for a broker. Needs LINEUP_BROKER_URL and a password for its pages.

    The password is in the file LINEUP_FLOWER_PASSWORD_FILE, for the user lineup; or USER:PASSWORD is in
    FLOWER_BASIC_AUTH.

    \b
    Example:
      LINEUP_FLOWER_PASSWORD_FILE=password.txt lineup flower
    """
    from orchestrator.local.child_process import flower_command
    from storage.errors import InputError
    from workers.queue.broker_options import reader_options
    from workers.queue.secret_files import flower_password

    if not flower_password(settings().flower_password_file) and ":" not in os.environ.get("FLOWER_BASIC_AUTH", ""):
        what = "neither LINEUP_FLOWER_PASSWORD_FILE nor FLOWER_BASIC_AUTH is set: anyone could read Flower's pages"
        raise InputError(what, "Name a file with a password, or set FLOWER_BASIC_AUTH to USER:PASSWORD")
    # reader: in a container of its own Flower has no store, and must not make a key that nobody else has
    _become(flower_command(port or settings().flower_port, address), store_folder(), reader_options)


@click.command()
def up() -> None:
    """Start broker, workers, orchestrator and Flower on this machine, until Ctrl-C.

    Meanwhile `lineup submit`, `watch`, `status` and `cancel` work from any other terminal with the same store.

    \b
    Example:
      LINEUP_STORE=/data/lineup lineup up
    """
    from orchestrator.local.cluster import LocalCluster
    from orchestrator.scheduler.service import Service
    from workers.queue.logs import configure_logging

    configure_logging()
    chosen = settings()
    folder = store_folder()
    with (
        stop_on_interrupt() as stop,
        LocalCluster(folder, chosen.broker_url, chosen.processes, flower_port=chosen.flower_port) as cluster,
    ):
        print_line(f"Store {folder}, logs in {folder / 'logs'}")
        address = f"http://127.0.0.1:{chosen.flower_port}"
        print_line(f"Flower {address}  user lineup  password {cluster.flower_password}")
        print_line("Submit photos from another terminal: lineup submit FOLDER. Ctrl-C ends everything.")
        service = Service(folder, cluster.broker, chosen.photos_per_task, chosen.processes)
        service.serve(stop, between=cluster.restart_dead)


def _become(command: list[str], store: Path, options: Options | None = None) -> None:
    """Have Celery replace this process, so that signals reach it and nothing else."""
    from orchestrator.local.child_process import worker_environment
    from orchestrator.local.private_folder import PrivateFolder

    url = _trusted_broker(store, options).url
    environment = {**os.environ, **worker_environment(), "LINEUP_STORE": str(store), "LINEUP_BROKER_URL": url}
    private = PrivateFolder()  # the next process deletes it, since Celery's end is not seen here
    os.set_inheritable(private.descriptor, True)
    os.chdir(private.path)
    os.execve(command[0], command, {**environment, "PWD": str(private.path)})  # noqa: S606


def _trusted_broker(store: Path, options: Options | None = None) -> Broker:
    """The broker of the settings. One that does not answer is waited for later; one that cannot be trusted is not."""
    from orchestrator.scheduler.broker import Broker
    from storage.errors import BrokerCertificateError, BrokerError, BrokerUrlError
    from workers.queue.broker_options import store_options

    url = settings().broker_url
    if not url:
        raise BrokerUrlError("LINEUP_BROKER_URL is not set", "Set it, or use `lineup run` or `lineup up`")
    broker = Broker((options or store_options)(url, store, settings()))
    try:
        broker.ping()
    except BrokerCertificateError:
        raise
    except BrokerError as error:
        print_line(f"{error.what}. It is waited for.")
    return broker
