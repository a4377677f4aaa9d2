"""The root of the command line: one sub-app per noun, and what becomes of an error."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection
from copy import copy
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command, get_command_name
from typer.models import CommandInfo, TyperInfo

from distributor import __version__
from distributor.cli.accounts import commands as accounts
from distributor.cli.accounts import dkim
from distributor.cli.contacts import commands as contacts
from distributor.cli.contacts import outlets, sectors, suppressions
from distributor.cli.dispatches import agenda
from distributor.cli.dispatches import commands as dispatches
from distributor.cli.feedback import commands as feedback
from distributor.cli.lists import commands as lists
from distributor.cli.releases import commands as releases
from distributor.cli.releases import coverage
from distributor.cli.reports import report
from distributor.cli.sending import send
from distributor.cli.terminal.output import on_one_line, visible
from distributor.cli.web import serve
from distributor.cli.worker import work, workers
from distributor.cli.workspace import database, demo, doctor, init
from distributor.errors import BadInput, DistributorError

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
app.add_typer(dkim.app, name="dkim")
app.add_typer(contacts.app, name="contacts")
app.add_typer(outlets.app, name="outlets")
app.add_typer(sectors.app, name="sectors")
app.add_typer(lists.app, name="lists")
app.add_typer(releases.app, name="releases")
app.command()(send.send)
app.add_typer(dispatches.app, name="dispatches")
app.command()(agenda.agenda)
app.command()(work.work)
app.add_typer(accounts.app, name="accounts")
app.command()(serve.serve)
app.add_typer(workers.app, name="workers")
app.add_typer(database.app, name="db")
app.command()(report.report)
app.add_typer(feedback.app, name="feedback")
app.add_typer(coverage.app, name="coverage")
app.add_typer(suppressions.app, name="suppressions")


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"distributor {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    workspace: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER", help="The workspace: the folder with .env and press.db.", envvar="DISTRIBUTOR_WORKSPACE"
        ),
    ] = Path(),
    version: Annotated[  # noqa: ARG001 - answered before it gets here
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Keep the workspace's folder for the command that follows."""
    _require_place()
    context.obj = workspace


def _require_place() -> None:
    """Raise `BadInput` for a folder to work from that is gone, or whose name could be neither stored nor shown."""
    try:
        os.getcwd().encode()
    except OSError as error:
        raise BadInput(f"The folder you are in cannot be used: {error.strerror}.", mend="Go to another one.") from None
    except UnicodeEncodeError:
        raise BadInput(
            "The name of the folder you are in is not UTF-8.", mend="Rename it, or go to another one."
        ) from None


def _require_text(arguments: list[str]) -> None:
    """Raise `BadInput` for an argument that is not UTF-8: it could be neither stored nor shown."""
    for argument in arguments:
        shown = re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", argument)  # each stands for a byte
        if shown != argument:
            raise BadInput(f"«{shown}» is not UTF-8 text.", mend="Write it again; a file can be renamed first.")


def _meant(whole: typer.Typer, arguments: Collection[str]) -> typer.Typer:
    """The command line, as far as these arguments need it: what none of them names is listed, and no more.

    To put a hundred commands together takes longer than most of them.
    """
    meant = copy(whole)
    meant.registered_groups = [_meant_group(group, arguments) for group in whole.registered_groups]
    meant.registered_commands = [
        command if _name(command) in arguments else _listed_command(command) for command in whole.registered_commands
    ]
    return meant


def _meant_group(group: TyperInfo, arguments: Collection[str]) -> TyperInfo:
    assert group.typer_instance is not None
    if group.name in arguments:
        return TyperInfo(_meant(group.typer_instance, arguments), name=group.name)
    return _listed_group(group)


def _listed_group(group: TyperInfo) -> TyperInfo:
    assert group.typer_instance is not None
    said = group.typer_instance.info.help
    return TyperInfo(typer.Typer(help=said if isinstance(said, str) else None), name=group.name)


def _name(command: CommandInfo) -> str:
    assert command.callback is not None
    return command.name or get_command_name(command.callback.__name__)


def _listed_command(command: CommandInfo) -> CommandInfo:
    assert command.callback is not None

    def listed() -> None:
        pass

    listed.__name__, listed.__doc__ = command.callback.__name__, command.callback.__doc__
    stand_in = copy(command)
    stand_in.callback = listed
    return stand_in


def run() -> int:
    """Run the command line; return its exit code. Errors are one sentence on standard error."""
    try:
        _require_text(sys.argv[1:])
        command = get_command(_meant(app, sys.argv[1:]))
        if "--help" in sys.argv[1:]:
            from distributor.cli.placeholders import name_values

            name_values(command)
        code = command(standalone_mode=False)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except DistributorError as error:
        return _say(error)
    except typer.TyperException as error:
        from distributor.cli.usage import explain

        return _say(explain(error))
    except (KeyboardInterrupt, typer.Abort):  # the second: at a question
        sys.stderr.write("\nStopped.\n")
        return 130
    except Exception as error:  # noqa: BLE001 - the last place that can turn a defect of ours into a sentence
        from distributor.cli.defects import confess

        return _say(confess(error))
    return code if isinstance(code, int) else 0  # a number only where something ended it early, as --version


def _say(error: DistributorError) -> int:
    sys.stderr.write(f"{visible(str(error)) if error.has_lines else on_one_line(str(error))}\n")
    return error.exit_code
