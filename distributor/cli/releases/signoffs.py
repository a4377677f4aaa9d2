"""`releases sign-off`, and how signatures are shown: who signed, for whom, whether it still holds, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distributor.cli.options import Account, AsJson, AttachPdf, Exclude, Lists, Only, Slug, Where

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from distributor.dispatch.signoff.leaving import Leaving
    from distributor.dispatch.signoff.signoffs import Signature, SignOffStanding
    from distributor.wiring import Workspace


def sign_off(
    context: typer.Context,
    slug: Slug,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who signs; your account is kept beside it.")] = "",
    lists: Lists = None,
    exclude: Exclude = None,
    only: Only = None,
    where: Where = None,
    attach_pdf: AttachPdf = False,
    account: Account = "default",
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take signatures back: all of them, or with --by those of one name.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Sign a release for sending (bon à diffuser).

    It is signed as it is now, from whom it comes now, and for whoever the lists hold now. Any later edit, change of a
    template, of the sender or of the lists voids it. Without --list it is signed for every list.
    """
    from distributor.outgoing.naming import scope_of
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj).for_account(account)
    if withdraw:
        _withdraw(workspace, slug, by, as_json=as_json)
        return
    scope = scope_of(lists, exclude, only, where, attach_pdf=attach_pdf, account=account)
    sign_release(workspace, slug, by, scope, as_json=as_json)


def sign_release(workspace: Workspace, slug: str, by: str, scope: dict[str, Any], *, as_json: bool = False) -> None:
    """Sign a release for a send to the lists of `scope`, and say what was signed, and what is still missing."""
    from distributor.cli.terminal.output import show_json
    from distributor.clock import now
    from distributor.dispatch.signoff import signoffs
    from distributor.outgoing.leaving import survey
    from distributor.releases import store
    from distributor.wiring import actor

    with workspace.database.session() as session:
        stored = store.find_release(session, slug)
        leaving = survey(workspace, session, stored, scope)
        named = leaving.parts[0].manifest
        if scope["lists"] is not None:  # as they are called now, however they were spelled
            scope |= {
                "lists": list(named.lists),
                "excluded": list(named.excluded_lists),
                "only": list(named.only_lists),
            }
        row, is_new = signoffs.sign(session, leaving, name=by, actor=actor(), scope=scope, now=now())
        found = signoffs.standing(session, leaving, signoffs.Rule.from_settings(workspace.settings))
        signature = signoffs.held_against(session, row, leaving, signoffs.Rule.from_settings(workspace.settings))
        files = [file for part in leaving.parts for file in store.attachments_of(session, part.version)]
    if as_json:
        show_json(
            signature_as_json(signature) | {"parts": row.parts, "manifest_hash": row.manifest_hash, "new": is_new}
        )
        return
    _say_signed(workspace, signature, leaving, [(f.name, f.media_type, f.size, f.sha256) for f in files], is_new=is_new)
    _say_what_is_missing(workspace, found, slug, scope)


def _say_signed(
    workspace: Workspace,
    signature: Signature,
    leaving: Leaving,
    files: Sequence[tuple[str, str, int, str]],
    *,
    is_new: bool,
) -> None:
    """What exactly was signed: each version, file, template and the number of people, with their hashes."""
    from distributor.cli.terminal.output import console, count, when

    out = console()
    moment = when(signature.signed_at, workspace.settings.timezone)
    verb = "Signed" if is_new else f"Signed already, on {moment},"
    out.print(f"{verb} by {signature.name} (account {signature.actor}): {signature.digest[:12]}")
    out.print(f"  from {leaving.sender['from']}")
    for part in leaving.parts:
        people = count(len(part.manifest.recipients), "recipient")
        out.print(f"  «{part.slug}», version {part.version.number} ({part.version.content_hash[:12]}): {people}")
    for name, media_type, size, sha256 in files:
        out.print(f"  {name} ({media_type}, {size:,} bytes, {sha256[:12]})")
    for name, sha256 in leaving.files.items():
        out.print(f"  {name}, the logo ({sha256[:12]})")
    if leaving.attach_pdf:
        out.print("  the PDF made of it")
    lists = "every list" if signature.lists is None else ", ".join(signature.lists)
    out.print(f"  for {lists}: {count(leaving.count, 'recipient')} ({leaving.manifest_hash[:12]})")
    out.print(f"  with {count(len(leaving.templates), 'template file')}")


def _say_what_is_missing(workspace: Workspace, found: SignOffStanding, slug: str, scope: dict[str, Any]) -> None:
    from distributor.cli.terminal.output import console, count, suggest
    from distributor.outgoing.naming import how_to_send
    from distributor.outgoing.proving import corrects_something, is_follow_up

    if found.missing:
        for one in found.signatures:
            if one.excluded:
                console().print(f"  {one.name}: {one.excluded}")
        console().print(f"{count(found.missing, 'more signature is', 'more signatures are')} needed.")
    elif scope["lists"] is not None or corrects_something(workspace, slug) or is_follow_up(workspace, slug):
        suggest("Next:", how_to_send(slug, scope))


def _withdraw(workspace: Workspace, slug: str, by: str, *, as_json: bool) -> None:
    from distributor.cli.releases.showing import show_still_leaving
    from distributor.cli.terminal.output import console, show_json, when
    from distributor.clock import now
    from distributor.dispatch.recipients.earlier import still_leaving
    from distributor.dispatch.signoff import signoffs
    from distributor.releases import store
    from distributor.wiring import actor

    with workspace.database.session() as session:
        release = store.find_release(session, slug).release
        rows = signoffs.withdraw(session, release, name=by, actor=actor(), now=now())
        leaving = still_leaving(session, [one.release for one in store.language_versions(session, release)])
    if as_json:
        show_json([signoffs.signature_of(row).as_json() | {"withdrawn_at": row.withdrawn_at} for row in rows])
    else:
        for row in rows:
            moment = when(row.signed_at, workspace.settings.timezone)
            console().print(f"The signature of {row.name}, {moment}, is withdrawn.")
    show_still_leaving(leaving)


def show_signatures(found: Iterable[Signature], zone: ZoneInfo) -> None:
    """Each signature on a line: who, when, for which lists, and whether it holds; void ones with what changed."""
    from distributor.cli.terminal.output import console, show_under

    for one in found:
        console().print(f"Signed off by {describe(one, zone)}")
        for change in one.changes:
            show_under(console(), change)


def show_missing(found: SignOffStanding, slug: str, scope: dict[str, Any]) -> None:
    """What is missing before it can be sent, and the command that signs; nothing when enough have signed."""
    from distributor.cli.terminal.output import suggest
    from distributor.outgoing.naming import how_to_sign

    if found.missing:
        suggest(f"{found.why} Sign it:", how_to_sign(slug, scope))


def require_enough(found: SignOffStanding, slug: str, scope: Mapping[str, Any], zone: ZoneInfo) -> None:
    """Show what became of each signature; raise `Refused`, with the command that signs, where too few hold."""
    from distributor.errors import Refused
    from distributor.outgoing.naming import how_to_sign

    show_signatures(found.signatures, zone)
    if found.missing:
        raise Refused(f"{found.why} Nothing was sent.", mend=f"Sign it: {how_to_sign(slug, scope)}")


def describe(one: Signature, zone: ZoneInfo) -> str:
    """A signature in one line, what changed since left out."""
    from distributor.cli.terminal.output import when

    lists = "every list" if one.lists is None else ", ".join(one.lists)
    how = "holds" if one.holds else "void, because of what changed since:"
    return f"{one.name} ({one.actor}), {when(one.signed_at, zone)}, for {lists}: {one.excluded or how}"


def signature_as_json(one: Signature) -> dict[str, Any]:
    """A signature, and whether it holds."""
    lists = None if one.lists is None else list(one.lists)
    told = {"lists": lists, "holds": one.holds, "counts": one.counts, "changes": list(one.changes)}
    return one.as_json() | told | {"excluded": one.excluded}


def standing_as_json(found: SignOffStanding) -> dict[str, Any]:
    """How many signatures are needed and missing, and each of them."""
    each = [signature_as_json(one) for one in found.signatures]
    return {"needed": found.needed, "missing": found.missing, "signatures": each}
