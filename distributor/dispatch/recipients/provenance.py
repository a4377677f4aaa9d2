"""Nobody is written to of whom it is not known where their address comes from (RGPD, article 14)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import or_, select
from sqlmodel import Session

from distributor.db.pieces import AS_ONE_LIST, in_pieces
from distributor.db.prepared import among
from distributor.errors import Refused
from distributor.models import Contact

_NAMED = 10
_contact = Contact.__table__


def unproven(session: Session, contact_ids: Iterable[int]) -> list[str]:
    """Those of these contacts who have no source, no legal basis or no day of collection, each with what is missing.

    A journalist may ask for all three, and the first message has to tell the source.
    """
    without: list[str] = []
    unknown = select(_contact.c.address, _contact.c.source, _contact.c.legal_basis, _contact.c.collected_at).where(
        among(_contact.c.id, "ids", session.connection().dialect),
        or_(_contact.c.source == "", _contact.c.legal_basis == "", _contact.c.collected_at.is_(None)),
    )
    for piece in in_pieces(contact_ids, AS_ONE_LIST):
        for address, *values in session.execute(unknown, {"ids": piece}):
            names = ("source", "legal basis", "day of collection")
            missing = [name for name, value in zip(names, values, strict=True) if not value]
            without.append(f"{address or 'somebody erased'} (no {', no '.join(missing)})")
    return without


def require_provenance(session: Session, contact_ids: Iterable[int]) -> None:
    """Raise `Refused`, naming them, when it is not known where contacts come from (`unproven`)."""
    without = unproven(session, contact_ids)
    if not without:
        return
    more = f" and {len(without) - _NAMED} more" if len(without) > _NAMED else ""
    raise Refused(
        f"Of {len(without)} on the lists it is not known where they come from, so nobody was written to:"
        f" {', '.join(without[:_NAMED])}{more}.",
        mend="Say it: import their addresses once more with distributor contacts import FILE --source TEXT,"
        " or one by one with distributor contacts edit ADDRESS --source TEXT.",
    )
