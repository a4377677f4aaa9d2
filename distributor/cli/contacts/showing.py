"""How contacts look on a terminal, and their stable JSON shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from distributor.cli.terminal.output import show_table
from distributor.contacts.objections.objectors import Objectors, Told
from distributor.contacts.people.members import Member
from distributor.contacts.people.posts import Posting


def member_as_json(member: Member, objectors: Objectors) -> dict[str, Any]:
    """A contact with the affiliation that counts, and what it objected to."""
    return asdict(member) | {"objections": [asdict(one) for one in objectors.of(member.contact_id, member.address)]}


def objection_text(told: Told, zone: ZoneInfo) -> str:
    """One objection of a contact, in a few words."""
    since = f" on {told.since.astimezone(zone):%Y-%m-%d}" if told.since else f" ({told.reason})"
    if told.is_returned:
        return f"mail came back{since} — not mailed there"
    what = f"objected to the sector {told.scope}{since}" if told.scope else f"objected{since} — never mailed"
    return what + (f", as {told.address}" if told.address else "")


def show_members(members: Sequence[Member], objectors: Objectors, zone: ZoneInfo, title: str = "") -> None:
    """A table of contacts; who objected is marked."""

    def mark(member: Member) -> str:
        told = objectors.of(member.contact_id, member.address)
        return "; ".join(objection_text(one, zone) for one in told) or member.flag.replace("_", " ")

    show_table(
        ["name", "address", "outlet", "role", "sectors", "language", ""],
        [(m.name, m.address, m.outlet, m.role, ", ".join(m.sector_names), m.language, mark(m)) for m in members],
        title=title,
        spare=[3, 4, 5],
        whole=[1],
    )


def show_member(
    member: Member,
    on_lists: Sequence[str],
    zone: ZoneInfo,
    *,
    told: Sequence[Told],
    addresses: Sequence[str],
    postings: Sequence[Posting],
) -> None:
    """Everything kept on one contact, empty fields left out; objections first, then the addresses."""
    moments = {name: value.astimezone(zone) for name, value in asdict(member).items() if isinstance(value, datetime)}
    values = asdict(member) | moments | {"lists": on_lists, "sectors": member.sector_names}
    hidden = {"contact_id", "address", "address_key", "sector_names", "list_slug"}
    show_table(
        ["field", "value"],
        [
            *(("objection", objection_text(one, zone)) for one in told),
            ("address", member.address),
            *(("other address", address) for address in addresses if address != member.address),
            *(
                (name.replace("_", " "), _shown(value))
                for name, value in values.items()
                if value not in ("", None, (), [], {}) and name not in hidden
            ),
            *(("affiliation", str(one)) for one in postings if len(postings) > 1),
        ],
    )


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {one}" for key, one in value.items())
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
