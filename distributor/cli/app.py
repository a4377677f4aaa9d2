"""The root of the command line: one sub-app per noun, and what becomes of an error."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from distributor import __version__
from distributor.cli import (
    contacts,
    demo,
    dispatches,
    doctor,
    init,
    lists,
    releases,
    report,
    send,
    suppressions,
    work,
)
from distributor.errors import DistributorError

app = typer.Typer(
    name="distributor",
    help="Sends press releases to journalists: nobody lost, nobody mailed twice, doubt named.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(init.init)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.add_typer(contacts.app, name="contacts")
app.add_typer(lists.app, name="lists")
app.add_typer(releases.app, name="releases")
app.command()(send.send)
app.add_typer(dispatches.app, name="dispatches")
app.command()(work.work)
app.command()(report.report)
app.add_typer(suppressions.app, name="suppressions")


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"distributor {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    workspace: Annotated[
        Path, typer.Option(help="The workspace: the folder with .env and press.db.", envvar="DISTRIBUTOR_WORKSPACE")
    ] = Path(),
    version: Annotated[  # noqa: ARG001 - answered before it gets here
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Keep the workspace's folder for the command that follows."""
    context.obj = workspace


def run() -> int:
    """Run the command line; return its exit code. Errors are one sentence on standard error."""
    try:
        app()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except DistributorError as error:
        return _say(error)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone (`distributor … | head`): nothing is wrong.
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open until the process ends
        return 0
    except Exception:  # noqa: BLE001 - the last place that can turn a defect of ours into a sentence
        return _confess()
    return 0


def _say(error: DistributorError) -> int:
    sys.stderr.write(f"{error}\n")
    return error.exit_code


def _confess() -> int:
    """Say that the defect is ours, and where the details are: never a traceback in a press officer's face."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="distributor-", suffix=".txt", delete=False, encoding="utf-8"
    ) as details:
        traceback.print_exc(file=details)
    kind = sys.exc_info()[0]
    # Not the exception's own words: they may quote addresses, and this line ends in logs and bug reports.
    name = kind.__name__ if kind else "error"
    sys.stderr.write(f"This is a defect of Distributor, not of yours ({name}). Details: {details.name}\n")
    return 1
