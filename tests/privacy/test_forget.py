"""Forgetting: in no table, no file and no free page afterwards; figures stay; nobody comes back by an import."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledgerbase import KEYRING, is_left_alone
from people import ADDRESS, AT_OUTLET, LAST, PERSONAL, SECOND, add_everybody, add_history, dump, put_state
from sqlmodel import SQLModel, select

from distributor.contacts.objections import suppression
from distributor.db.engine import Database
from distributor.errors import BadInput, Refused
from distributor.models import Audit, Contact, Delivery, FeedbackEvent, Suppression
from distributor.privacy.erasure import TEXTS
from distributor.privacy.forget import Forgotten, forget
from distributor.privacy.subject import find_for_erasure
from distributor.reports import queries


def forget_her(database: Database, folder: Path, who: str = ADDRESS) -> Forgotten:
    """Run the erasure as `contacts forget` does."""
    return forget(database, KEYRING, folder, lambda session: [find_for_erasure(session, KEYRING, who)], actor="anne")


def figures(database: Database) -> list[object]:
    """The totals of every release."""
    with database.reading() as connection:
        reports = [queries.make_report(connection, slug=slug) for slug in ("release-1", "release-2")]
    return [(one.totals, one.by_sector, one.by_domain) for one in reports]


@pytest.mark.parametrize("who", [ADDRESS, SECOND, AT_OUTLET, "quemere helene"])
def test_nothing_of_her_is_left_in_any_table_and_every_figure_is(database: Database, tmp_path: Path, who: str) -> None:
    add_history(database, add_everybody(database))
    before = figures(database)
    done = forget_her(database, tmp_path, who)
    after = dump(database)
    assert [word for word in PERSONAL if word.casefold() in after.casefold()] == []
    assert figures(database) == before
    assert (done.erasure.contacts, done.erasure.deliveries, done.erasure.tests) == (2, 2, 1)
    with database.session() as session:
        assert [one.last_name for one in session.exec(select(Contact))] == ["Abgrall"]
        states = [one.state for one in session.exec(select(Delivery).order_by(Delivery.id))]  # type: ignore[arg-type]
        assert states[:4] == ["accepted", "accepted", "accepted", "rejected"]
        assert [bool(one.raw) for one in session.exec(select(FeedbackEvent).order_by(FeedbackEvent.digest))] == [
            False, False, True,
        ]  # fmt: skip


def test_her_colleague_keeps_his_notes_without_her(database: Database, tmp_path: Path) -> None:
    add_everybody(database)
    forget_her(database, tmp_path)
    with database.session() as session:
        him = session.exec(select(Contact)).one()
        assert him.notes == "remplace [erased] ([erased]) le lundi"
        assert him.fields == {"collegue": "[erased]"}


def test_a_namesake_keeps_the_name(database: Database, tmp_path: Path) -> None:
    add_everybody(database)
    with database.session() as session:
        session.add(Contact(address="h@x.example", address_key="h@x.example", first_name="Hélène", last_name="Quéméré"))
    forget_her(database, tmp_path)
    with database.session() as session:
        him = session.exec(select(Contact).where(Contact.last_name == "Abgrall")).one()
        assert him.notes == "remplace Hélène Quéméré ([erased]) le lundi"
        assert session.exec(select(Contact).where(Contact.address == "h@x.example")).one().last_name == LAST


def test_all_her_addresses_are_kept_from_coming_back(database: Database, tmp_path: Path) -> None:
    add_everybody(database)
    forget_her(database, tmp_path)
    with database.session() as session:
        erased = suppression.erased_hashes(session, KEYRING)
        assert erased == {KEYRING.address_hash(one) for one in (ADDRESS, SECOND, AT_OUTLET)}
        assert is_left_alone(session, ADDRESS)
        assert {(one.scope, one.reason) for one in session.exec(select(Suppression))} == {
            ("", "erasure"), ("sport", "no sport"),
        }  # fmt: skip


def test_the_audit_says_who_erased_and_not_whom(database: Database, tmp_path: Path) -> None:
    add_history(database, add_everybody(database))
    forget_her(database, tmp_path)
    with database.session() as session:
        row = session.exec(select(Audit).where(Audit.action == "contacts.forget")).one()
        assert (row.actor, row.subject) == ("anne", KEYRING.address_hash(ADDRESS))
        assert row.details == {"contacts": 2, "deliveries": 2, "withheld": 0}


def test_what_still_waits_is_withheld_first(database: Database, tmp_path: Path) -> None:
    add_history(database, add_everybody(database), waiting=True)
    assert forget_her(database, tmp_path).erasure.withheld == 1
    with database.session() as session:
        row = session.exec(select(Delivery).where(Delivery.state == "withheld")).one()
        assert (row.reason, row.merge, row.name) == ("erased", {}, "")


@pytest.mark.parametrize("state", ["claimed", "sending"])
def test_a_message_under_way_is_waited_for(database: Database, tmp_path: Path, state: str) -> None:
    add_history(database, add_everybody(database), waiting=True)
    put_state(database, state)
    before = dump(database)
    with pytest.raises(Refused, match="under way"):
        forget_her(database, tmp_path)
    assert dump(database) == before


def test_in_doubt_stays_in_doubt_and_cannot_be_sent_again(database: Database, tmp_path: Path) -> None:
    add_history(database, add_everybody(database), waiting=True)
    put_state(database, "in_doubt")
    forget_her(database, tmp_path)
    with database.session() as session:
        row = session.exec(select(Delivery).where(Delivery.state == "in_doubt")).one()
        assert row.address_hash in suppression.erased_hashes(session, KEYRING)


def test_an_address_that_only_a_delivery_knows_is_enough(database: Database, tmp_path: Path) -> None:
    her = add_everybody(database)
    add_history(database, her)
    with database.session() as session:
        session.delete(session.get(Contact, her))
    assert forget_her(database, tmp_path).erasure.deliveries == 2
    assert ADDRESS not in dump(database)


def test_the_same_again_looks_for_traces_only_and_a_stranger_is_told(database: Database, tmp_path: Path) -> None:
    add_everybody(database)
    forget_her(database, tmp_path)
    (tmp_path / "late.csv").write_text(f"Nom;E-mail\nQuéméré;{ADDRESS}\nAbgrall;p@x.example\n", encoding="utf-8")
    done = forget_her(database, tmp_path)
    assert done.erasure.contacts == 0
    assert (tmp_path / "late.csv").read_text("utf-8") == "Nom;E-mail\nAbgrall;p@x.example\n"
    with pytest.raises(BadInput, match="Nothing is held"):
        forget_her(database, tmp_path, "nobody@x.example")


TEXTS_OF_OTHER_THINGS = {
    "sector": "names of beats", "outlet": "goes when it is the person's own", "media_list": "told, not changed",
    "column_mapping": "column names", "domain_check": "goes when nobody else is there", "release": "what is published",
    "release_version": "what is published", "attachment": "what is published", "account": "ours", "dispatch": "ours",
    "delivery": "deliveries/erasure.py", "attempt": "deliveries/erasure.py", "feedback_event": "emptied",
    "contact_sector": "goes with the contact", "pace": "goes when nobody else is at the domain", "pace_share": "ours",
    "refused_login": "ours", "worker": "ours", "embargo_change": "ours",
    "tally": "domains and sectors of deliveries, which keep them",
}  # fmt: skip


def test_every_table_is_either_redacted_or_has_a_reason_not_to_be() -> None:
    assert set(SQLModel.metadata.tables) == set(TEXTS) | set(TEXTS_OF_OTHER_THINGS)


def test_every_reference_to_a_contact_lets_it_go() -> None:
    for table in SQLModel.metadata.tables.values():
        for key in table.foreign_keys:
            if key.column.table.name == "contact":
                assert key.ondelete in {"CASCADE", "SET NULL"}, f"{table.name}.{key.parent.name}"
