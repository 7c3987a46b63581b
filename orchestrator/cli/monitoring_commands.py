"""Commands for monitoring: metrics."""

from __future__ import annotations

import click

from orchestrator.cli.options import print_line, settings, stop_on_interrupt, store_folder
from storage.errors import InputError


@click.command()
@click.option("--address", default="127.0.0.1", show_default=True, help="Where it listens; 0.0.0.0 for everywhere.")
@click.option("--port", type=click.IntRange(1, 65535), default=9464, show_default=True, help="Its port.")
@click.option("--once", is_flag=True, help="Print the figures of this moment and end.")
def metrics(address: str, port: int, once: bool) -> None:
    """Serve figures of the store and the broker to Prometheus, at /metrics, until Ctrl-C.

    Photos by outcome, runs and their stages, attempts and deaths, queues, workers and their faults. No name, path or
    key is in them. It asks for no password: let nobody but Prometheus reach it.

    \b
    Examples:
      lineup metrics
      lineup metrics --once
    """
    from prometheus_client import CollectorRegistry, generate_latest, start_http_server

    from orchestrator.maintenance.store_metrics import StoreMetrics
    from orchestrator.scheduler.broker import Broker
    from workers.queue.broker_options import reader_options

    folder, url = store_folder(make=False), settings().broker_url
    registry = CollectorRegistry()
    registry.register(StoreMetrics(folder, Broker(reader_options(url, folder)) if url else None))
    if once:
        click.echo(generate_latest(registry).decode(), nl=False)
        return
    with stop_on_interrupt() as stop:
        try:
            server, thread = start_http_server(port, address, registry)
        except OSError as error:
            raise InputError(
                f"cannot listen at {address}:{port}: {error.strerror}", "Choose another --port or --address"
            ) from error
        print_line(f"Figures at http://{address}:{port}/metrics until Ctrl-C")
        while not stop.wait(3600):
            pass
        server.shutdown()
        thread.join()
