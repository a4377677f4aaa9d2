"""`distributor accounts`: what we send through, what it bears, and what its answers mean."""

from __future__ import annotations

from typing import Annotated

import typer

from distributor.cli.options import AsJson

app = typer.Typer(help="See the sending account and its limits.", no_args_is_help=True)


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the sending accounts, their limits, and what they wait for."""
    from distributor.cli.accounting import account_rows, show_accounts
    from distributor.cli.output import show_json
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    rows = account_rows(workspace)
    if as_json:
        show_json(rows)
    else:
        show_accounts(rows, workspace.settings.timezone)


@app.command()
def check(
    context: typer.Context,
    try_again: Annotated[
        bool, typer.Option("--try-again", help="Offer a login that was refused once more: it was mended over there.")
    ] = False,
) -> None:
    """Connect, log in and leave, without a message.

    Says the limits, and what is known of the provider.
    """
    from distributor.cli.accounting import check_account
    from distributor.wiring import open_workspace

    check_account(open_workspace(context.obj), try_again=try_again)


@app.command()
def presets(as_json: AsJson = False) -> None:
    """Show what providers allow, with source and date.

    DISTRIBUTOR_SMTP_PRESET takes one of them; figures of your own win.
    """
    from distributor.cli.accounting import presets_as_json, show_presets
    from distributor.cli.output import show_json

    if as_json:
        show_json(presets_as_json())
    else:
        show_presets()


@app.command()
def rules(as_json: AsJson = False) -> None:
    """Show what a mail server's reply is taken to mean.

    The first rule that fits decides; each has its source and date.
    """
    from distributor.cli.accounting import rules_as_json, show_reply_rules
    from distributor.cli.output import show_json

    if as_json:
        show_json(rules_as_json())
    else:
        show_reply_rules()


@app.command()
def lift(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="PROVIDER", help="As `accounts list` names it; or: account.")],
) -> None:
    """Send to a provider again that is left alone."""
    from distributor.cli.accounting import lift_wait
    from distributor.wiring import open_workspace

    lift_wait(open_workspace(context.obj), what)
