"""The manifest of a dispatch as it was frozen: who gets it at which address, through which lists, and who does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.addresses import kept_address
from distributor.deliveries.dispatches import get_dispatch
from distributor.deliveries.erasure import is_erased
from distributor.dispatch.recipients.lapsing import LAPSED
from distributor.dispatch.recipients.manifest import ON_RECORD, LeftOutReason
from distributor.models import Contact, Delivery, Dispatch, LeftOut
from distributor.states import ELSEWHERE, DeliveryState

_WHY = {words: reason for reason, words in ON_RECORD.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody on the lists of a dispatch: `state` is how their delivery stands, "" for who was left out, and `why`."""

    name: str
    address: str
    outlet: str
    sector: str
    lists: tuple[str, ...]
    state: str = ""
    reason: str = ""
    why: str = ""

    @property
    def gets_it(self) -> bool:
        """Whether they are a recipient."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class FrozenManifest:
    """All entries of one dispatch: its recipients in the order in which they are sent to, then who was left out."""

    dispatch: Dispatch
    entries: tuple[Entry, ...]

    @property
    def recipients(self) -> list[Entry]:
        """Who gets it."""
        return [one for one in self.entries if one.gets_it]

    @property
    def left_out(self) -> list[Entry]:
        """Who does not, each with the reason."""
        return [one for one in self.entries if not one.gets_it]


def read_frozen(session: Session, dispatch_id: int) -> FrozenManifest:
    """The manifest of a dispatch; `BadInput` where there is no such dispatch.

    Dispatches from before the reasons were kept name no more than those who objected.
    """
    dispatch = get_dispatch(session, dispatch_id)
    told = list(_left_out(session, dispatch_id))
    known = {number for number, _ in told}
    planned = session.scalars(
        select(Delivery).where(col(Delivery.dispatch_id) == dispatch_id).order_by(col(Delivery.id))
    )
    recipients, objectors = [], []
    for one in planned:
        is_withheld = one.state == DeliveryState.WITHHELD
        if is_withheld and one.reason.startswith(LAPSED):
            told.append((0, _entry(one, LeftOutReason.NOT_FOLLOWED_UP, one.reason.removeprefix(LAPSED))))
        elif is_withheld and one.reason == ELSEWHERE:
            told.append((0, _entry(one, LeftOutReason.SAME_JOURNALIST, one.reason)))
        elif not (is_withheld and one.reason in _WHY):
            recipients.append(_entry(one))
        elif one.contact_id is None or one.contact_id not in known:
            objectors.append(_entry(one, _WHY[one.reason], one.reason))
    return FrozenManifest(dispatch, (*recipients, *(entry for _, entry in told), *objectors))


def _entry(one: Delivery, reason: str = "", why: str = "") -> Entry:
    address = one.address if is_erased(one) else str(kept_address(one.address))  # of who was erased, a number
    return Entry(one.name, address, one.outlet, one.sector, tuple(one.lists), "" if reason else one.state, reason, why)


def _left_out(session: Session, dispatch_id: int) -> Iterator[tuple[int, Entry]]:
    rows = session.execute(
        select(LeftOut, Contact)
        .join(Contact, col(Contact.id) == col(LeftOut.contact_id))
        .where(col(LeftOut.dispatch_id) == dispatch_id)
        .order_by(col(LeftOut.id))
    )
    for row, contact in rows:
        name = f"{contact.first_name} {contact.last_name}".strip()
        yield row.contact_id, Entry(name, contact.address or "", "", "", tuple(row.lists), "", row.reason, row.because)
