"""An objection that a journalist makes with the link in a message: whose link it is, and what it comes to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlmodel import Session, col, select

from distributor.addresses import Address, kept_address
from distributor.clock import now
from distributor.contacts.objections import suppression
from distributor.deliveries.erasure import address_of
from distributor.models import Contact, Delivery, Dispatch, FeedbackEvent, Sector
from distributor.tokens import Keyring

EVERYTHING = ""
"""The scope of an objection to all our mail; any other is a sector's slug."""

ACTOR = "the journalist"


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever got the message that a link stands in.

    `address` is None once they were erased at their request. `sectors` are those they may object to alone: of the list
    they were reached through and of the release, slug → name. `scopes` is what they have objected to already.
    """

    delivery_id: int
    address: Address | None
    language: str
    sectors: dict[str, str]
    scopes: frozenset[str]
    organisation: str
    press_office: str


def find_reader(session: Session, keyring: Keyring, delivery_id: int) -> Reader | None:
    """Whose message a delivery was; None for a number without a row. Raises `Refused` under another secret key."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        return None
    dispatch = session.get_one(Dispatch, delivery.dispatch_id)
    address = address_of(delivery)
    slugs = dict.fromkeys(filter(None, (delivery.sector_slug, delivery.release_sector_slug)))
    rows = session.exec(select(Sector.slug, Sector.name).where(col(Sector.slug).in_(slugs))).all()
    names = dict(rows)
    return Reader(
        delivery_id=delivery_id,
        address=address,
        language=delivery.language,
        sectors={slug: names[slug] for slug in slugs if slug in names},
        scopes=frozenset(suppression.scopes_of(session, keyring, address)) if address else frozenset({EVERYTHING}),
        organisation=dispatch.identity.get("organisation", ""),
        press_office=dispatch.identity.get("reply_address") or dispatch.identity.get("from_address", ""),
    )


def object_to(session: Session, keyring: Keyring, reader: Reader, scope: str, *, way: str) -> None:
    """Record in the session's transaction that a reader objected, to `EVERYTHING` or to one of their sectors.

    It holds for the person, with whichever address. `way` says how it was made: "one click", "web page". Objecting
    again changes nothing. Raises `Refused` under another secret key.
    """
    assert scope == EVERYTHING or scope in reader.sectors
    if reader.address is None or scope in reader.scopes:
        return
    delivery = session.get_one(Delivery, reader.delivery_id)
    contact = session.get(Contact, delivery.contact_id) if delivery.contact_id is not None else None
    specs = dict.fromkeys(filter(None, (reader.address.spec, contact.address if contact else "")))
    for spec in specs:
        suppression.add(session, keyring, kept_address(spec), reason="objection", source=way, scope=scope, actor=ACTOR)
    digest = hashlib.sha256(f"objection\0{reader.delivery_id}\0{scope}".encode()).hexdigest()
    if session.exec(select(FeedbackEvent.id).where(FeedbackEvent.digest == digest)).first() is None:
        session.add(
            FeedbackEvent(
                digest=digest,
                delivery_id=reader.delivery_id,
                kind="objection",
                verdict="feedback",
                reason=scope,
                source=way,
                received_at=now(),
            )
        )
        session.flush()
