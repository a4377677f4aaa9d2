"""`distributor send`: the main job."""

from __future__ import annotations

from typing import Annotated

import typer

from distributor.cli.options import (
    AsJson,
    At,
    AttachPdf,
    Because,
    DryRun,
    Lists,
    NotAfter,
    Override,
    Slug,
    Verbose,
    Yes,
    a_filter,
)


def send(
    context: typer.Context,
    slug: Slug,
    lists: Lists = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Leave out who stands on this list; several times.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Leave out who does not stand on this list too; several times.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            metavar="FILTER",
            help='Leave out who is not matched, as by: "language:fr and not kind:agency".',
            callback=a_filter,
        ),
    ] = None,
    dry_run: DryRun = False,
    test: Annotated[str, typer.Option(metavar="ADDRESS", help="Send one message to this address, as a test.")] = "",
    contact: Annotated[
        str, typer.Option("--as", "--contact", help="With --test: exactly what this contact would get.")
    ] = "",
    override: Override = None,
    because: Because = "",
    again: Annotated[
        bool | None,
        typer.Option(
            "--again/--not-again",
            help="Who has an earlier version gets this one too; or is left out.",
            show_default=False,
        ),
    ] = None,
    attach_pdf: AttachPdf = False,
    at: At = "",
    not_after: NotAfter = "",
    waves: Annotated[
        list[str] | None,
        typer.Option("--wave", metavar="LIST[@TIME]", help="A list and when it leaves: @+30m, @18:00; in their order."),
    ] = None,
    exclusive: Annotated[
        str, typer.Option(metavar="CONTACT|OUTLET", help="This contact or outlet first; the others after --for.")
    ] = "",
    ahead: Annotated[str, typer.Option("--for", metavar="TIME", help="How long an exclusive is ahead, as 2h.")] = "",
    yes: Yes = False,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Prove a release, then send it to press lists. One message per journalist, each with its line in the log."""
    from distributor.cli import sending
    from distributor.errors import BadInput
    from distributor.wiring import open_workspace

    if test and dry_run:
        raise BadInput("--test sends one message, --dry-run sends none.", mend="To look at it: releases preview")
    if contact and not test:
        raise BadInput("--as goes with --test.", mend="Send to lists with --list, or look with: releases preview")
    if test and (at or not_after):
        raise BadInput("--at and --not-after go with --list: a test leaves at once.", mend="Leave them out.")
    if as_json and not dry_run:
        raise BadInput("--json goes with --dry-run.", mend="When it is sent: report --json")
    workspace = open_workspace(context.obj)
    if test:
        sending.send_test(workspace, slug, test, contact, lists or [], attach_pdf=attach_pdf, verbose=verbose)
        return
    if not lists and not waves:
        raise BadInput("Nobody is named to send to.", mend="Add --list NAME; see: distributor lists list")
    if lists and waves:
        raise BadInput("--wave names its list itself.", field="--list", mend="Leave --list out, or make it a wave.")
    if bool(exclusive) != bool(ahead):
        raise BadInput("An exclusive has a length.", field="--for", mend="Write: --exclusive CONTACT --for 2h")
    sending.send_release(
        workspace,
        slug,
        sending.Choice(
            lists=lists or [],
            waves=waves or [],
            exclusive=exclusive,
            ahead=ahead,
            excluded=exclude or [],
            only=only or [],
            where=where or "",
            overrides=override or [],
            because=because,
            again=again,
            attach_pdf=attach_pdf,
            at=at,
            not_after=not_after,
        ),
        dry_run=dry_run,
        yes=yes,
        verbose=verbose,
        as_json=as_json,
    )
