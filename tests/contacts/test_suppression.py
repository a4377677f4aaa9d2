"""Objections: kept without the address, honoured by scope, never forgotten with a key."""

from __future__ import annotations

import pytest
from sqlmodel import select

from distributor.addresses import parse_address
from distributor.contacts import suppression
from distributor.db.engine import Database
from distributor.errors import Refused
from distributor.models import Audit, Suppression
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
        assert suppression.is_suppressed(session, KEYS, parse_address("anne@JOURNAL.example"))
        assert not suppression.is_suppressed(session, KEYS, parse_address("paul@journal.example"))


def test_an_objection_to_a_sector_holds_for_that_sector(database: Database) -> None:
    with database.session() as session:
        suppression.add(session, KEYS, ANNE, reason="no sport", scope="sport", actor="paul")
        assert suppression.is_suppressed(session, KEYS, ANNE, sector="sport")
        assert not suppression.is_suppressed(session, KEYS, ANNE, sector="culture")
        assert suppression.suppressed_hashes(session) == set()
        assert suppression.suppressed_hashes(session, sector="sport") == {KEYS.address_hash(ANNE.key)}


def test_another_key_stops_everything_instead_of_forgetting(database: Database) -> None:
    other = Keyring(b"another key")
    with database.session() as session:
        suppression.check_key(session, other)  # nothing to forget yet
        suppression.add(session, KEYS, ANNE, reason="asked", actor="paul")
    with database.session() as session:
        suppression.check_key(session, KEYS)
        for call in (
            lambda: suppression.check_key(session, other),
            lambda: suppression.is_suppressed(session, other, ANNE),
            lambda: suppression.add(session, other, ANNE, reason="again", actor="paul"),
        ):
            with pytest.raises(Refused, match="another secret key") as caught:
                call()
            assert "SECRET_KEY" in caught.value.mend
            assert KEYS.key_id in caught.value.message
