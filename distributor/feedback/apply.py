"""Taking in one message that came back: read, attributed, acted on and kept, all in one transaction."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from distributor import clock
from distributor.contacts.objections import suppression
from distributor.db.engine import Database, made_anew_when_crossed
from distributor.deliveries.erasure import EMPTIED, is_erased
from distributor.feedback import effects
from distributor.feedback.attribute import Attributor, Match
from distributor.feedback.effects import Effect, Hand, PauseDomain
from distributor.feedback.events import Finding, Judgement, Kind, Reading
from distributor.feedback.forwarding import DUE, MAX_FORWARDED
from distributor.feedback.letter import MAX_BYTES
from distributor.feedback.reading import read_message
from distributor.feedback.telling import Telling, reading_of
from distributor.models import Audit, Delivery, FeedbackEvent
from distributor.tokens import Keyring

_KEPT_FIELDS = re.compile(
    rb"^(?:from|to|subject|date|message-id|in-reply-to|content-type)[ \t]*:.*(?:\n[ \t].*)*",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What one message, or what it says of one address, came to. `is_new` is false for what was taken in before."""

    kind: str
    address: str
    state: str
    sentence: str
    delivery_id: int | None = None
    is_new: bool = True


class Intake:
    """Takes messages in. The same message twice changes nothing; killed in the middle, nothing of it is half done.

    `bounce_address` is ours, before a token is put into it; `pause_domain` is told of domains that refuse our mail.
    With `forwards`, journalists' answers are kept whole until they are handed on. Of what programs send back about
    somebody who was erased, it is kept that it came.
    """

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        *,
        actor: str,
        bounce_address: str = "",
        pause_domain: PauseDomain | None = None,
        forwards: bool = False,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._actor = actor
        self._bounce_address = bounce_address
        self._pause_domain = pause_domain
        self._forwards = forwards
        self._now = now

    def take(self, raw: bytes, source: str) -> tuple[Taken, ...]:
        """Read `raw`, which came from `source`, and act on it; durable when the call returns."""
        return self._take_in(digest_of(raw), read_message(raw), raw, source)

    def take_told(self, told: Telling) -> tuple[Taken, ...]:
        """Act on what a provider told, as on a message that says the same; durable when the call returns."""
        said = "\0".join((told.source, told.kind, told.address)).encode("utf-8", "replace")
        digest = hashlib.sha256(said + b"\0" + told.raw).hexdigest()
        return self._take_in(digest, reading_of(told), told.raw, told.source, told=told)

    @made_anew_when_crossed  # two machines may read one mailbox
    def _take_in(
        self, digest: str, reading: Reading, raw: bytes, source: str, told: Telling | None = None
    ) -> tuple[Taken, ...]:
        findings = reading.findings or (Finding(reading.sender, Judgement.NOT_A_BOUNCE, final=False),)
        digests = [f"{digest}-{number}" for number in range(len(findings))]
        with self._database.session() as session:
            known = session.scalars(
                select(FeedbackEvent).where(col(FeedbackEvent.digest).in_(digests)).order_by(col(FeedbackEvent.id))
            ).all()
            if known:
                return tuple(
                    Taken(one.kind, one.address, one.state, "taken in before", one.delivery_id, is_new=False)
                    for one in known
                )
            hand = Hand(
                session, self._keyring, self._actor, source, self._now(), self._pause_domain, is_told=told is not None
            )
            return tuple(
                self._take_one(hand, reading, finding, name, raw=raw, told=told)
                for name, finding in zip(digests, findings, strict=True)
            )

    def _take_one(
        self, hand: Hand, reading: Reading, finding: Finding, digest: str, *, raw: bytes, told: Telling | None
    ) -> Taken:
        attributor = Attributor(hand.session.connection(), self._keyring, self._bounce_address)
        named = told.delivery_id if told else None
        match = attributor.match(reading, _about(reading, finding), told.happened_at if told else hand.now)
        if named is not None and hand.session.get(Delivery, named) is not None:
            match = Match(named, "signed bounce address")
        signed_for = attributor.by_unsubscribe_token(reading.subject, *reading.sent_to)
        kind = Kind.OBJECTION if signed_for and reading.kind in _FROM_PEOPLE else reading.kind
        if signed_for and kind is Kind.OBJECTION:
            match = Match(signed_for, "signed unsubscribe address")
        elif named is not None and kind is Kind.OBJECTION:
            signed_for = match.delivery_id
        is_gone = kind not in _BY_HAND and _is_erased(hand, finding, match)
        if is_gone:
            finding = replace(finding, said="")
        effect = _effect(hand, replace(reading, kind=kind), finding, match, signed_for)
        details = dict(effect.details)
        if reading.trouble:
            details["trouble"] = reading.trouble
        is_due = self._forwards and told is None and _is_answer(hand, reading, kind, match)
        event = FeedbackEvent(
            digest=digest,
            delivery_id=match.delivery_id,
            kind=kind,
            verdict=finding.judgement,
            reason=finding.reason,
            status=finding.status,
            source=hand.source,
            raw=raw[: MAX_FORWARDED if is_due else MAX_BYTES],
            forward_state=DUE if is_due else "",
            received_at=hand.now,
            state=effect.state,
            address=finding.address,
            sender=reading.sender,
            subject=reading.subject,
            evidence="; ".join(part for part in (finding.evidence, match.how) if part),
            said=finding.said or reading.words or (effect.sentence if told else ""),
            details=details | {"done": effect.sentence},
        )
        if is_gone:
            event.sqlmodel_update(EMPTIED | {"state": effects.RECORDED, "reason": finding.reason})
        hand.session.add(event)
        hand.session.flush()
        return Taken(kind, finding.address, effect.state, effect.sentence, match.delivery_id)


def _is_erased(hand: Hand, finding: Finding, match: Match) -> bool:
    """Whether somebody is meant who was erased: a bounce may come days after."""
    delivery = hand.session.get(Delivery, match.delivery_id) if match.delivery_id else None
    address = effects.read_sender(finding.address)
    return (delivery is not None and is_erased(delivery)) or (
        address is not None and suppression.was_erased(hand.session, hand.keyring, address)
    )


def _is_answer(hand: Hand, reading: Reading, kind: Kind, match: Match) -> bool:
    """Whether a person we wrote to wrote this: a program's answer, or a stranger's letter, is handed on to nobody."""
    if kind is Kind.REPLY and match.delivery_id is not None and not match.forged:
        return True
    return kind in {Kind.REPLY, Kind.OTHER} and effects.contact_of(hand.session, reading.sender, Match()) is not None


_BY_HAND = frozenset({Kind.OBJECTION, Kind.REPLY, Kind.OTHER})
_FROM_PEOPLE = _BY_HAND | {Kind.AUTO_REPLY}


def _about(reading: Reading, finding: Finding) -> str:
    """The address whose deliveries may be meant: of a report the recipient, of an answer its sender."""
    return finding.address or (reading.sender if reading.kind not in {Kind.BOUNCE, Kind.DELAY, Kind.COMPLAINT} else "")


def _effect(hand: Hand, reading: Reading, finding: Finding, match: Match, signed_for: int | None) -> Effect:
    kind = reading.kind
    is_lost = finding.final and finding.judgement is not Judgement.NOT_A_BOUNCE
    effect = Effect(effects.RECORDED, str(kind))
    if kind is Kind.BOUNCE and is_lost:
        effect = effects.bounced(hand, finding, match)
    elif kind is Kind.COMPLAINT:
        effect = effects.complained(hand, finding, match)
    elif kind is Kind.OBJECTION:
        effect = effects.objected(hand, reading, signed_for)
    elif kind is Kind.CHALLENGE:
        effect = Effect(effects.WAITING, "it wants us to prove that a person writes")
    elif kind in _ANSWERS:
        effect = _ANSWERS[kind](hand, reading, match)
    elif kind in _PROOFS_OF_ARRIVAL:
        effect = effects.arrived(hand, match, str(kind))
    return effect


_ANSWERS = {Kind.REPLY: effects.answered, Kind.OUT_OF_OFFICE: effects.away, Kind.DEPARTURE: effects.departed}
_PROOFS_OF_ARRIVAL = frozenset({Kind.BOUNCE, Kind.DELAY, Kind.DELIVERED, Kind.RECEIPT, Kind.AUTO_REPLY})


def digest_of(raw: bytes) -> str:
    """What names a message whatever way it took: its own headers and its body, not what servers wrote above them.

    A way may be one that cuts long messages: what names them is so much of them as every way brings.
    """
    data = raw[:MAX_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")[: MAX_BYTES // 2]
    head, _, body = data.partition(b"\n\n")
    kept = b"\n".join(sorted(_KEPT_FIELDS.findall(head)))
    return hashlib.sha256(kept + b"\n\n" + body.rstrip(b"\n")).hexdigest()


def handle(session: Session, event: FeedbackEvent, state: str, actor: str, **details: object) -> None:
    """Write down that a person decided on an event that waited."""
    event.state, event.handled_by, event.handled_at = state, actor, clock.now()
    session.add(event)
    session.add(
        Audit(actor=actor, action=f"feedback.{state}", subject=f"feedback_event:{event.id}", details=dict(details))
    )
