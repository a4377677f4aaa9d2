"""`distributor releases embargo` and `accept-embargo`: until when a release is held, and who holds it."""

from __future__ import annotations

from typing import Annotated

import typer

from distributor.cli.options import AsJson, Slug, Yes


def embargo(
    context: typer.Context,
    slug: Slug,
    at: Annotated[str, typer.Option(metavar="TIME", help="Move it to then: 2026-12-01T18:00, «demain 18 h».")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Lift it now.")] = False,
    tell: Annotated[bool, typer.Option("--tell", help="Send a word to those who already have it.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Show the embargo of a release, move it, or lift it. Whoever waits for its end is planned anew."""
    from distributor.cli.releases import embargoing
    from distributor.cli.terminal.output import show_json
    from distributor.errors import BadInput
    from distributor.outgoing import embargoes
    from distributor.wiring import open_workspace

    if at and lift:
        raise BadInput("An embargo is moved or lifted, not both.", field="--lift", mend="Leave one of the two out.")
    if (at or lift or tell) and as_json:
        raise BadInput("--json shows an embargo, and neither changes nor tells it.", mend="Leave --json out.")
    workspace = open_workspace(context.obj)
    if at or lift or tell:
        embargoing.move(workspace, slug, at, lifts=lift, tells=tell, yes=yes)
    elif as_json:
        show_json(embargoes.read(workspace, slug))
    else:
        embargoing.show(workspace, slug)


def accept_embargo(
    context: typer.Context,
    slug: Slug,
    contacts: Annotated[list[str], typer.Argument(metavar="CONTACT…", help="Who has agreed: addresses or names.")],
    how: Annotated[str, typer.Option(help="How they said so, as: by telephone, to Anne.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="They no longer hold it.")] = False,
) -> None:
    """Note who agrees to hold a release. Only they get it before the end of its embargo."""
    from distributor.cli.releases import embargoing
    from distributor.wiring import open_workspace

    embargoing.note(open_workspace(context.obj), slug, contacts, how, withdrawn=withdraw)
