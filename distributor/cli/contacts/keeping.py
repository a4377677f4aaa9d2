"""`distributor contacts add` and `contacts edit`: the contact base by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from distributor.cli.options import DryRun

if TYPE_CHECKING:
    from distributor.contacts.cleaning.particulars import Field
    from distributor.contacts.people.keeping import Kept

Text = str | None
First = Annotated[Text, typer.Option("--first-name", "--first", help="First name.")]
Last = Annotated[Text, typer.Option("--last-name", "--last", help="Last name.")]
Civility = Annotated[Text, typer.Option(help="Mme, M., Dr, Ms, Mr.")]
Language = Annotated[Text, typer.Option(help="The language they want our news in: fr, en …")]
OtherLanguages = Annotated[Text, typer.Option(help="Further languages they read: «en; de».")]
Familiarity = Annotated[Text, typer.Option(help="tu or vous, for salutations in French.")]
Phone = Annotated[Text, typer.Option(help="Phone number.")]
Region = Annotated[Text, typer.Option(help="The region they cover or live in.")]
Topics = Annotated[Text, typer.Option(help="What they write about: «trains; vélo».")]
Channel = Annotated[Text, typer.Option(help="How they want our news: mail, phone, messaging, post.")]
Attachments = Annotated[Text, typer.Option(help="Whether they take attachments: yes or no.")]
Trust = Annotated[Text, typer.Option("--embargo-trust", help="Whether they keep embargoes: yes or no.")]
Note = Annotated[Text, typer.Option("--note", help="Notes, for us. The journalist may ask to see them.")]
NoteToSend = Annotated[Text, typer.Option(help="A personal line put above each release.")]
Source = Annotated[Text, typer.Option(help="Where we have them from.")]
LegalBasis = Annotated[Text, typer.Option(help="Why they may be kept.")]
CollectedOn = Annotated[Text, typer.Option(help="The day they were collected: 2026-03-01.")]
Outlet = Annotated[Text, typer.Option(help="The outlet they work for.")]
Kind = Annotated[Text, typer.Option("--outlet-kind", help="The outlet's kind, where it is not known: PQR, agence …")]
Role = Annotated[Text, typer.Option(help="Their role there.")]
Desk = Annotated[Text, typer.Option(help="Their desk there.")]
OutletAddress = Annotated[Text, typer.Option(help="The address they have there, if another one.")]
Since = Annotated[Text, typer.Option(help="The day they began there.")]
Until = Annotated[Text, typer.Option(help="Their last day there.")]
Sectors = Annotated[list[str] | None, typer.Option("--sector", help="A sector they cover. Repeatable.")]
Extra = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A field of yours. Repeatable.")]


def add(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The e-mail address.")],
    first_name: First = None,
    last_name: Last = None,
    civility: Civility = None,
    outlet: Outlet = None,
    outlet_kind: Kind = None,
    role: Role = None,
    desk: Desk = None,
    outlet_address: OutletAddress = None,
    since: Since = None,
    sector: Sectors = None,
    lists: Annotated[list[str] | None, typer.Option("--list", help="A press list to put them on. Repeatable.")] = None,
    language: Language = None,
    other_languages: OtherLanguages = None,
    familiarity: Familiarity = None,
    phone: Phone = None,
    region: Region = None,
    topics: Topics = None,
    channel: Channel = None,
    attachments: Attachments = None,
    embargo_trust: Trust = None,
    notes: Note = None,
    note_to_send: NoteToSend = None,
    source: Source = None,
    legal_basis: LegalBasis = None,
    collected_on: CollectedOn = None,
    extra: Extra = None,
    dry_run: DryRun = False,
) -> None:
    """Add one contact. It is cleaned as an import cleans it; without --source it says who entered it."""
    from distributor.contacts.people.keeping import add_contact
    from distributor.wiring import actor, open_workspace

    said = _said(
        first_name=first_name, last_name=last_name, civility=civility, outlet=outlet, outlet_kind=outlet_kind,
        role=role, desk=desk, affiliation_address=outlet_address, valid_from=since, language=language,
        other_languages=other_languages, familiarity=familiarity, phone=phone, region=region, topics=topics,
        channel=channel, attachments=attachments, embargo_trust=embargo_trust, notes=notes, note_to_send=note_to_send,
        source=source, legal_basis=legal_basis, collected_at=collected_on,
    )  # fmt: skip
    workspace = open_workspace(context.obj)
    with workspace.database.session() as session:
        kept = add_contact(
            session, workspace.keyring, address, said,
            extra=_pairs(extra or ()), sectors=sector or (), lists=lists or (), actor=actor(),
        )  # fmt: skip
        if dry_run:
            session.rollback()
    _say(kept, f"{address}: added.", dry_run=dry_run)


def edit(
    context: typer.Context,
    contact: Annotated[str, typer.Argument(help="An address or a name.")],
    first_name: First = None,
    last_name: Last = None,
    civility: Civility = None,
    outlet: Outlet = None,
    role: Role = None,
    desk: Desk = None,
    outlet_address: OutletAddress = None,
    since: Since = None,
    until: Until = None,
    end_affiliation: Annotated[
        list[str] | None, typer.Option(metavar="OUTLET", help="An outlet they have left. Repeatable.")
    ] = None,
    sector: Sectors = None,
    remove_sector: Annotated[list[str] | None, typer.Option(help="A sector they do not cover. Repeatable.")] = None,
    address: Annotated[
        Text, typer.Option(help="Their main address from now on; the former one is kept as well.")
    ] = None,
    add_address: Annotated[list[str] | None, typer.Option(help="One more address of theirs. Repeatable.")] = None,
    remove_address: Annotated[list[str] | None, typer.Option(help="An address they have no more. Repeatable.")] = None,
    language: Language = None,
    other_languages: OtherLanguages = None,
    familiarity: Familiarity = None,
    phone: Phone = None,
    region: Region = None,
    topics: Topics = None,
    channel: Channel = None,
    attachments: Attachments = None,
    embargo_trust: Trust = None,
    notes: Note = None,
    note_to_send: NoteToSend = None,
    source: Source = None,
    legal_basis: LegalBasis = None,
    collected_on: CollectedOn = None,
    extra: Extra = None,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", "--confirm", help="Somebody has made sure that all this still holds.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Change a contact. What you name is replaced, "" erases it; the old value and the new one are told."""
    from distributor.contacts.people.keeping import Edit, edit_contact
    from distributor.contacts.people.members import find_contact
    from distributor.dispatch.recipients.edited import spare_the_former, still_leaves
    from distributor.errors import BadInput
    from distributor.wiring import actor, open_workspace, read_address

    said = _said(
        first_name=first_name, last_name=last_name, civility=civility, outlet=outlet, role=role, desk=desk,
        affiliation_address=outlet_address, valid_from=since, valid_to=until, language=language,
        other_languages=other_languages, familiarity=familiarity, phone=phone, region=region, topics=topics,
        channel=channel, attachments=attachments, embargo_trust=embargo_trust, notes=notes, note_to_send=note_to_send,
        source=source, legal_basis=legal_basis, collected_at=collected_on,
    )  # fmt: skip
    wanted = Edit(
        said, _pairs(extra or ()), address or "", tuple(add_address or ()), tuple(remove_address or ()),
        tuple(sector or ()), tuple(remove_sector or ()), tuple(end_affiliation or ()), confirmed,
    )  # fmt: skip
    if wanted.is_empty:
        raise BadInput("Nothing is asked to be changed.", mend="Name what, as in: --phone '02 98 00 00 31'")
    workspace = open_workspace(context.obj)
    with workspace.database.session() as session:
        who = find_contact(session, contact)
        kept = edit_contact(session, workspace.keyring, who.contact_id, wanted, actor=actor())
        former = {read_address(one.old).key for one in kept.changes if one.what == "other address" and not one.new}
        spared = spare_the_former(session.connection(), workspace.log(), who.contact_id, former)
        leaving = still_leaves(session.connection(), who.contact_id) if kept.changes else []
        if dry_run:
            session.rollback()
    _say(kept, f"{who.name or who.address}: changed.", dry_run=dry_run)
    if not spared and not leaving:
        return
    from distributor.cli.dispatches.awaiting import say_due, say_what_waits

    say_what_waits(spared, leaving)
    if not dry_run and any(one.what == "embargo_trust" for one in kept.changes):
        say_due(workspace, {one.dispatch_id for one in leaving})


def _said(**texts: Text) -> dict[Field, str]:
    from distributor.contacts.cleaning.particulars import Field

    return {Field(name): text for name, text in texts.items() if text is not None}


def _pairs(texts: Sequence[str]) -> Mapping[str, str]:
    from distributor.errors import BadInput

    found = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign:
            raise BadInput(f"«{text}» sets nothing.", field="--set", mend="Write it as: --set speciality=trains")
        found[key.strip()] = value.strip()
    return found


def _say(kept: Kept, done: str, *, dry_run: bool) -> None:
    """What was changed, old → new, and what was cleaned or should be thought about."""
    from distributor.cli.terminal.output import console, styled

    out = console()
    if not kept.changes:
        out.print("Nothing changed: it is so already.")
    else:
        out.print("Nothing is written; this is what would change:" if dry_run else done)
    for change in kept.changes:
        out.print(f"  {change}")
    for remark in kept.remarks:
        out.print(styled(f"  {remark}", "yellow"))
