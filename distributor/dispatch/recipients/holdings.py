"""Who has what: the deliveries of releases, each as its owner's, from one query for all who ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlmodel import Session, col

from distributor.contacts.people.ownership import owner
from distributor.deliveries.conditions import CAME_BACK, is_meant
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.models import Contact, Delivery, Dispatch, Release, ReleaseVersion
from distributor.states import CUT_OFF, OPEN_STATES, DeliveryState, Verdict

_S = DeliveryState
_WORDS = {
    **dict.fromkeys(OPEN_STATES, "waits for it (dispatch {0})"),
    _S.ACCEPTED: "has it (dispatch {0})",
    _S.COMPLAINED: "has it (dispatch {0}), and marked it as unwanted",
    _S.BOUNCED: "came back (dispatch {0}); to send again: distributor dispatches retry {0} --state bounced",
    _S.REJECTED: "was refused (dispatch {0}); to send again: distributor dispatches retry {0} --state rejected",
    _S.EXPIRED: "was put off too long (dispatch {0}); to send again: distributor dispatches retry {0} --state expired",
    _S.IN_DOUBT: "may have it (dispatch {0}); to end the doubt: distributor dispatches resolve {0}",
    _S.WITHHELD: "is not mailed (dispatch {0}): {2}",
}
"""State → how somebody stands. Who was withheld may be sent the same version by another dispatch."""
_DEAD = {
    _S.REJECTED: (
        "was refused (dispatch {0}), the address is dead; mend it: distributor contacts edit {1} --address NEW; then:"
        " distributor dispatches retry {0} --state rejected"
    ),
    _S.BOUNCED: (
        "came back (dispatch {0}); mend the address: distributor contacts edit {1} --address NEW; then:"
        " distributor dispatches retry {0} --state bounced"
    ),
}
"""The same, of whom nothing reaches at the address that they still have."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One delivery of a release, no test: whose it is (`owner` None: of nobody in the base), and how it stands.

    Who has not left by `not_after` does not leave any more. `is_dead`: no mailbox has its address, or what was sent
    there came back, and it is still the one that the journalist is reached at.
    """

    delivery_id: int
    dispatch_id: int
    owner: int | None
    address_key: str
    state: str
    reason: str
    version_id: int
    number: int
    lang: str
    release_id: int
    slug: str
    not_after: datetime | None
    is_dead: bool

    def __str__(self) -> str:
        verb = "waits for" if self.is_waiting else "has"
        return f"{verb} «{self.slug}», version {self.number} (dispatch {self.dispatch_id})"

    @property
    def person(self) -> int | str:
        """Who it is: the journalist, or for nobody in the base the address."""
        return self.owner if self.owner is not None else self.address_key

    @property
    def is_erased(self) -> bool:
        """Whether the person whom it went to was erased since."""
        return "@" not in self.address_key

    @property
    def standing(self) -> str:
        """How it stands with whoever has it, or was not reached by it, with the command that deals with that."""
        words = (_DEAD if self.is_dead else _WORDS)[DeliveryState(self.state)]
        if self.reason == CAME_BACK:
            words += "; mend the address: distributor contacts edit {1} --address NEW; then send it again"
        return words.format(self.dispatch_id, self.address_key, self.reason)

    @property
    def is_waiting(self) -> bool:
        """Whether it may still leave."""
        return self.state in OPEN_STATES

    def is_over(self, now: datetime) -> bool:
        """Whether its cut-off has come."""
        return self.not_after is not None and self.not_after <= now

    def as_of(self, now: datetime) -> Holding:
        """The same as a cut-off leaves it, whether or not anybody has withheld since who had not left by then."""
        is_cut = self.is_over(now) and self.is_waiting and self.state != _S.SENDING
        return replace(self, state=_S.WITHHELD, reason=CUT_OFF) if is_cut else self


def find_holdings(session: Session, which: ColumnElement[bool]) -> list[Holding]:
    """The deliveries that `which` holds for, in the order in which they were planned."""
    rows = session.execute(
        select(
            col(Delivery.id),
            col(Delivery.dispatch_id),
            owner().label("owner"),
            col(Delivery.address_key),
            col(Delivery.state),
            col(Delivery.reason),
            col(ReleaseVersion.id),
            col(ReleaseVersion.number),
            col(ReleaseVersion.lang),
            col(Release.id),
            col(Release.slug),
            col(Dispatch.not_after),
            and_(
                or_(
                    and_(col(Delivery.state) == _S.REJECTED, col(Delivery.verdict) == Verdict.HARD),
                    col(Delivery.state) == _S.BOUNCED,
                ),
                col(Contact.address_key) == col(Delivery.address_key),
            ),
        )
        .join(Contact, col(Contact.id) == col(Delivery.contact_id), isouter=True)
        .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
        .join(ReleaseVersion, col(ReleaseVersion.id) == col(Dispatch.release_version_id))
        .join(Release, col(Release.id) == col(ReleaseVersion.release_id))
        .where(col(Dispatch.is_test).is_(False), which)
        .order_by(col(Delivery.id))
    )
    return [Holding(*row) for row in rows]


def held_by(
    holdings: Sequence[Holding], recipients: Sequence[PlannedRecipient]
) -> list[tuple[PlannedRecipient, Holding]]:
    """Those of `recipients` whose one of these deliveries is, by person or by address, each with the latest."""
    if not holdings:
        return []
    by_person = {one.owner: one for one in holdings if one.owner is not None}
    by_address = {one.address_key: one for one in holdings}
    found = []
    for planned in recipients:
        holding = by_person.get(planned.contact_id) or by_address.get(planned.address.key)
        if holding is not None:
            found.append((planned, holding))
    return found


def find_held(session: Session, version: ReleaseVersion) -> dict[str | int, str]:
    """Everyone who has, or is about to have, this version, by address key and by person, each with how they stand.

    What a duplicate got before it was merged, the contact it was merged into has.
    """
    held: dict[str | int, str] = {}
    is_this = col(Delivery.release_version_id) == version.id
    for one in find_holdings(session, is_this & is_meant()):
        held |= {one.address_key: one.standing, one.person: one.standing}
    return held
