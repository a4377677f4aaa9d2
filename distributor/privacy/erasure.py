"""Erasing people from the database (RGPD, article 17): rows and texts go, totals and keyed hashes stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, and_, delete, exists, false, or_, select, update
from sqlmodel import Session, SQLModel, col

from distributor.addresses import Address
from distributor.clock import now
from distributor.contacts.objections import suppression
from distributor.deliveries.erasure import ErasedDeliveries, erase_deliveries
from distributor.models import Affiliation, Audit, Contact, DomainCheck, FeedbackEvent, MediaList, Outlet, Pace
from distributor.privacy.redaction import Redaction
from distributor.privacy.subject import Subject
from distributor.tokens import Keyring

TEXTS: Mapping[str, tuple[str, ...]] = {
    "contact": ("notes", "note_to_send", "topics", "fields", "source"),
    "affiliation": ("role", "desk"),
    "media_list_member": ("source",),
    "media_list_departure": ("source", "reason"),
    "contact_merge": ("before",),
    "suppression": ("reason", "source"),
    "coverage": ("outlet", "title"),
    "left_out": ("because",),
    "sign_off": ("scope",),
    "wave": ("name",),
    "embargo_acceptance": ("how",),
    "audit": ("subject", "details"),
}
"""Table → texts about other things that may mention the person, and that stay without them."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure came to, for all whom it was about.

    `contacts` are rows, further addresses included. `deliveries` were emptied, of which `withheld` were still waiting,
    besides `tests` written as for the person. `mentions` is how many rows about other things named them. `smart_lists`
    are lists whose filter still does. `message_ids` are those of the messages they got, for copies kept as files.
    """

    contacts: int
    deliveries: int
    withheld: int
    tests: int
    mentions: int
    smart_lists: tuple[str, ...]
    message_ids: tuple[str, ...]


def erase(session: Session, keyring: Keyring, people: Sequence[Subject], *, actor: str) -> Erasure:
    """Erase people in the session's transaction; what they objected to, and that they were erased, is kept as hashes.

    Rows of the contact base go, with every address, list, affiliation, note and merge. Deliveries and attempts stay
    without the person, so that totals of past reports do not change. Nobody of these addresses can be imported again.

    Raises `Refused` while a message to one of them is under way, or under another key than objections were kept with.
    """
    addresses = [address for subject in people for address in subject.addresses]
    names = [pair for subject in people if not _has_namesake(session, subject) for pair in subject.names]
    mentions = Redaction(addresses, names)
    suppression.mark_erased(session, keyring, addresses)
    logs = [_erase_person(session, keyring, subject, actor) for subject in people]
    _delete_domains(session, addresses)
    return Erasure(
        contacts=sum(len(subject.contact_ids) for subject in people),
        deliveries=sum(log.count for log in logs),
        withheld=sum(log.withheld for log in logs),
        tests=sum(log.tests for log in logs),
        mentions=_redact_mentions(session, mentions) + _redact_unclaimed(session, mentions),
        smart_lists=tuple(_smart_lists(session, mentions)),
        message_ids=tuple(number for log in logs for number in log.message_ids),
    )


def _erase_person(session: Session, keyring: Keyring, subject: Subject, actor: str) -> ErasedDeliveries:
    redaction = Redaction(subject.addresses, subject.names)
    log = erase_deliveries(session.connection(), subject.owns_delivery(), subject.names, redaction.words_in, now())
    outlets = _outlets_of(session, subject)
    session.execute(delete(Contact).where(col(Contact.id).in_(subject.contact_ids)))
    _delete_outlets(session, outlets, redaction)
    details = {"contacts": len(subject.contact_ids), "deliveries": log.count, "withheld": log.withheld}
    hashes = [keyring.address_hash(address.key) for address in subject.addresses]
    session.add(Audit(actor=actor, action="contacts.forget", subject=next(iter(hashes), ""), details=details))
    session.flush()
    return log


def _has_namesake(session: Session, subject: Subject) -> bool:
    """Whether somebody else has the same name: a name in a text may be theirs then, and only addresses are taken."""
    if not subject.names:
        return False
    same = or_(
        false(),
        *(
            (col(Contact.first_name) == first) & (col(Contact.last_name) == last)
            for first, last in subject.names
            if first and last
        ),
    )
    others = select(col(Contact.id)).where(same, col(Contact.id).not_in(subject.contact_ids)).limit(1)
    return session.scalars(others).first() is not None


def _smart_lists(session: Session, mentions: Redaction) -> list[str]:
    lists = session.scalars(select(MediaList).where(col(MediaList.query) != ""))
    return [one.slug for one in lists if mentions.mentions_in(one.query) != one.query]


def _outlets_of(session: Session, subject: Subject) -> list[int]:
    rows = session.scalars(
        select(col(Affiliation.outlet_id)).where(col(Affiliation.contact_id).in_(subject.contact_ids)).distinct()
    )
    return list(rows)


def _delete_outlets(session: Session, ids: list[int], redaction: Redaction) -> None:
    """A freelance's outlet may be called after them: it goes too, when nobody else works there."""
    used = exists().where(col(Affiliation.outlet_id) == col(Outlet.id))
    for outlet in session.scalars(select(Outlet).where(col(Outlet.id).in_(ids), ~used)).all():
        said = f"{outlet.name} {outlet.website}"
        if redaction.words_in(said) != said:
            session.delete(outlet)


def _delete_domains(session: Session, addresses: Sequence[Address]) -> None:
    for domain in {address.domain for address in addresses}:
        used = select(col(Contact.id)).where(col(Contact.address_key).like(f"%@{domain}")).limit(1)
        if session.scalars(used).first() is None:
            session.execute(delete(DomainCheck).where(col(DomainCheck.domain) == domain))
            session.execute(delete(Pace).where(col(Pace.scope) == domain))


def _redact_mentions(session: Session, mentions: Redaction) -> int:
    """Take the person out of what is kept about others; return in how many rows they stood."""
    return sum(
        _redact_table(session.connection(), SQLModel.metadata.tables[name], columns, mentions)
        for name, columns in TEXTS.items()
    )


def _redact_table(connection: Connection, table: Table, columns: tuple[str, ...], mentions: Redaction) -> int:
    keys = list(table.primary_key)
    rows = connection.execute(select(*keys, *(table.c[name] for name in columns))).all()
    touched = 0
    for row in rows:
        values = dict(zip(columns, row[len(keys) :], strict=True))
        changed = {name: without for name, value in values.items() if (without := mentions.mentions_in(value)) != value}
        if changed:
            this = and_(*(key == value for key, value in zip(keys, row, strict=False)))
            connection.execute(update(table).where(this).values(**changed))
            touched += 1
    return touched


def _redact_unclaimed(session: Session, mentions: Redaction) -> int:
    """Empty what came back from mail servers, quotes the person and belongs to no delivery that we know."""
    touched = 0
    rows = session.scalars(
        select(FeedbackEvent)
        .where(col(FeedbackEvent.delivery_id).is_(None), col(FeedbackEvent.raw) != b"")
        .execution_options(yield_per=100)
    )
    for row in rows:
        said = row.raw.decode("utf-8", "replace")
        if mentions.mentions_in(said) != said:
            row.raw, row.reason, row.source = b"", "", ""
            touched += 1
    session.flush()
    return touched
