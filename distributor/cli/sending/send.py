"""`distributor send`: the main job."""

from __future__ import annotations

from typing import Annotated

import typer

from distributor.cli.options import (
    Account,
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
    Where,
    Yes,
)


def send(
    context: typer.Context,
    slug: Slug,
    lists: Lists = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Leave out who stands on this list; several times.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Leave out who does not stand on this list too; several times.")
    ] = None,
    where: Where = None,
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
    recipients: Annotated[
        int | None, typer.Option("--recipients", min=0, help="How many it goes to; another number stops the send.")
    ] = None,
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
    account: Account = "default",
    then: Annotated[
        str, typer.Option(metavar="NAME", help="The account that takes over if that one is refused; no recipient is.")
    ] = "",
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Prove a release, then send it to press lists. One message per journalist, each with its line in the log.

    A follow-up (`releases follow-up`) and a correction need no list: they go to whoever has the release.
    """
    from distributor.cli.sending import walk
    from distributor.errors import BadInput
    from distributor.outgoing.proving import corrects_something, is_follow_up
    from distributor.wiring import open_workspace

    if test and dry_run:
        raise BadInput(
            "--test sends one message, --dry-run sends none.",
            mend=f"To look at it: distributor releases preview {slug}",
        )
    if contact and not test:
        raise BadInput(
            "--as goes with --test.",
            mend=f"Send to lists with --list, or look with: distributor releases preview {slug}",
        )
    if test and (at or not_after):
        raise BadInput("--at and --not-after go with --list: a test leaves at once.", mend="Leave them out.")
    if as_json and not dry_run:
        raise BadInput("--json goes with --dry-run.", mend=f"When it is sent: distributor report {slug} --json")
    if then and test:
        raise BadInput("A test goes through one account.", mend="Test each: --account NAME --test ADDRESS")
    workspace = open_workspace(context.obj).for_account(account)
    if test:
        from distributor.cli.sending.trial import send_test

        send_test(workspace, slug, test, contact, lists or [], attach_pdf=attach_pdf, verbose=verbose)
        return
    if corrects_something(workspace, slug):
        from distributor.cli.sending import corrections
        from distributor.dispatch.recipients.narrowing import Selection

        corrections.require_none_of(
            {
                "--at": at,
                "--not-after": not_after,
                "--wave": waves,
                "--exclusive": exclusive,
                "--for": ahead,
                "--again" if again else "--not-again": again is not None,
                "--then": then,
                "--recipients": recipients is not None,
            }
        )
        corrections.send_correction(
            workspace,
            slug,
            newcomers=Selection(lists, exclude or [], only or [], where or ""),
            overrides=override or [],
            because=because,
            attach_pdf=attach_pdf,
            dry_run=dry_run,
            yes=yes,
            as_json=as_json,
            verbose=verbose,
        )
        return
    if not lists and not waves and not is_follow_up(workspace, slug):
        raise BadInput("Nobody is named to send to.", mend="Add --list NAME; see: distributor lists list")
    if lists and waves:
        raise BadInput("--wave names its list itself.", field="--list", mend="Leave --list out, or make it a wave.")
    if bool(exclusive) != bool(ahead):
        raise BadInput("An exclusive has a length.", field="--for", mend="Write: --exclusive CONTACT --for 2h")
    walk.send_release(
        workspace,
        slug,
        walk.Choice(
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
            account=account,
            then=then,
            recipients=recipients,
            at=at,
            not_after=not_after,
        ),
        dry_run=dry_run,
        yes=yes,
        verbose=verbose,
        as_json=as_json,
    )
