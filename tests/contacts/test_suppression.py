"""Objections: kept without the address, honoured by scope, never forgotten with a key."""

from __future__ import annotations

from dataclasses import replace

import pytest
from databases import empty
from ledgerbase import is_left_alone
from sqlmodel import select

from distributor.addresses import parse_address
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.objections import suppression
from distributor.contacts.objections.hashes import read_objections, write_objections
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.errors import BadInput, Refused
from distributor.models import Affiliation, Audit, Contact, Outlet, Sector, Suppression
from distributor.states import RETURNED
from distributor.tokens import Keyring

KEYS = Keyring(b"a key for these tests, of some length")
ANNE = parse_address("Anne@journal.example")


def test_an_objection_is_kept_as_a_hash_only(database: Database) -> None:
    with database.session() as session:
        assert suppression.add(session, KEYS, ANNE, reason="asked by mail", source="reply", actor="paul")
    with database.session() as session:
        (row,) = session.exec(select(Suppression)).all()
        (audit,) = session.exec(select(Audit)).all()
        assert row.address_hash == KEYS.address_hash("anne@journal.example")
        assert "anne" not in f"{row} {audit}".lower()
        assert (audit.actor, audit.action) == ("paul", "suppressions.add")
        (objection,) = suppression.listing(session)
        assert (objection.reason, objection.source, objection.scope) == ("asked by mail", "reply", "")


def test_an_objection_counts_once_whatever_the_spelling(database: Database) -> None:
    with database.session() as session:
        assert suppression.add(session, KEYS, ANNE, reason="first", actor="paul")
        assert not suppression.add(session, KEYS, parse_address("ANNE@Journal.example"), reason="again", actor="paul")
        assert len(suppression.listing(session)) == 1
        assert is_left_alone(session, parse_address("anne@JOURNAL.example").spec, keyring=KEYS)
        assert not is_left_alone(session, "paul@journal.example", keyring=KEYS)


def test_an_objection_to_a_sector_holds_for_that_sector(database: Database) -> None:
    with database.session() as session:
        suppression.add(session, KEYS, ANNE, reason="no sport", scope="sport", actor="paul")
        assert is_left_alone(session, ANNE.spec, "sport", keyring=KEYS)
        assert not is_left_alone(session, ANNE.spec, "culture", keyring=KEYS)


def test_another_key_stops_everything_instead_of_forgetting(database: Database) -> None:
    other = Keyring(b"another key")
    with database.session() as session:
        suppression.check_key(session, other)  # nothing to forget yet
        suppression.add(session, KEYS, ANNE, reason="asked", actor="paul")
    with database.session() as session:
        suppression.check_key(session, KEYS)
        for call in (
            lambda: suppression.check_key(session, other),
            lambda: is_left_alone(session, ANNE.spec, keyring=other),
            lambda: suppression.add(session, other, ANNE, reason="again", actor="paul"),
        ):
            with pytest.raises(Refused, match="another secret key") as caught:
                call()
            assert "SECRET_KEY" in caught.value.mend
            assert KEYS.key_id in caught.value.message


def test_an_objection_is_a_persons_and_not_a_mailboxs(database: Database) -> None:
    second, at_outlet, shared = "anne2@perso.example", "anne@radio.example", "redaction@radio.example"
    with database.session() as session:
        anne = Contact(address="Anne@journal.example", address_key=ANNE.key)
        paul = Contact(address="paul@x.example", address_key="paul@x.example")
        outlet = Outlet(key="radio", name="Radio")
        session.add_all([anne, paul, outlet])
        session.flush()
        session.add(Contact(address=second, address_key=second, same_as_id=anne.id))
        for contact, address, role in ((anne, at_outlet, "a"), (anne, shared, "b"), (paul, shared, "a")):
            session.add(Affiliation(contact_id=contact.id, outlet_id=outlet.id, address=address, role=role))
        session.flush()
        assert suppression.add(session, KEYS, parse_address(at_outlet), reason="asked", actor="paul")
        for address in (ANNE, parse_address(second), parse_address(at_outlet)):
            assert is_left_alone(session, address.spec, keyring=KEYS)
        for free in (shared, "paul@x.example"):
            assert not is_left_alone(session, free, keyring=KEYS)
        removed = suppression.remove(session, KEYS, parse_address(second), reason="asked again", actor="anne")
        assert removed.scopes == ("",)
        assert suppression.listing(session) == []
        rows = session.exec(select(Audit).where(Audit.action == "suppressions.remove")).all()
        assert [row.details["reason"] for row in rows] == ["asked again"]


def test_an_objection_to_a_parent_sector_covers_its_children(database: Database) -> None:
    with database.session() as session:
        sport = Sector(slug="sport", name="Sport")
        session.add(sport)
        session.flush()
        session.add(Sector(slug="cyclisme", name="Cyclisme", parent_id=sport.id))
        suppression.add(session, KEYS, ANNE, reason="no sport", scope="sport", actor="paul")
        assert is_left_alone(session, ANNE.spec, "cyclisme", keyring=KEYS)
        suppression.remove(session, KEYS, ANNE, reason="likes it", actor="paul")
        suppression.add(session, KEYS, ANNE, reason="no cycling", scope="cyclisme", actor="paul")
        assert not is_left_alone(session, ANNE.spec, "sport", keyring=KEYS)


def test_removing_takes_a_files_opt_out_back_too(database: Database) -> None:
    with database.session() as session:
        session.add(Contact(address="redaction@x.example", address_key="redaction@x.example", flag="opted_out"))
        session.flush()
        desk = parse_address("redaction@x.example")
        assert suppression.is_flagged(session, desk)
        assert suppression.remove(session, KEYS, desk, scope="sport", reason="?", actor="a").was_flagged is False
        assert suppression.remove(session, KEYS, desk, reason="a mistake", actor="a").was_flagged
        assert session.exec(select(Contact)).one().flag == "desk"


def test_an_export_of_hashes_is_read_back_under_the_same_key_only(database: Database) -> None:
    with database.session() as session:
        suppression.add(session, KEYS, ANNE, reason="asked; twice", source="mail", actor="paul")
        lines = suppression.listing(session)
    exported = write_objections(lines)
    assert b"journal.example" not in exported
    assert KEYS.key_id.encode() in exported
    empty(database)
    with database.session() as session:
        found = read_objections(exported)
        assert suppression.merge_in(session, KEYS, found.lines, source="x.csv", actor="paul") == 1
        assert suppression.merge_in(session, KEYS, found.lines, source="x.csv", actor="paul") == 0
        assert suppression.listing(session) == lines
        with pytest.raises(Refused, match="another secret key"):
            suppression.merge_in(session, KEYS, [replace(found.lines[0], key_id="00000000")], source="x", actor="p")


@pytest.mark.parametrize(
    ("text", "addresses", "rejected"),
    [
        ("a@x.example\nb@x.example\n\n", 2, []),
        ("E-mail;Motif\na@x.example;mail\nA@X.example;tel\n", 1, []),
        ('Nom,E-mail\n"Un, Anne",a@x.example\nDeux,b@@x\n', 1, [3]),
        ("Anne <a@x.example>\nnobody\n", 1, [2]),
    ],
)
def test_a_file_of_addresses_is_read_as_people_send_them(text: str, addresses: int, rejected: list[int]) -> None:
    found = read_objections(text.encode())
    assert len(found.addresses) == addresses
    assert [line for line, _ in found.rejected] == rejected


def test_what_has_no_end_in_a_file_of_addresses_is_rejected_with_its_line() -> None:
    long = "x" * 200_000
    found = read_objections(f"{long}@x.example\na@x.example\n{long}\n".encode())
    assert [address.spec for address in found.addresses] == ["a@x.example"]
    assert [line for line, _ in found.rejected] == [1, 3]
    assert max(len(why) for _, why in found.rejected) < 200


@pytest.mark.parametrize("data", [b"PK\x03\x04a@x.example", b"\xd0\xcf\x11\xe0", b"a@x.example" + bytes(1000)])
def test_what_is_no_text_holds_no_objections(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"is not text|CSV"):
        read_objections(data)


@pytest.mark.parametrize(
    "text",
    [
        *("", "Nom\n", "address_hash;key_id\nxx;y\n", "[1]", '[{"address_hash": "zz"}]', "[" * 100_000),
        "address_hash;key_id;scope;reason;source;created_at\n" + "x" * 200_000,
    ],
)
def test_a_file_that_holds_no_objection_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_objections(text.encode())


def test_who_was_erased_is_not_imported_again_and_leaves_no_trace(database: Database) -> None:
    with database.session() as session:
        suppression.mark_erased(session, KEYS, [ANNE])
    lines = "Nom;E-mail;Média\nMartin;anne@journal.example;Chez Martin\nDeux;b@x.example;Le Jour\n"
    report = import_contacts(database, read_csv(lines.encode()), keyring=KEYS)
    assert [one.result for one in report.outcomes] == ["rejected", "new"]
    assert "erased" in report.outcomes[0].reason
    assert list(report.rejected) == []
    with database.session() as session:
        assert [one.last_name for one in session.exec(select(Contact))] == ["Deux"]
        assert [one.name for one in session.exec(select(Outlet))] == ["Le Jour"]


def test_removing_tells_an_objection_from_mail_that_came_back(database: Database) -> None:
    with database.session() as session:
        suppression.mark_dead(session, KEYS, ANNE, reason=f"{RETURNED}no such mailbox", source="mail", actor="a")
        removed = suppression.remove(session, KEYS, ANNE, reason="a new server", actor="paul")
        assert (removed.scopes, removed.was_flagged, removed.had_come_back) == ((), False, True)
        assert not is_left_alone(session, ANNE.spec, keyring=KEYS)
