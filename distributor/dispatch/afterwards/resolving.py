"""Ending doubts one by one: what is known of each, and what a person or the mail server's log says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select
from sqlmodel import Session

from distributor.deliveries.decisions import Ending, end_doubt
from distributor.dispatch.overtaken import hold_text, reopen_text
from distributor.models import Attempt, Audit, Delivery
from distributor.states import ASSUMED_SENT, DeliveryState
from distributor.transport.maillog import Fate, Found

_delivery = Delivery.__table__
_attempt = Attempt.__table__

IN_LOG = "the mail server's log: "
"""How the reason of a delivery begins whose doubt the log of the mail server ended."""


class Word(StrEnum):
    """What a person says of a message in doubt."""

    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not-accepted"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One delivery in doubt: from when to when the message may have been taken, by whom it was sent, over what.

    `until` is when the answer was given up, or the killed command found. `server` is the name it greeted with, or "".
    """

    delivery_id: int
    address: str
    name: str
    message_id: str
    since: datetime
    until: datetime
    worker: str
    server: str
    reply: str

    def as_json(self) -> dict[str, Any]:
        """Under the names of the tables."""
        names = ("address", "name", "message_id", "since", "until", "worker", "server", "reply")
        return {"id": self.delivery_id} | {name: getattr(self, name) for name in names}


def read_doubts(connection: Connection, dispatch_id: int) -> list[Doubt]:
    """Everybody of a dispatch who is in doubt, in order, each with the attempts that brought no answer."""
    c, a = _delivery.c, _attempt.c
    rows = connection.execute(
        select(
            c.id, c.address, c.name, c.message_id, c.updated_at, c.reply,
            a.started_at, a.worker, a.server, a.number,
        )
        .join(_attempt, a.delivery_id == c.id)
        .where(c.dispatch_id == dispatch_id, c.state == DeliveryState.IN_DOUBT, a.state == DeliveryState.IN_DOUBT)
        .order_by(c.id, a.number)
    ).all()  # fmt: skip
    found: dict[int, Doubt] = {}
    for row in rows:  # of several silences the first begins the doubt, and the last names who was there
        since = found[row.id].since if row.id in found else row.started_at
        found[row.id] = Doubt(
            row.id, row.address, row.name, row.message_id, since, row.updated_at, row.worker, row.server, row.reply
        )
    return list(found.values())


def say(
    session: Session, doubt: Doubt, word: Word, *, dispatch_id: int, actor: str, because: str, now: datetime
) -> bool:
    """End a doubt by a person's word, audited, in the session's transaction; return whether it was still one."""
    why = f": {because.strip()}" if because.strip() else ""
    ending = (
        Ending(DeliveryState.ACCEPTED, f"{ASSUMED_SENT} by {actor}{why}")
        if word is Word.ACCEPTED
        else Ending(DeliveryState.QUEUED, f"not accepted, says {actor}{why}; to be sent again")
    )
    details = {"as": word, "because": because}
    hold_text(session, dispatch_id)  # who closes it at this moment comes before us, or after
    return _end(session, doubt, ending, details, dispatch_id=dispatch_id, actor=actor, now=now)


_STATES: Mapping[Fate, DeliveryState] = {
    Fate.ACCEPTED: DeliveryState.ACCEPTED,
    Fate.BOUNCED: DeliveryState.BOUNCED,
    Fate.REFUSED: DeliveryState.REJECTED,
    Fate.NOT_TAKEN: DeliveryState.QUEUED,
}


def state_after(found: Found) -> DeliveryState:
    """The state that what the log says leads to; in doubt, where it says too little."""
    return _STATES.get(found.fate, DeliveryState.IN_DOUBT)


def settle(
    session: Session,
    doubt: Doubt,
    found: Found,
    *,
    dispatch_id: int,
    actor: str,
    files: Iterable[str],
    now: datetime,
) -> bool:
    """End a doubt by what the log says, with the lines it rests on in the audit; return whether it was ended.

    The caller holds the text (`hold_text`), once for all that the log ends.
    """
    state = state_after(found)
    if state == DeliveryState.IN_DOUBT:
        return False
    reason = f"{IN_LOG}{found.words}" + ("; to be sent again" if state == DeliveryState.QUEUED else "")
    ending = Ending(state, reason, reply=found.said, enhanced_code=found.dsn)
    details = {"as": found.fate, "words": found.words, "evidence": list(found.evidence), "files": list(files)}
    return _end(session, doubt, ending, details, dispatch_id=dispatch_id, actor=actor, now=now)


def _end(
    session: Session,
    doubt: Doubt,
    ending: Ending,
    details: Mapping[str, Any],
    *,
    dispatch_id: int,
    actor: str,
    now: datetime,
) -> bool:
    connection = session.connection()
    if not end_doubt(connection, doubt.delivery_id, ending, now=now):
        return False
    told = {"dispatch": dispatch_id, "address": doubt.address, "message_id": doubt.message_id, **details}
    subject = f"delivery:{doubt.delivery_id}"
    session.add(Audit(actor=actor, action="dispatches.resolve", subject=subject, details=told))
    if ending.state == DeliveryState.QUEUED:
        reopen_text(session, dispatch_id, actor)
    return True
