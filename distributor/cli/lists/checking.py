"""`distributor lists check`: what is not well on press lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from distributor.cli.options import AsJson

if TYPE_CHECKING:
    from distributor.contacts.lists.domains import DomainAnswer, Lookup
    from distributor.contacts.lists.health import Finding
    from distributor.models import MediaList
    from distributor.wiring import Workspace

_DNS_SECONDS = 20.0
_SHOWN = 10


def check(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[LIST…]", help="Some lists (default: all).")] = None,
    months: Annotated[int, typer.Option(min=1, help="How long a confirmation counts.")] = 12,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nothing of the DNS; use what it said before.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="End with exit code 3 when something is found.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is not well on press lists, and what mends it.

    Bounces, stale and doubled entries, dead domains. The DNS is asked whether the domains take mail; its answers are
    kept for a week.
    """
    from dataclasses import asdict

    from distributor.cli.terminal.output import show_json
    from distributor.contacts.lists import health
    from distributor.errors import Refused
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    chosen = _chosen(workspace, names or [])
    answers = _domain_answers(workspace, chosen, offline=offline)
    with workspace.database.session(reads_only=True) as session:
        found = [
            finding
            for one in chosen
            for finding in health.check_list(session, one, months=months, keyring=workspace.keyring, answers=answers)
        ]
    if as_json:
        show_json([asdict(one) for one in found])
    else:
        _show(chosen, found)
    if strict and found:
        raise Refused("" if as_json else "Something is not well on these lists.")


def _chosen(workspace: Workspace, names: Sequence[str]) -> list[MediaList]:
    from distributor.contacts.lists import press_lists

    with workspace.database.session(reads_only=True) as session:
        every = names or [one.slug for one in press_lists.lists(session, workspace.keyring)]
        found = {one.slug: one for one in (press_lists.find_list(session, name) for name in every)}
    return list(found.values())


def _domain_answers(workspace: Workspace, chosen: Sequence[MediaList], *, offline: bool) -> dict[str, DomainAnswer]:
    """What the DNS says, or said before, of the domains of these lists; asked outside of any transaction."""
    from distributor.contacts.lists import domains, health, press_lists
    from distributor.errors import BadInput

    asked: set[str] = set()
    with workspace.database.session(reads_only=True) as session:
        for one in chosen:
            try:
                asked.update(health.domains_of(list(press_lists.list_members(session, one.slug, workspace.keyring))))
            except BadInput:
                continue  # a query that cannot be answered: the check of the list says so
        known = domains.kept_answers(session, asked)
    if offline or not asked:
        return known
    new = domains.ask_domains(sorted(asked), known, _lookup(), seconds=_DNS_SECONDS)
    if new:
        with workspace.database.session() as session:
            domains.keep_answers(session, new)
    return known | {one.domain: one for one in new}


def _lookup() -> Lookup:
    from distributor.doctor.lookup import DnsLookup, DnsSilent

    dns = DnsLookup(total_seconds=_DNS_SECONDS)

    def ask(name: str, kind: str) -> Sequence[str] | None:
        try:
            return dns(name, kind)
        except DnsSilent:
            return None

    return ask


def _show(chosen: Sequence[MediaList], found: Sequence[Finding]) -> None:
    from itertools import groupby

    from distributor.cli.terminal.output import console, count, styled

    out = console()
    for one in chosen:
        of_list = [finding for finding in found if finding.list_slug == one.slug]
        said = count(len(of_list), "finding") if of_list else "all is well"
        out.print(styled(f"{one.name} ({one.slug}): {said}", "bold"))
        for code, group in groupby(of_list, key=lambda finding: finding.code):
            _show_group(code, list(group))


def _show_group(code: str, found: Sequence[Finding]) -> None:
    """Findings of one code: said once where all say the same, then whom they are about."""
    from distributor.cli.terminal.output import console, count, styled

    out = console()
    people = [finding for finding in found if finding.contact_id is not None]
    messages = {finding.message for finding in found}
    whole = f"{count(len(people), 'contact')}: " if people else ""
    out.print(styled(f"  {code}: {whole}{found[0].message if len(messages) == 1 else ''}".rstrip(" :"), "yellow"))
    for finding in people[:_SHOWN]:
        who = f"{finding.name} <{finding.address}>" if finding.name else finding.address
        out.print(f"    {who}" + (f": {finding.message}" if len(messages) > 1 else ""))
    if len(people) > _SHOWN:
        out.print(f"    … and {len(people) - _SHOWN} more (--json names them all)")
    if found[0].mend:
        out.print(f"    mend: {found[0].mend}", soft_wrap=True)
