"""Finding among the deliveries of one dispatch those that an address or a name means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from distributor.addresses import BadAddress, parse_address
from distributor.errors import BadInput
from distributor.folding import is_named
from distributor.models import Contact, Delivery

_delivery = Delivery.__table__
_contact = Contact.__table__
_MOST_SHOWN = 5


def find_addressees(connection: Connection, dispatch_id: int, text: str) -> list[int]:
    """The numbers of the deliveries that `text` means: at this address, to whoever has it, or to people of this name.

    Raises `BadInput` when there is none.
    """
    rows = connection.execute(_of(dispatch_id)).all()
    try:
        key = parse_address(text.strip()).key
    except BadAddress:
        found = [row for row in rows if is_named(text, row.name)]
    else:
        owners = set(
            connection.execute(
                select(_contact.c.id, _contact.c.same_as_id).where(_contact.c.address_key == key)
            ).scalars()
        )
        found = [row for row in rows if row.address_key == key] or [row for row in rows if row.contact_id in owners]
    if not found:
        raise BadInput(
            f"Dispatch {dispatch_id} has nobody with the address or name «{text}».",
            mend=f"See: distributor report {dispatch_id}",
        )
    return [row.id for row in found]


def find_addressee(connection: Connection, dispatch_id: int, text: str, among: Sequence[str]) -> int:
    """The one delivery that `text` means, of those in the states `among`. Raises `BadInput` for several."""
    numbers = find_addressees(connection, dispatch_id, text)
    rows = connection.execute(_of(dispatch_id).where(_delivery.c.id.in_(numbers))).all()
    wanted = [row for row in rows if row.state in among]
    if len(wanted) == 1:
        return int(wanted[0].id)
    if not wanted:
        raise BadInput(
            f"{_shown(rows)} is {rows[0].state.replace('_', ' ')}, not {' or '.join(among).replace('_', ' ')}.",
            mend=f"See: distributor report {dispatch_id}",
        )
    raise BadInput(f"«{text}» means {len(wanted)} people: {_shown(wanted)}.", mend="Give the address instead.")


def _of(dispatch_id: int) -> Select[Any]:
    c = _delivery.c
    return select(c.id, c.name, c.address, c.address_key, c.contact_id, c.state).where(c.dispatch_id == dispatch_id)


def _shown(rows: Iterable[Row[Any]]) -> str:
    return ", ".join(f"{row.name} <{row.address}>".strip() for row in list(rows)[:_MOST_SHOWN])
