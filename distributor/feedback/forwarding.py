"""Answers of journalists, handed on to the press office's mailbox: each once, or in doubt and said to be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlmodel import Session, col

from distributor import clock
from distributor.addresses import Address
from distributor.db.engine import Database
from distributor.feedback.effects import WAITING
from distributor.feedback.enclosing import enclosing
from distributor.feedback.letter import MAX_BYTES
from distributor.models import FeedbackEvent
from distributor.states import DeliveryState, Outcome
from distributor.transport.base import Connection, Envelope, Transport

MAX_FORWARDED = 25_000_000
"""What is kept of an answer until it is handed on: as much as mail servers take."""

DUE, SENDING, SENT, IN_DOUBT, REFUSED = "due", "sending", "sent", "in_doubt", "refused"
_DOUBT_AFTER = timedelta(minutes=15)  # longer than a server may take to answer the final dot (RFC 5321 §4.5.3.2.6)
_AT_ONCE = 50


class _Taken(Exception):
    """Somebody else hands it on."""


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Where answers go, and in whose name: `sent_by` is a name and an address, `envelope_sender` hears of failures."""

    database: Database
    transport: Callable[[], Transport]
    to: Address
    sent_by: tuple[str, str]
    envelope_sender: str
    language: str
    now: Callable[[], datetime] = clock.now

    def hand_on(self) -> int:
        """Send what is due; return how many were taken. Raises what `Transport.connect` raises: the rest stays due.

        That it is sent is written down before the first byte of its body, and the verdict after it: killed before, it
        is sent the next time; killed between the two, nobody can know, and it waits for a person's word.
        """
        with self.database.session() as session:
            self._settle(session)
            which = select(col(FeedbackEvent.id)).where(col(FeedbackEvent.forward_state) == DUE)
            numbers = list(session.scalars(which.order_by(col(FeedbackEvent.id)).limit(_AT_ONCE)))
        return asyncio.run(self._send([one for one in numbers if one is not None])) if numbers else 0

    def _settle(self, session: Session) -> None:
        long_ago = self.now() - _DOUBT_AFTER
        for event in session.scalars(
            select(FeedbackEvent).where(
                col(FeedbackEvent.forward_state) == SENDING, col(FeedbackEvent.forward_at) < long_ago
            )
        ):
            _ask(session, event, IN_DOUBT, "it was cut off while it was handed on, and may have arrived")

    async def _send(self, numbers: list[int]) -> int:
        connection: Connection | None = None
        taken = 0
        try:
            for number in numbers:
                envelope = self._envelope(number)
                if envelope is None:
                    continue
                if connection is None or not connection.is_usable:
                    connection = await self.transport().connect()
                try:
                    outcome = await connection.deliver(envelope, lambda number=number: self._begin(number))  # type: ignore[misc]
                except _Taken:
                    continue
                self._record(number, outcome)
                taken += outcome.state is DeliveryState.ACCEPTED
        finally:
            if connection is not None:
                await connection.close()
        return taken

    def _envelope(self, number: int) -> Envelope | None:
        with self.database.session() as session:
            event = session.get(FeedbackEvent, number)
            if event is None or event.forward_state != DUE:
                return None
            if not event.raw:  # it was forgotten meanwhile
                event.forward_state = ""
                session.add(event)
                return None
            name = f"forward.{event.digest[:40]}@{self.sent_by[1].rpartition('@')[2]}"
            message = enclosing(
                event.raw,
                sent_by=self.sent_by,
                to=self.to.spec,
                sender=event.sender,
                subject=event.subject,
                message_id=f"<{name}>",
                date=event.received_at,
                language=self.language,
                is_cut=len(event.raw) >= MAX_FORWARDED,
            )
        return Envelope(self.envelope_sender, self.to.spec, message, self.to.needs_smtputf8, name)

    async def _begin(self, number: int) -> None:
        with self.database.session() as session:
            moved = session.execute(
                update(FeedbackEvent)
                .where(col(FeedbackEvent.id) == number, col(FeedbackEvent.forward_state) == DUE)
                .values(forward_state=SENDING, forward_at=self.now())
            )
            if moved.rowcount != 1:  # type: ignore[attr-defined]
                raise _Taken

    def _record(self, number: int, outcome: Outcome) -> None:
        with self.database.session() as session:
            event = session.get(FeedbackEvent, number)
            if event is None:
                return
            event.forward_at = self.now()
            said = " ".join(f"{outcome.code or ''} {outcome.reply}".split())[:500]
            event.details = event.details | {"forward_said": said}
            if outcome.state is DeliveryState.ACCEPTED:
                event.forward_state, event.raw = SENT, event.raw[:MAX_BYTES]
            elif outcome.state is DeliveryState.IN_DOUBT:
                _ask(session, event, IN_DOUBT, "no answer came to it when it was handed on, and it may have arrived")
            elif outcome.state is DeliveryState.REJECTED:
                _ask(session, event, REFUSED, f"{self.to} does not take it: {said}")
            else:
                event.forward_state = DUE
            session.add(event)


def again(event: FeedbackEvent) -> str:
    """A person said that it is to be handed on once more."""
    event.forward_state = DUE
    return "it is handed on at the next round"


def _ask(session: Session, event: FeedbackEvent, state: str, why: str) -> None:
    event.forward_state, event.state = state, WAITING
    event.details = event.details | {"proposal": "forward", "done": why}
    session.add(event)
