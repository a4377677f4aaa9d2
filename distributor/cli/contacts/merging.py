"""`distributor contacts duplicates` and `contacts merge`: who seems to be one person, and making them one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distributor.cli.options import AsJson, DryRun, Yes

if TYPE_CHECKING:
    from distributor.contacts.people.combining import MergePlan, Undone
    from distributor.contacts.people.duplicates import Duplicate, Person
    from distributor.contacts.people.members import Member
    from distributor.dispatch.recipients.merged import WaitingDelivery
    from distributor.wiring import Workspace


def duplicates(
    context: typer.Context,
    list_name: Annotated[str, typer.Option("--list", help="Only pairs with somebody on this press list.")] = "",
    min_score: Annotated[int, typer.Option(min=1, max=100, help="How sure, of 100, a pair must be.")] = 85,
    dismiss: Annotated[
        tuple[str, str] | None, typer.Option(metavar="A B", help="Keep that these are two people; not proposed again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Propose contacts who may be one person. Each pair has a score and reasons; desks are left apart."""
    from distributor.cli.terminal.output import console, show_json
    from distributor.contacts.lists import press_lists
    from distributor.contacts.people.duplicates import find_duplicates, mark_distinct
    from distributor.contacts.people.members import find_contact
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    if dismiss:
        with workspace.database.session() as session:
            first, second = (find_contact(session, one) for one in dismiss)
            mark_distinct(session, first.contact_id, second.contact_id, actor=actor())
        console().print(f"{first.address} and {second.address} are two people, and are not proposed again.")
        return
    with workspace.database.session(reads_only=True) as session:
        only = None
        if list_name:
            only = {one.contact_id for one in press_lists.list_members(session, list_name, workspace.keyring)}
        found = find_duplicates(session, only, min_score=min_score)
    if as_json:
        show_json([_as_json(pair) for pair in found])
    else:
        _show(found)


def merge(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="A", help="The contact that stays, by address or name.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The one that becomes a further address of A.")] = "",
    keep: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=A|B", help="Whose value of a field is kept. Repeatable.")
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Make them two again: of A, of A and B, or by its number.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Make two contacts one. Lists, history and objections of both are kept; it can be undone."""
    from distributor.cli.terminal.output import ask, console, suggest
    from distributor.contacts.people import combining
    from distributor.contacts.people.members import find_contact
    from distributor.dispatch.recipients.merged import spare_the_second
    from distributor.errors import BadInput, require_as_asked
    from distributor.states import ELSEWHERE
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    if undo:
        _undo(workspace, [one for one in (first, second) if one], dry_run=dry_run)
        return
    if not second:
        raise BadInput("Two contacts make one.", mend="Name both: distributor contacts merge A B")
    choices = _choices(keep or ())
    with workspace.database.session(reads_only=True) as session:
        a, b = find_contact(session, first), find_contact(session, second)
        plan = combining.plan_merge(session, a.contact_id, b.contact_id, choices)
    _show_plan(plan, a, b)
    if dry_run:
        return
    ask(f"Make {b.name or b.address} a further address of {a.name or a.address}?", yes=yes)
    with workspace.database.session() as session:
        agreed, plan = plan, combining.plan_merge(session, a.contact_id, b.contact_id, choices)
        found = [find_contact(session, one).contact_id for one in (first, second)]
        require_as_asked((agreed.resolved, agreed.first, agreed.second), (plan.resolved, *found), "one of the two")
        number = combining.merge(session, workspace.keyring, plan, actor=actor())
        spared = spare_the_second(session.connection(), workspace.log(), a.contact_id)
    console().print(f"They are one contact now, {a.address} (merge {number}).")
    for one in spared:
        console().print(
            f"{one.address} is not sent «{one.slug}» (dispatch {one.dispatch_id}): {ELSEWHERE} that has it.",
            soft_wrap=True,
        )
    suggest("To undo it:", f"distributor contacts merge --undo {number}")


def _undo(workspace: Workspace, names: Sequence[str], *, dry_run: bool) -> None:
    from distributor.contacts.people import combining
    from distributor.contacts.people.members import find_contact
    from distributor.dispatch.recipients.merged import spared_for_nothing
    from distributor.models import Contact
    from distributor.wiring import actor

    with workspace.database.session() as session:
        if len(names) == 1 and names[0].isdecimal():
            done = combining.find_merge(session, [int(names[0])])
        else:
            addresses = [name if "@" in name else find_contact(session, name).address for name in names]
            done = combining.find_merge(session, addresses)
        undone = combining.undo(session, done, actor=actor())
        pair = [str(session.get_one(Contact, one).address) for one in (undone.first, undone.second)]
        missing = spared_for_nothing(session.connection(), (undone.first, undone.second))
        if dry_run:
            session.rollback()
    _say_undone(undone, pair, missing, dry_run=dry_run)


def _say_undone(undone: Undone, pair: Sequence[str], missing: Sequence[WaitingDelivery], *, dry_run: bool) -> None:
    from distributor.cli.terminal.output import console, styled

    said = "would be two contacts again" if dry_run else "are two contacts again"
    console().print(f"{' and '.join(pair)} {said} (merge {undone.merge_id}).")
    for line in undone.left:
        console().print(styled(f"  {line}", "yellow"))
    for one in missing:
        console().print(
            f"  {one.address} was not sent «{one.slug}» (dispatch {one.dispatch_id}), as one who had it."
            f" {one.after_all}",
            soft_wrap=True,
        )


def _choices(texts: Sequence[str]) -> dict[str, str]:
    from distributor.errors import BadInput

    found = {}
    for text in texts:
        name, sign, side = text.rpartition("=")
        if not sign:
            raise BadInput(f"«{text}» chooses nothing.", field="--keep", mend="Write it as: --keep phone=B")
        found[name.strip().replace("-", "_")] = side.strip()
    return found


def _show_plan(plan: MergePlan, a: Member, b: Member) -> None:
    """What becomes of each field in which the two are not the same."""
    from distributor.cli.terminal.output import console, show_table, styled

    out = console()
    out.print(f"A: {_described(a)}")
    out.print(f"B: {_described(b)}")
    rows = [
        (
            one.field,
            one.first,
            one.second,
            one.kept,
            styled(one.why, "yellow" if one.is_conflict else ""),
        )
        for one in plan.resolved
    ]
    show_table(["field", "A", "B", "kept", "because"], rows)
    if any(one.is_conflict for one in plan.resolved):
        out.print("To choose otherwise: --keep FIELD=A or --keep FIELD=B")
    out.print("Affiliations, lists, sectors and history of both are kept; what either objected to holds for both.")


def _described(member: Member) -> str:
    from distributor.cli.lists.showing import described

    return described(member)


def _show(found: Sequence[Duplicate]) -> None:
    from distributor.cli.terminal.output import console, count, styled

    out = console()
    for pair in found:
        out.print(styled(f"{pair.score}  {', '.join(pair.reasons)}", "bold"))
        for one in (pair.first, pair.second):
            outlets = f", {', '.join(one.outlets)}" if one.outlets else ""
            out.print(f"    {one.name or '(no name)'}{outlets} <{one.address}>")
        out.print(f"    {pair.command}", soft_wrap=True)
    out.print(f"{count(len(found), 'pair')} of contacts who may be one person.")
    if found:
        out.print("Two people after all: distributor contacts duplicates --dismiss A B", soft_wrap=True)


def _as_json(pair: Duplicate) -> dict[str, Any]:
    return {
        "score": pair.score,
        "reasons": pair.reasons,
        "first": _person(pair.first),
        "second": _person(pair.second),
        "command": pair.command,
    }


def _person(one: Person) -> dict[str, Any]:
    return {"contact_id": one.contact_id, "name": one.name, "address": one.address, "outlets": one.outlets}
