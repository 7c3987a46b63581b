"""The command `lineup`: its commands, and how errors are printed.

Commands are imported when they are called, so that `lineup --help` answers at once.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import io
import os
import sys
import traceback
from pathlib import Path
from types import TracebackType

import click

from orchestrator.cli.options import INTERRUPTED
from orchestrator.local.import_path import forget_current_folder
from storage.errors import LineupError
from storage.object_stores import tell_of_silence
from storage.printable import printable

COMMANDS = {
    "run": ("run_commands", "Compare methods on a folder of photos"),
    "submit": ("run_commands", "Plan a run for the orchestrator to work on"),
    "status": ("inspect_commands", "Print the state of a run"),
    "watch": ("inspect_commands", "Show a run's progress until it ends"),
    "resume": ("run_commands", "Go on with a run"),
    "cancel": ("run_commands", "Stop working on a run"),
    "runs": ("inspect_commands", "List all runs"),
    "compare": ("comparison_commands", "Compare two runs on the faces that both tested"),
    "remove": ("removal_commands", "Delete a run; photos and their encodings stay"),
    "report": ("inspect_commands", "Print a result and where its report is"),
    "gc": ("removal_commands", "Delete encodings that no run refers to"),
    "check": ("maintenance_commands", "Verify what a run has stored"),
    "retry": ("maintenance_commands", "Try the failures of a run again"),
    "forget": ("maintenance_commands", "Erase a person from every run"),
    "doctor": ("maintenance_commands", "Check the installation, and say what to fix"),
    "cluster": ("cluster_commands", "Group photos without labels by the people in them"),
    "identify": ("recognition_commands", "Name the faces in photos or a video"),
    "enroll": ("enroll_commands", "Add a person to the model of a finished run"),
    "train-encoder": ("encoder_commands", "Train an encoder of your own by triplets"),
    "verify": ("verification_commands", "Judge pairs of photos, and 1:N identification"),
    "up": ("service_commands", "Start broker, workers, orchestrator and Flower here"),
    "orchestrator": ("service_commands", "Work on all unfinished runs, for ever"),
    "worker": ("service_commands", "Run a Celery worker for one queue"),
    "ready": ("service_commands", "Whether the service in this container can work"),
    "flower": ("service_commands", "Run Flower, which shows workers and tasks"),
    "completion": ("completion_commands", "Let the shell complete commands, runs and configurations"),
    "metrics": ("monitoring_commands", "Serve figures to Prometheus"),
    "init": ("scaffold_commands", "Write a commented experiment file"),
    "configurations": ("scaffold_commands", "List what can compete"),
    "synth": ("scaffold_commands", "Draw synthetic photos of people who do not exist"),
}


def _note_verbose(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(dict)["verbose"] = True


def _note_config(_ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    if value:
        from workers.queue.configuration_files import choose_configuration

        choose_configuration(value)


# these two are allowed before and after the command's name
_VERBOSE = click.Option(
    ["--verbose", "-v"],
    is_flag=True,
    expose_value=False,
    callback=_note_verbose,
    help="Show the traceback of an error.",
)
_CONFIG = click.Option(
    ["--config"],
    type=click.Path(path_type=Path),
    metavar="FILE",
    expose_value=False,
    callback=_note_config,
    help="TOML file of settings.",
)


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"orchestrator.cli.{COMMANDS[name][0]}")
        command: click.Command = getattr(module, name.replace("-", "_"))
        command.params.extend(option for option in (_CONFIG, _VERBOSE) if option not in command.params)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from storage.validation import did_you_mean

            raise click.UsageError(f"{error.message} {did_you_mean(args[0], COMMANDS)}".rstrip(), ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.group(cls=_Commands, params=[_CONFIG, _VERBOSE], context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lineup")
def lineup() -> None:
    """Which method recognises these people best, how sure is that, and how fast?

    \b
    Examples:
      lineup run photos/             one sub-folder of photos per person
      lineup synth faces/            no photos? draw some
      lineup up                      broker, workers, orchestrator and Flower on this machine
    """


def main() -> None:
    """Run the command line. An error that the user can fix is one line and its exit code; Ctrl-C is 130."""
    options: dict[str, bool] = {}
    sys.excepthook = _tell_bug
    forget_current_folder()
    tell_of_silence(lambda words: _tell(f"lineup: {words}"))
    try:
        code = lineup.main(prog_name="lineup", standalone_mode=False, obj=options)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        _tell(*shown.getvalue().splitlines())
        sys.exit(error.exit_code)
    except click.Abort as error:
        interrupted = isinstance(error.__context__, KeyboardInterrupt)
        _tell("lineup: interrupted" if interrupted else "lineup: nothing was done")
        sys.exit(INTERRUPTED if interrupted else 1)
    except LineupError as error:
        if options.get("verbose"):
            _tell(*traceback.format_exc().splitlines())
        _tell(f"lineup: {error}")
        sys.exit(error.exit_code)
    sys.exit(code)


def run_main() -> None:
    """`main` in a process of its own. After Ctrl-C Python's modules are not taken apart, which would take 0.4 s."""
    try:
        main()
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            atexit._run_exitfuncs()
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):  # its reader is gone
                    stream.flush()
            os._exit(INTERRUPTED)
        raise


def _tell(*lines: str) -> None:
    """Print lines on standard error; a name in them cannot steer the terminal."""
    for line in lines:
        click.echo(printable(line), err=True)


def _tell_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _tell(*"".join(traceback.format_exception(kind, error, trace)).splitlines())
