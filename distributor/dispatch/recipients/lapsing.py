"""Follow-ups on their way: whoever is no longer to be reminded is withheld before their message leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlmodel import Session, col

from distributor.contacts.people.ownership import owner
from distributor.db.engine import Database
from distributor.deliveries.conditions import OBJECTED
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.recipients.following_up import Choosing, against_each
from distributor.dispatch.recipients.manifest import LeftOutReason
from distributor.models import Audit, Contact, Delivery, Dispatch, FeedbackEvent, Release, ReleaseVersion
from distributor.states import UNSENT_STATES
from distributor.tokens import Keyring

LAPSED = "not followed up: "
"""How the reason of a follow-up's delivery begins that was withheld for what came between its plan and its leaving."""


@dataclass(slots=True, kw_only=True)
class Lapsing:
    """Looks at who waits on one dispatch as a follow-up does when it is planned; of any other it finds nobody.

    It may have been planned days ago, put off, or paused. What comes in while it is sent counts as well: a look costs
    one question of the database until there is something new. `withheld` are so many so far.
    """

    database: Database
    log: DeliveryLog
    keyring: Keyring
    zone: ZoneInfo
    dispatch_id: int
    actor: str
    now: Callable[[], datetime]
    withheld: int = 0
    _is_follow_up: bool = True
    _seen: tuple[int, date] | None = None

    def look(self) -> None:
        """Withhold whoever waits and is not to be reminded any more; `withheld` counts them."""
        if not self._is_follow_up:
            return
        with self.database.reading() as connection:
            latest = connection.execute(select(func.max(col(FeedbackEvent.id)))).scalar() or 0
        seen = (latest, self.now().astimezone(self.zone).date())
        if seen == self._seen:
            return
        self._seen = seen
        with self.database.session() as session:
            followed = _followed(session, self.dispatch_id)
            self._is_follow_up = followed is not None
            self.withheld += self._withhold(session, followed) if followed is not None else 0

    def _withhold(self, session: Session, followed: Release) -> int:
        told = against_each(
            session, followed, self.keyring, Choosing(self.now(), self.zone), dispatch_id=self.dispatch_id
        )
        lapsed: dict[str, list[int]] = defaultdict(list)
        for number, person in _waiting(session, self.dispatch_id):
            reason, why = told.get(person, (LeftOutReason.NOT_FOLLOWED_UP, "is no longer in the base"))
            if why:
                lapsed[OBJECTED if reason == LeftOutReason.OBJECTION else f"{LAPSED}{why}"].append(number)
        connection = session.connection()
        withheld = sum(self.log.withhold_some(connection, numbers, why) for why, numbers in lapsed.items())
        if withheld:
            details = {"deliveries": dict(lapsed)}
            subject = str(self.dispatch_id)
            session.add(Audit(actor=self.actor, action="dispatches.withhold", subject=subject, details=details))
        return withheld


def _followed(session: Session, dispatch_id: int) -> Release | None:
    """What a dispatch reminds of; None where it is no follow-up, or a test."""
    number = session.scalars(
        select(col(Release.follows_up_id))
        .join(ReleaseVersion, col(ReleaseVersion.release_id) == col(Release.id))
        .join(Dispatch, col(Dispatch.release_version_id) == col(ReleaseVersion.id))
        .where(col(Dispatch.id) == dispatch_id, col(Dispatch.is_test).is_(False))
    ).one_or_none()
    return session.get(Release, number) if number is not None else None


def _waiting(session: Session, dispatch_id: int) -> list[tuple[int, int | str]]:
    """Whose message has not begun to leave: the delivery, and whose it is."""
    rows = session.execute(
        select(col(Delivery.id), owner(), col(Delivery.address_key))
        .select_from(Delivery)
        .join(Contact, col(Contact.id) == col(Delivery.contact_id), isouter=True)
        .where(col(Delivery.dispatch_id) == dispatch_id, col(Delivery.state).in_(UNSENT_STATES))
        .order_by(col(Delivery.id))
    )
    return [(number, person or key) for number, person, key in rows]
