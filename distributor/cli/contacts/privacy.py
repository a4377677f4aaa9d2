"""`distributor contacts forget`, `data`, `stale`, `notes-check`: what the law wants of a base of people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distributor.cli.options import AsJson, Yes

if TYPE_CHECKING:
    from sqlmodel import Session

    from distributor.privacy.forget import Forgotten
    from distributor.privacy.subject import Subject
    from distributor.wiring import Workspace

_FEW = 20
_OPTIONS = {"notes": "--note", "note_to_send": "--note-to-send"}
Contact = Annotated[str, typer.Argument(help="An address or a name.")]


def forget(context: typer.Context, contact: Contact, yes: Yes = False) -> None:
    """Erase a person everywhere, at their request. Totals of past reports stay, and nobody can import them again."""
    from distributor.cli.terminal.output import ask
    from distributor.errors import require_as_asked
    from distributor.privacy.forget import forget as forget_people
    from distributor.privacy.subject import find_for_erasure
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        subject = find_for_erasure(session, workspace.keyring, contact)
    ask(f"Erase {subject.label} from the base and from this workspace's files? It cannot be undone.", yes=yes)

    def same(session: Session) -> list[Subject]:
        found = find_for_erasure(session, workspace.keyring, contact)
        require_as_asked(subject, found, f"who «{contact}» is")
        return [found]

    _say(forget_people(workspace.database, workspace.keyring, workspace.path, same, actor=actor()), workspace)


def data(
    context: typer.Context,
    contact: Contact,
    html: Annotated[Path | None, typer.Option(help="Write a page that the journalist can read.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show everything that is held on a person, from every table."""
    from distributor.cli.terminal.output import console, count, show_json
    from distributor.files import Output
    from distributor.models import Audit
    from distributor.privacy.data import collect
    from distributor.privacy.page import held_as_page
    from distributor.privacy.subject import find_subject
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    settings = workspace.settings
    target = Output(html, workspace.own_files, endings=(".html", ".htm")) if html else None
    if target is not None:
        target.check()
    with workspace.database.session() as session:
        held = collect(session, workspace.keyring, find_subject(session, contact))
        hashes = [workspace.keyring.address_hash(address.key) for address in held.subject.addresses]
        session.add(Audit(actor=actor(), action="contacts.data", subject=next(iter(hashes), "")))
    if target is not None:
        to = settings.objection_address or settings.reply_to or settings.mail_from or ""
        page = held_as_page(held, organisation=settings.organisation, contact_address=str(to), zone=settings.timezone)
        target.write(page.encode())
        console(stderr=as_json).print(f"Everything held on {held.subject.label} is in {html}")
    if as_json:
        show_json(held.as_json())
    elif target is None:
        out = console()
        out.print(f"{held.subject.label}:")
        for table, rows in held.rows.items():
            out.print(f"  {table}: {count(len(rows), 'row')}")
        out.print("All of it with --json, or with --html FILE as a page for the journalist.")


def stale(
    context: typer.Context,
    years: Annotated[int, typer.Option(min=1, max=50, help="How many years without a sign of life.")] = 3,
    forget_them: Annotated[bool, typer.Option("--forget", help="Erase them all; asks for their number.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """List the contacts who gave no sign of life for years. They are to be reviewed, asked, or erased."""
    from dataclasses import asdict

    from distributor import clock
    from distributor.cli.terminal.output import count, show_json, show_table, suggest, when
    from distributor.errors import require_as_asked
    from distributor.privacy.forget import forget as forget_people
    from distributor.privacy.staleness import stale_contacts, years_before
    from distributor.privacy.subject import subject_of
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    before = years_before(clock.now(), years)
    with workspace.database.session(reads_only=True) as session:
        found = stale_contacts(session, before)
    if as_json:
        show_json([asdict(one) for one in found])
    else:
        zone = workspace.settings.timezone
        show_table(
            ["name", "address", "outlet", "last sign of life", ""],
            [(o.name, o.address, o.outlet, when(o.last_sign, zone)[:10], o.sign.value) for o in found],
            title=f"{count(len(found), 'contact')} without a sign of life since {when(before, zone)[:10]}",
            whole=[1],
        )
    if not found or as_json:
        return
    if forget_them:
        _confirm_number(len(found), yes=yes)

        def same(session: Session) -> list[Subject]:
            require_as_asked(found, stale_contacts(session, before), "who gave no sign of life")
            return [subject_of(session, one.contact_id) for one in found]

        _say(forget_people(workspace.database, workspace.keyring, workspace.path, same, actor=actor()), workspace)
        return
    suggest("Somebody who is still right:", "distributor contacts edit ADDRESS --confirmed")
    suggest(
        "Ask them whether they want to stay, then erase who does not answer:", "distributor contacts forget ADDRESS"
    )
    suggest("All of them at once:", f"distributor contacts stale --years {years} --forget")


def check_notes(context: typer.Context, as_json: AsJson = False) -> None:
    """Look through the notes for what may not be noted. That is opinion, union, health, religion, origin, crime."""
    from distributor.cli.terminal.output import console, count, show_json
    from distributor.contacts.cleaning.notelint import lint_note
    from distributor.contacts.people.members import all_contacts
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        members = all_contacts(session)
    found = [
        {
            "address": member.address,
            "name": member.name,
            "field": name,
            "category": warning.category,
            "words": warning.words,
        }
        for member in members
        for name in _OPTIONS
        for warning in lint_note(getattr(member, name))
    ]
    if as_json:
        show_json(found)
        return
    out = console()
    for one in found:
        out.print(f"{one['name'] or one['address']}: {one['field']}: «{one['words']}» reads as {one['category']}.")
    if found:
        out.print("Such notes may not be kept, and the journalist may ask to see them.")
        for address, name in dict.fromkeys((one["address"], one["field"]) for one in found):
            out.print(f"Mend: distributor contacts edit {address} {_OPTIONS[name]} TEXT", soft_wrap=True)
    else:
        out.print(f"Nothing to object to in the notes of {count(len(members), 'contact')}.")


def _confirm_number(number: int, *, yes: bool) -> None:
    """Have the number of people typed: one letter is too little for an erasure of many."""
    import sys

    from distributor.errors import BadInput, Interrupted

    if yes:
        return
    if not sys.stdin.isatty():
        raise BadInput("This wants their number, and there is nobody here to ask.", mend="Add --yes if you are sure.")
    try:
        typed = typer.prompt(f"This cannot be undone. Type {number} to erase them")
    except typer.Abort:
        typed = ""
    if typed.strip() != str(number):
        raise Interrupted("Nothing was erased.")


def _say(done: Forgotten, workspace: Workspace) -> None:
    """What was erased, and what is left for a person to do."""
    from distributor.cli.terminal.output import console, count, when

    out, erasure, traces = console(), done.erasure, done.traces
    out.print(
        f"Erased: {count(erasure.contacts, 'entry', 'entries')}, the person in"
        f" {count(erasure.deliveries + erasure.tests, 'delivery', 'deliveries')}"
        f" and in {count(erasure.mentions, 'other row')}. Figures of past reports stay as they were."
    )
    if erasure.withheld:
        out.print(f"{count(erasure.withheld, 'message')} that still waited will not be sent.")
    for paths, what in (
        (traces.copies, "Deleted, a copy of what we wrote to or about them:"),
        (traces.exports, "Deleted, an export that held them; make it again:"),
        (traces.lists, "Their rows are taken out of:"),
        (traces.others, "Still holds the address; it is yours to change:"),
        (traces.closed, "Could not be looked into:"),
    ):
        for path in paths:
            out.print(f"{what} {path.relative_to(workspace.path)}")
    for slug in erasure.smart_lists:
        out.print(f"The filter of the list {slug} still names them: distributor lists show {slug}")
    for export in done.exports[:_FEW]:
        to = "on standard output, to wherever that went" if export.file == "-" else f"to {export.file}"
        out.print(f"Exported by {export.actor}, {when(export.at, workspace.settings.timezone)}, {to}.", soft_wrap=True)
    out.print("Copies of the database, and whatever was exported or printed, are yours to look for.")
