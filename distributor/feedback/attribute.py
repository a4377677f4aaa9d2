"""Which delivery a message that came back is about: by proof where there is one, never by a guess between two."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from distributor.deliveries.conditions import of_any_dispatch
from distributor.feedback.events import Reading
from distributor.feedback.wording import same
from distributor.models import Delivery, Dispatch
from distributor.states import DeliveryState
from distributor.tokens import BadToken, Keyring, Purpose

_delivery = Delivery.__table__
_dispatch = Dispatch.__table__

WINDOW = timedelta(days=10)
"""How long after its acceptance a message may come back without naming itself: servers try for five days or more."""

_LEFT = (DeliveryState.ACCEPTED, DeliveryState.IN_DOUBT, DeliveryState.BOUNCED, DeliveryState.COMPLAINED)
_SIGNED = re.compile(r"\+[a-z2-7]{20,80}@", re.IGNORECASE)
_UNSUBSCRIBE = re.compile(r"\bunsubscribe[\s+_:-]+([a-z2-7]{26,80})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Match:
    """The delivery, and by what it was found; or those it may be, when there is no telling; or that it is a forgery."""

    delivery_id: int | None = None
    how: str = ""
    candidates: tuple[int, ...] = ()
    forged: bool = False


class Attributor:
    """Finds deliveries, in the caller's transaction. `bounce_address` is the one that signed ones are made from."""

    def __init__(self, connection: Connection, keyring: Keyring, bounce_address: str = "") -> None:
        self._connection = connection
        self._keyring = keyring
        self._bounce_local, _, self._bounce_domain = bounce_address.casefold().rpartition("@")

    def match(self, reading: Reading, address: str, received_at: datetime) -> Match:
        """The delivery that `reading` is about, as far as it speaks of `address` ("" when it does not say)."""
        signed = self._by_signed_address(reading)
        if signed is not None:
            return signed
        for ids, how in ((reading.envelope_ids, "envelope id"), (reading.message_ids, "Message-ID")):
            named = self._by_name(ids, how)
            if named is not None:
                return named
        return self._by_address(address, received_at) if address else Match()

    def by_unsubscribe_token(self, *texts: str) -> int | None:
        """The delivery whose signed «unsubscribe» stands in one of these texts; None without a genuine one."""
        for text in texts:
            for token in _UNSUBSCRIBE.findall(text[:2_000]):
                try:
                    number = self._keyring.read_token(Purpose.UNSUBSCRIBE, token)
                except BadToken:
                    continue
                if self._exists(number):
                    return number
        return None

    def _by_signed_address(self, reading: Reading) -> Match | None:
        forged = False
        for text in reading.sent_to:
            number = self._keyring.read_bounce_address(text)
            if number is not None and self._exists(number):
                return Match(number, "signed bounce address")
            local, _, domain = text.casefold().rpartition("@")
            forged |= bool(
                self._bounce_local
                and domain == self._bounce_domain
                and local.startswith(f"{self._bounce_local}+")
                and _SIGNED.search(text)
            )
        return Match(how="forged bounce address", forged=True) if forged else None

    def _by_name(self, ids: tuple[str, ...], how: str) -> Match | None:
        """The delivery whose Message-ID, which is its envelope id too (RFC 3461 §4.4), is among these."""
        if not ids:
            return None
        wanted = [f"<{one.strip('<>')}>" for one in ids]
        found = self._connection.execute(
            select(_delivery.c.id).where(_delivery.c.message_id.in_(wanted)).order_by(_delivery.c.id)
        ).scalars().all()  # fmt: skip
        if len(found) == 1:
            return Match(found[0], how)
        return Match(how=f"{how}s of several deliveries", candidates=tuple(found)) if found else None

    def _by_address(self, address: str, received_at: datetime) -> Match:
        found = self._connection.execute(
            select(_delivery.c.id)
            .join(_dispatch, _dispatch.c.id == _delivery.c.dispatch_id)
            .where(
                of_any_dispatch(),
                _delivery.c.address_key == same(address),
                _delivery.c.state.in_(_LEFT),
                _dispatch.c.is_test.is_(False),
                _delivery.c.updated_at >= received_at - WINDOW,
            )
            .order_by(_delivery.c.id)
        ).scalars().all()  # fmt: skip
        if len(found) == 1:
            return Match(found[0], "address and time")
        return Match(how="several deliveries to this address", candidates=tuple(found)) if found else Match()

    def _exists(self, number: int) -> bool:
        return self._connection.execute(select(_delivery.c.id).where(_delivery.c.id == number)).first() is not None
