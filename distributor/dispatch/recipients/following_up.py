"""Who is followed up: whoever has the release and has not answered; everybody else with the reason why not."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select
from sqlalchemy.orm import InstrumentedAttribute, defer
from sqlmodel import Session, col

from distributor.contacts.cleaning.drafts import DESK
from distributor.contacts.lists import press_lists
from distributor.contacts.objections.objectors import Objectors
from distributor.contacts.people.ownership import owner
from distributor.deliveries.conditions import is_meant, is_somebodys
from distributor.dispatch.recipients.holdings import find_holdings
from distributor.dispatch.recipients.manifest import LeftOutReason, LeftOutRecipient, Manifest
from distributor.dispatch.recipients.narrowing import Narrowing, Selection, read_narrowing
from distributor.dispatch.recipients.planned import planned_before
from distributor.dispatch.recipients.roll import Roll
from distributor.folding import fold, slugify
from distributor.models import Contact, Coverage, Delivery, Dispatch, FeedbackEvent, Release, ReleaseVersion
from distributor.releases.corrections import chain_to, read_links
from distributor.states import OPEN_STATES, DeliveryState
from distributor.tokens import Keyring

_S = DeliveryState
_NOT_REACHED = {
    _S.REJECTED: "was refused",
    _S.EXPIRED: "was put off too long",
    _S.IN_DOUBT: "is in doubt",
    _S.WITHHELD: "was withheld",
    _S.BOUNCED: "it came back",
    _S.COMPLAINED: "complained of it",
    **dict.fromkeys(OPEN_STATES, "still waits for it"),
}
_IS_DESK = "is a desk's address: nobody there was written to in person"
_WROTE = "the outlet has written about it"
_MONTH = re.compile(r"\d{4}-\d\d")
_BACK_ON = re.compile(r"\bback on (\d{4}-\d\d-\d\d)")
_ANSWERED = {
    "reply": "answered",
    "objection": "asked not to be written to",
    "challenge": "wanted proof that a person writes",
    "departure": "has left, says a note that came",
}
_AWAY = "out-of-office"


@dataclass(frozen=True, slots=True)
class Choosing:
    """Whom a follow-up is narrowed down to; `moment` is when it would leave, `zone` the one whose days count."""

    moment: datetime
    zone: ZoneInfo
    selection: Selection = field(default_factory=Selection)

    @property
    def today(self) -> date:
        """The day on which it would leave."""
        return self.moment.astimezone(self.zone).date()


def make_follow_up_manifest(session: Session, followed: Release, keyring: Keyring, choosing: Choosing) -> Manifest:
    """Everybody who stands on a dispatch of the release, as recipients of its follow-up or left out with the reason.

    Each is written to at the address whose server took the release, as the card then was. Raises `BadInput` for an
    unknown list or a filter that cannot be answered, `Refused` when objections were kept under another key.
    """
    facts = _Facts.read(session, followed, keyring, choosing)
    recipients = Roll()
    left_out: list[LeftOutRecipient] = []
    for row in _latest(_rows(session, followed)):
        planned = planned_before(row, row.owner or 0, in_reply_to=row.message_id)
        # The personal line stood above the release; a follow-up has words of its own.
        planned = replace(planned, recipient=replace(planned.recipient, note=""))
        reason, why = facts.against(row)
        first = recipients.at(planned.address.key)
        if not why and first is not None:
            reason, why = LeftOutReason.SAME_ADDRESS, f"shares the address of {recipients[first].recipient}"
        if why:
            left_out.append(LeftOutRecipient(planned, reason, why))
        else:
            recipients.enter(planned)
    return Manifest(
        tuple(facts.on_lists),
        tuple(facts.on_excluded),
        recipients,
        tuple(left_out),
        only_lists=facts.narrowing.only,
        where=facts.narrowing.where,
    )


def against_each(
    session: Session, followed: Release, keyring: Keyring, choosing: Choosing, *, dispatch_id: int
) -> dict[int | str, tuple[LeftOutReason, str]]:
    """Why each who has the release is no longer to get the follow-up that is planned as that dispatch; "" for who is.

    By the journalist, or for nobody in the base by the address.
    """
    facts = _Facts.read(session, followed, keyring, choosing, planned_as=dispatch_id)
    return {row.owner or row.address_key: facts.against(row) for row in _latest(_rows(session, followed))}


def _rows(session: Session, followed: Release) -> Sequence[Row[Any]]:
    d = Delivery
    return session.execute(
        select(
            col(d.id), col(d.dispatch_id), col(d.address), col(d.address_key), col(d.address_hash), col(d.merge),
            col(d.outlet), col(d.outlet_kind), col(d.sector), col(d.sector_slug), col(d.release_sector_slug),
            col(d.lists), col(d.message_id), col(d.state), col(d.accepted_at),
            owner().label("owner"), col(Contact.flag), col(Contact.channel),
        )
        .join(Dispatch, col(Dispatch.id) == col(d.dispatch_id))
        .join(ReleaseVersion, col(ReleaseVersion.id) == col(Dispatch.release_version_id))
        .join(Contact, col(Contact.id) == col(d.contact_id), isouter=True)
        .where(col(ReleaseVersion.release_id) == followed.id, col(Dispatch.is_test).is_(False))
        .where(is_somebodys())
        .order_by(col(d.id))
    ).all()  # fmt: skip


def _latest(rows: Iterable[Row[Any]]) -> list[Row[Any]]:
    """One row for each journalist: the last that a server took, else the last."""
    chosen: dict[int | str, Row[Any]] = {}
    for row in rows:
        key = row.owner or row.address_key
        before = chosen.get(key)
        if before is None or row.state == _S.ACCEPTED or before.state != _S.ACCEPTED:
            chosen[key] = row
    return list(chosen.values())


@dataclass(frozen=True, slots=True)
class _Facts:
    """All that speaks against following somebody up, read once."""

    choosing: Choosing
    objectors: Objectors
    narrowing: Narrowing
    on_lists: Mapping[str, frozenset[int]]
    on_excluded: Mapping[str, frozenset[int]]
    events: Mapping[tuple[str, int | str], Sequence[FeedbackEvent]]
    deliveries: Mapping[int | str, Sequence[int]]
    followed_up: Mapping[int, str]
    written: frozenset[str]
    sectors: frozenset[str]

    @classmethod
    def read(
        cls, session: Session, followed: Release, keyring: Keyring, choosing: Choosing, *, planned_as: int | None = None
    ) -> _Facts:
        assert followed.id is not None, "it was read"
        # What is corrected is the same news: who answered the wrong text has answered.
        ids = [link.id for step in chain_to(read_links(session), followed.id) for link in step]
        selection = choosing.selection
        return cls(
            choosing=choosing,
            objectors=Objectors(session, keyring),
            narrowing=read_narrowing(session, selection.only, selection.where, keyring),
            on_lists=_members(session, selection.lists or (), keyring),
            on_excluded=_members(session, selection.excluded, keyring),
            events=_events(session),
            deliveries=_deliveries(session, ids),
            followed_up=_followed_up(session, ids, choosing.zone, but=planned_as),
            written=frozenset(
                fold(outlet)
                for outlet in session.scalars(select(col(Coverage.outlet)).where(col(Coverage.release_id).in_(ids)))
            ),
            sectors=frozenset(slugify(one) for one in _sectors(session, ids)) - {""},
        )

    def against(self, row: Row[Any]) -> tuple[LeftOutReason, str]:
        """Why this journalist is not followed up, the gravest first; "" when nothing speaks against it."""
        state = _S(row.state)
        not_reached = "" if state == _S.ACCEPTED else f"{_NOT_REACHED[state]} (dispatch {row.dispatch_id})"
        excluded = (f"is on the excluded list {one}" for one, who in self.on_excluded.items() if row.owner in who)
        checks = (
            (LeftOutReason.NOT_FOLLOWED_UP, "" if row.owner else "is no longer in the base"),
            self._objection(row),
            (LeftOutReason.EXCLUDED, next(excluded, "")),
            (LeftOutReason.NOT_MEANT, self._not_meant(row)),
            (LeftOutReason.NOT_FOLLOWED_UP, self.followed_up.get(row.owner, "")),
            (LeftOutReason.NOT_FOLLOWED_UP, not_reached),
            (LeftOutReason.OTHER_CHANNEL, f"wants our news another way ({row.channel})" if row.channel else ""),
            (LeftOutReason.NOT_FOLLOWED_UP, _IS_DESK if row.flag == DESK else ""),
            (LeftOutReason.NOT_FOLLOWED_UP, _WROTE if row.outlet and fold(row.outlet) in self.written else ""),
            (LeftOutReason.NOT_FOLLOWED_UP, self._came_back(row)),
            (LeftOutReason.NOT_FOLLOWED_UP, self._too_early(row)),
        )
        return next(((reason, why) for reason, why in checks if why), (LeftOutReason.NOT_FOLLOWED_UP, ""))

    def _objection(self, row: Row[Any]) -> tuple[LeftOutReason, str]:
        told = self.objectors.against(
            row.owner, row.address, {row.sector_slug, row.release_sector_slug, *self.sectors} - {""}
        )
        return (LeftOutReason.of(told), told.because) if told else (LeftOutReason.OBJECTION, "")

    def _not_meant(self, row: Row[Any]) -> str:
        if self.on_lists and not any(row.owner in who for who in self.on_lists.values()):
            return f"is not on the list {' or '.join(self.on_lists)}"
        return self.narrowing.missing(row.owner)

    def _too_early(self, row: Row[Any]) -> str:
        """Never on the day on which it came."""
        day = row.accepted_at.astimezone(self.choosing.zone).date() if row.accepted_at else None
        return "has had it since today: from tomorrow on" if day is not None and day >= self.choosing.today else ""

    def _came_back(self, row: Row[Any]) -> str:
        """What of their own came back, about this message or, since it came, about none in particular."""
        theirs = self.deliveries.get(row.owner or row.address_key, ())
        mine = [one for number in theirs for one in self.events.get(("delivery", number), ())]
        loose = [*self.events.get(("contact", row.owner), ()), *self.events.get(("sender", row.address_key), ())]
        since = [one for one in loose if row.accepted_at and one.received_at >= row.accepted_at]
        about = {one.id: one for one in (*mine, *(one for one in since if one.delivery_id is None))}
        for one in about.values():
            if one.kind in _ANSWERED:
                return f"{_ANSWERED[one.kind]} on {one.received_at.astimezone(self.choosing.zone):%Y-%m-%d}"
        return self._away([*about.values(), *loose], about)

    def _away(self, events: Iterable[FeedbackEvent], about: Collection[int | None]) -> str:
        """Until the day on which an out-of-office note says they are back; one that says no day counts for good.

        Where it says a month, until that is over.
        """
        for one in events:
            if one.kind != _AWAY:
                continue
            back = _back_on(one)
            if back is not None and self.choosing.today < back.surely:
                return f"is out of office until {back.said}"
            if back is None and one.id in about:
                return "was out of office, and did not say until when"
        return ""


class _Back(NamedTuple):
    """When somebody who was away is back: in words, and the first day on which they surely are."""

    said: str
    surely: date


def _back_on(event: FeedbackEvent) -> _Back | None:
    found = _BACK_ON.search(str(event.details.get("note", "")) + " " + str(event.details.get("done", "")))
    text = str(event.details.get("back_on") or (found[1] if found else ""))
    try:
        if _MONTH.fullmatch(text):
            over = date.fromisoformat(f"{text}-01") + timedelta(days=31)
            return _Back(f"some day in {text}", over.replace(day=1))
        return _Back(text, date.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _events(session: Session) -> dict[tuple[str, int | str], list[FeedbackEvent]]:
    """What journalists sent back, by the delivery it is about, by who wrote it, and by the address it came from."""
    found: dict[tuple[str, int | str], list[FeedbackEvent]] = defaultdict(list)
    came = select(FeedbackEvent).where(col(FeedbackEvent.kind).in_([*_ANSWERED, _AWAY]))
    messages = cast("InstrumentedAttribute[bytes]", FeedbackEvent.raw)  # those of years, which nobody reads here
    for one in session.scalars(came.options(defer(messages))):
        if one.delivery_id is not None:
            found["delivery", one.delivery_id].append(one)
        if isinstance(contact := one.details.get("contact_id"), int):
            found["contact", contact].append(one)
        if one.sender:
            found["sender", one.sender.casefold()].append(one)
    return found


def _deliveries(session: Session, release_ids: Sequence[int]) -> dict[int | str, list[int]]:
    """Journalist, or address of nobody's → what they were sent of these releases."""
    found: dict[int | str, list[int]] = defaultdict(list)
    for one in find_holdings(session, col(ReleaseVersion.release_id).in_(release_ids)):
        found[one.person].append(one.delivery_id)
    return found


def _followed_up(session: Session, original_ids: Sequence[int], zone: ZoneInfo, *, but: int | None) -> dict[int, str]:
    """Who was followed up already, or is about to be, in whatever words or language, by any dispatch `but` that one."""
    rows = session.execute(
        select(owner(), col(Delivery.dispatch_id), col(Dispatch.created_at))
        .select_from(Delivery)
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
        .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
        .where(col(Delivery.follows_up_id).in_(original_ids), is_meant())
    )
    return {
        row[0]: f"was followed up on {row[2].astimezone(zone):%Y-%m-%d} (dispatch {row[1]})"
        for row in rows
        if row[1] != but
    }


def _members(session: Session, names: Sequence[str], keyring: Keyring) -> dict[str, frozenset[int]]:
    slugs = dict.fromkeys(str(press_lists.find_list(session, name).slug) for name in names)
    return {
        slug: frozenset(member.contact_id for member in press_lists.list_members(session, slug, keyring))
        for slug in slugs
    }


def _sectors(session: Session, release_ids: Sequence[int]) -> Iterable[str]:
    return session.scalars(select(col(ReleaseVersion.sector)).where(col(ReleaseVersion.release_id).in_(release_ids)))
