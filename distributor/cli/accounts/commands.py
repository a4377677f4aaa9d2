"""`distributor accounts`: what we send through, what it bears, and what its answers mean."""

from __future__ import annotations

from typing import Annotated

import typer

from distributor.cli.options import AsJson, Yes

app = typer.Typer(help="See and set the sending accounts and their limits.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
AnyName = Annotated[str, typer.Argument(metavar="[NAME]", help="The account's name.")]
Preset = Annotated[str | None, typer.Option(help="What the provider allows, and its server: see `accounts presets`.")]
Host = Annotated[str | None, typer.Option(help="The outgoing mail server.")]
Port = Annotated[str | None, typer.Option(help="Its port (default: 465, or 587 with starttls).")]
Secure = Annotated[str | None, typer.Option("--security", help="tls, starttls, or plain (this machine only).")]
Username = Annotated[str | None, typer.Option(help="Who logs in; nobody without one.")]
LogIn = Annotated[str | None, typer.Option("--login", help="password, or xoauth2.")]
OAuth = Annotated[str | None, typer.Option("--oauth", help="Who gives tokens: microsoft or google.")]
Tenant = Annotated[str | None, typer.Option(help="Microsoft: the directory.")]
ClientId = Annotated[str | None, typer.Option(help="The application that asks for tokens.")]
From = Annotated[str | None, typer.Option("--from", help="Who it comes from, where that is not MAIL_FROM.")]
ReplyTo = Annotated[str | None, typer.Option(help="Who reads the answers, where that is not REPLY_TO.")]
Bounces = Annotated[str | None, typer.Option("--bounce-address", help="Where bounces return, if not BOUNCE_ADDRESS.")]
More = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Any other setting, such as smtp_per_hour=100; several times."),
]


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the sending accounts, their limits, and what they wait for."""
    from distributor.cli.accounts.showing import account_rows, show_accounts
    from distributor.cli.terminal.output import show_json
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    rows = account_rows(workspace)
    if as_json:
        show_json(rows)
    else:
        show_accounts(rows, workspace.settings.timezone)


def set_account(
    context: typer.Context,
    name: Name,
    preset: Preset = None,
    host: Host = None,
    port: Port = None,
    security: Secure = None,
    username: Username = None,
    login: LogIn = None,
    oauth: OAuth = None,
    tenant: Tenant = None,
    client_id: ClientId = None,
    mail_from: From = None,
    reply_to: ReplyTo = None,
    bounce_address: Bounces = None,
    more: More = None,
) -> None:
    """Add an account, or change one: which of the two, the command's name says."""
    from distributor.cli.accounts import setting
    from distributor.wiring import open_workspace

    given = _given(
        smtp_preset=preset,
        smtp_host=host,
        smtp_port=port,
        smtp_security=security,
        smtp_username=username,
        smtp_login=login,
        oauth_provider=oauth,
        oauth_tenant=tenant,
        oauth_client_id=client_id,
        mail_from=mail_from,
        reply_to=reply_to,
        bounce_address=bounce_address,
    )
    act = {"add": setting.add, "edit": setting.edit}[str(context.info_name)]
    act(open_workspace(context.obj), name, given, more or [])


app.command(
    "add", help="Add an account. Its password is never given here: it stands in .env, under a name that is said."
)(set_account)
app.command(
    "edit", help="Change an account. An empty value takes a setting away; messages that are planned stay as they are."
)(set_account)


def _given(**options: str | None) -> dict[str, str]:
    return {name: value for name, value in options.items() if value is not None}


@app.command()
def show(context: typer.Context, name: AnyName = "default", as_json: AsJson = False) -> None:
    """Show how an account is set, and what it still wants. Of its secrets only whether they are there."""
    from distributor.cli.accounts import setting
    from distributor.cli.terminal.output import show_json
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    if as_json:
        show_json(setting.row_of(workspace, name))
    else:
        setting.show(workspace, name)


@app.command()
def remove(context: typer.Context, name: Name, yes: Yes = False) -> None:
    """Remove an account that no open dispatch goes through. What it sent stays in the reports."""
    from distributor.cli.accounts import setting
    from distributor.wiring import open_workspace

    setting.remove(open_workspace(context.obj), name, yes=yes)


@app.command()
def login(
    context: typer.Context,
    name: AnyName = "default",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Google: the port that the browser comes back to (0: any free one).")
    ] = 0,
) -> None:
    """Sign in at Microsoft or Google, once.

    For an account that logs in by token (OAuth2); tokens are then asked for and renewed by themselves.
    """
    from distributor.cli.accounts import setting
    from distributor.wiring import open_workspace

    setting.sign_in(open_workspace(context.obj), name, port)


@app.command()
def check(
    context: typer.Context,
    name: AnyName = "default",
    try_again: Annotated[
        bool, typer.Option("--try-again", help="Offer a login that was refused once more: it was mended over there.")
    ] = False,
) -> None:
    """Connect, log in and leave, without a message.

    Says the limits, and what is known of the provider.
    """
    from distributor.cli.accounts.showing import check_account
    from distributor.wiring import open_workspace

    check_account(open_workspace(context.obj).for_account(name), try_again=try_again)


@app.command()
def presets(as_json: AsJson = False) -> None:
    """Show what providers allow, with source and date.

    DISTRIBUTOR_SMTP_PRESET takes one of them; figures of your own win.
    """
    from distributor.cli.accounts.showing import presets_as_json, show_presets
    from distributor.cli.terminal.output import show_json

    if as_json:
        show_json(presets_as_json())
    else:
        show_presets()


@app.command()
def rules(as_json: AsJson = False) -> None:
    """Show what a mail server's reply is taken to mean.

    The first rule that fits decides; each has its source and date.
    """
    from distributor.cli.accounts.replytable import rules_as_json, show_reply_rules
    from distributor.cli.terminal.output import show_json

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
    from distributor.cli.accounts.showing import lift_wait
    from distributor.wiring import open_workspace

    lift_wait(open_workspace(context.obj), what)
