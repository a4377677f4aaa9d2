"""A base around one invented journalist, who stands in every table, and around others who must not be touched."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ledgerbase import ACCEPTED, KEYRING, REJECTED, START, add_dispatch, add_version, delivery_row, record_of
from sqlalchemy import update
from sqlmodel import Session, select

from distributor.addresses import parse_address
from distributor.contacts.objections import suppression
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.folding import fold
from distributor.models import (
    Account,
    Affiliation,
    Audit,
    Contact,
    ContactMerge,
    ContactSector,
    Delivery,
    DomainCheck,
    EmbargoAcceptance,
    FeedbackEvent,
    LeftOut,
    MediaList,
    MediaListDeparture,
    MediaListMember,
    Outlet,
    Pace,
    ReleaseVersion,
    Sector,
)

ADDRESS = "helene.quemere@voix-iroise.example"
SECOND = "hq@courrier-sud.example"
AT_OUTLET = "h.quemere@radio-tiez.example"
FIRST, LAST = "Hélène", "Quéméré"
PERSONAL = ("helene.quemere", "h.quemere", "hq@", "Quéméré", "QUÉMÉRÉ", "quemere", "06 99 00 12 34")
"""What must be found nowhere afterwards."""


def add_everybody(database: Database) -> int:
    """Write her, with one of everything, and a colleague; return her number."""
    with database.session() as session:
        sector = Sector(slug="sante", name="Santé")
        session.add(sector)
        outlet, own = (
            Outlet(key="voix d iroise", name="Voix d’Iroise"),
            Outlet(key="quemere", name="Hélène Quéméré, pigiste"),
        )
        media_list = MediaList(slug="sante", name="Santé")
        session.add_all([outlet, own, media_list])
        session.flush()
        her = _contact(session, ADDRESS, FIRST, LAST, phone="06 99 00 12 34", notes="vue en mai", language="fr")
        _contact(session, SECOND, "H.", "QUÉMÉRÉ", same_as_id=her)
        him = _contact(
            session, "paul.abgrall@voix-iroise.example", "Paul", "Abgrall",
            notes=f"remplace Hélène Quéméré ({ADDRESS}) le lundi", fields={"collegue": "Quéméré, Hélène"},
        )  # fmt: skip
        for contact_id, role in ((her, "Journaliste"), (him, "Reporter")):
            session.add(Affiliation(contact_id=contact_id, outlet_id=outlet.id, role=role, is_primary=True))
            session.add(ContactSector(contact_id=contact_id, sector_id=sector.id))
            session.add(MediaListMember(media_list_id=media_list.id, contact_id=contact_id, source="sante.csv"))
        session.add(Affiliation(contact_id=her, outlet_id=own.id, role="Pigiste", address=AT_OUTLET))
        session.add(MediaListDeparture(media_list_id=media_list.id, contact_id=her, reason="double", added_at=START))
        before = {"first_name": "H.", "last_name": "QUÉMÉRÉ", "address": SECOND}
        session.add(ContactMerge(kept_id=her, merged_id=her + 1, before={"merged": before}))
        session.add(DomainCheck(domain="courrier-sud.example", takes_mail="yes"))
        account = Account(name="default")
        session.add(account)
        session.flush()
        session.add(Pace(account_id=account.id, scope="courrier-sud.example", reason="asked to slow down"))
        suppression.add(session, KEYRING, parse_address(ADDRESS), reason="no sport", scope="sport", actor="anne")
        session.add(Audit(actor="anne", action="contacts.edit", subject=ADDRESS, details={"name": f"{FIRST} {LAST}"}))
        return her


def add_history(database: Database, her: int, *, waiting: bool = False) -> list[int]:
    """Two releases to her and to others: accepted and refused, a test as for her, a bounce; return her deliveries."""
    log = DeliveryLog(database, "worker")
    mine: list[int] = []
    for number, outcome in ((1, ACCEPTED), (2, REJECTED)):
        version = add_version(database, slug=f"release-{number}")
        dispatch = add_dispatch(database, version)
        merge = {"name": f"{FIRST} {LAST}", "first_name": FIRST, "last_name": LAST}
        hers = {
            "contact_id": her, "address": ADDRESS, "address_key": ADDRESS,
            "address_hash": KEYRING.address_hash(ADDRESS), "domain": "voix-iroise.example",
            "name": f"{FIRST} {LAST}", "outlet": "Voix d’Iroise", "merge": merge,
        }  # fmt: skip
        rows = [delivery_row(dispatch, version, 1), delivery_row(dispatch, version, 2, **hers)]
        with database.transaction() as connection:
            log.plan(connection, rows)
        claimed = log.claim(dispatch, 10)
        log.commit(Batch(begins=[one.id for one in claimed]))
        said = f"5.1.1 <{ADDRESS}>: user helene.quemere unknown" if outcome is REJECTED else outcome.reply
        for one in claimed:
            answer = type(outcome)(outcome.state, outcome.verdict, outcome.phase, outcome.code, "", said)
            log.commit(Batch(records=[record_of(one.id, answer if one.address == ADDRESS else ACCEPTED)]))
        mine += [one.id for one in claimed if one.address == ADDRESS]
    with database.session() as session:
        him = session.exec(select(Contact.id).where(Contact.last_name == "Abgrall")).one()
        words = f"shares the address of {FIRST} {LAST}"
        session.add(LeftOut(dispatch_id=dispatch, contact_id=him, reason="same address", because=words))
        session.add(LeftOut(dispatch_id=dispatch, contact_id=her, reason="excluded", because="is on a list"))
        first = session.get_one(ReleaseVersion, version).release_id
        session.add(FeedbackEvent(digest="b1", delivery_id=mine[1], kind="bounce", raw=f"To: {ADDRESS}".encode()))
        session.add(FeedbackEvent(digest="b2", kind="bounce", raw=f"Final-Recipient: rfc822; {SECOND}".encode()))
        session.add(EmbargoAcceptance(release_id=first, contact_id=her, how=f"phone, {FIRST} {LAST}"))
        session.add(FeedbackEvent(digest="b3", kind="bounce", raw=b"Final-Recipient: rfc822; other@x.example"))
    version = add_version(database, slug="release-3")
    if waiting:
        dispatch = add_dispatch(database, version)
        with database.transaction() as connection:
            log.plan(connection, [delivery_row(dispatch, version, 2, **hers)])
    test = add_dispatch(database, version, is_test=True)
    with database.transaction() as connection:
        log.plan(connection, [delivery_row(test, version, 9, name=f"{FIRST} {LAST}", merge=merge, state="accepted")])
    return mine


def put_state(database: Database, state: str) -> None:
    """Set all that still waits to a state, past the log."""
    with database.transaction() as connection:
        connection.execute(update(Delivery).where(Delivery.state == "queued").values(state=state))


def dump(database: Database) -> str:
    """Every cell of every table, as one text."""
    found = []
    with database.reading() as connection:
        for table in Contact.metadata.sorted_tables:
            rows = connection.execute(table.select())
            found += [value.decode() if isinstance(value, bytes) else str(value) for row in rows for value in row]
    return "\n".join(found)


def _contact(session: Session, address: str, first: str, last: str, **values: object) -> int:
    contact = Contact(
        address=address, address_key=address, first_name=first, last_name=last,
        name_key=fold(f"{first} {last}"), source="sante.csv",
        legal_basis="legitimate interest", collected_at=datetime(2026, 1, 5, tzinfo=UTC), **values,
    )  # fmt: skip
    session.add(contact)
    session.flush()
    assert contact.id is not None
    return contact.id


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
