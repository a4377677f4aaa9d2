"""Outlets by hand: found, corrected, renamed, made one, and those that seem to be one."""

from __future__ import annotations

import pytest
from ledgerbase import KEYRING
from sqlmodel import Session, col, select

from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.lists.listmaking import create_list
from distributor.contacts.lists.press_lists import list_members
from distributor.contacts.people.outlets import (
    contacts_of,
    doubles,
    edit_outlet,
    find_outlet,
    merge_outlets,
    near_outlets,
    outlets,
    rename_outlet,
)
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.models import Affiliation, Audit, MediaListMember, Outlet

LIST = """Prénom;Nom;Média;Type de média;Fonction;E-mail;Site web
Hélène;Aubry;Le Monde libre;quotidien national;Cheffe;helene@monde.example;https://monde-libre.example
Paul;Bois;LeMondeLibre.fr;;Reporter;paul@monde.example;
Inès;Clos;Agence Boréale;agence;;ines@boreale.example;
Hélène;Aubry;LeMondeLibre.fr;;Cheffe;helene@monde.example;
"""


@pytest.fixture
def base(database: Database) -> Database:
    import_contacts(database, read_csv(LIST.encode(), name="l.csv"), list_name="presse", keyring=KEYRING)
    return database


def pair(session: Session) -> tuple[Outlet, Outlet]:
    return find_outlet(session, "Le Monde libre"), find_outlet(session, "lemondelibre fr")


def test_outlets_are_listed_with_who_works_there_and_found_without_accents(base: Database) -> None:
    with base.session() as session:
        assert [(one.name, one.kind, one.contacts) for one in outlets(session)] == [
            ("Agence Boréale", "agency", 1), ("Le Monde libre", "national-daily", 1), ("LeMondeLibre.fr", "", 2),
        ]  # fmt: skip
        assert [one.name for one in outlets(session, kind="agence de presse")] == ["Agence Boréale"]
        assert [one.name for one in outlets(session, search="boreale")] == ["Agence Boréale"]
        assert [one.name for one in contacts_of(session, find_outlet(session, "agence BOREALE"))] == ["Inès Clos"]
        with pytest.raises(BadInput, match="no outlet «boréal»") as caught:
            find_outlet(session, "boréal")
        assert caught.value.mend == "Did you mean «Agence Boréale»?"


def test_names_that_seem_one_are_proposed(base: Database) -> None:
    with base.session() as session:
        (found,) = doubles(session)
        assert (found.first, found.second) == ("LeMondeLibre.fr", "Le Monde libre")
        assert "spaces or ending" in found.reason
        assert near_outlets(session, "Monde Libre")[0] == "Le Monde libre"
        session.add(Outlet(key="agence boreal", name="Agence Boréal"))
        session.add(Outlet(key="le globe", name="Le Globe", website="www.monde-libre.example/globe"))
        session.flush()
        reasons = {frozenset((one.first, one.second)): one.reason for one in doubles(session)}
    assert reasons[frozenset(("Agence Boréale", "Agence Boréal"))] == "nearly the same name"
    assert "monde-libre.example" in reasons[frozenset(("Le Globe", "Le Monde libre"))]


def test_details_are_changed_and_erased(base: Database) -> None:
    with base.session() as session:
        outlet = find_outlet(session, "Le Monde libre")
        changes = edit_outlet(session, outlet, {"kind": "PQR", "region": " Bretagne ", "website": ""}, actor="anne")
        assert [str(one) for one in changes] == [
            "kind: «national-daily» → «regional-daily»",
            "region: «Bretagne»",
            "website: «https://monde-libre.example» → none",
        ]
        assert edit_outlet(session, outlet, {"kind": "pqr"}, actor="anne") == []
        assert session.exec(select(Audit.action).where(Audit.actor == "anne")).all() == ["outlets.edit"]


@pytest.mark.parametrize(("typed", "kept"), [("18:30", "18:30"), ("9h", "09:00"), ("18 h 05", "18:05"), ("", "")])
def test_a_deadline_is_an_hour(base: Database, typed: str, kept: str) -> None:
    with base.session() as session:
        outlet = find_outlet(session, "Le Monde libre")
        outlet.deadline = "12:00"
        edit_outlet(session, outlet, {"deadline": typed}, actor="anne")
        assert outlet.deadline == kept


@pytest.mark.parametrize("typed", ["25:00", "soon", "18:60", "in the evening"])
def test_what_is_no_hour_is_no_deadline(base: Database, typed: str) -> None:
    with base.session() as session, pytest.raises(BadInput, match="is no hour of the day"):
        edit_outlet(session, find_outlet(session, "Le Monde libre"), {"deadline": typed}, actor="anne")


def test_a_new_name_is_not_anothers_and_smart_lists_are_named(base: Database) -> None:
    with base.session() as session:
        create_list(session, "Libre", query="outlet:libre", actor="anne", keyring=KEYRING)
        outlet, other = pair(session)
        with pytest.raises(BadInput, match="already"):
            rename_outlet(session, outlet, "lemondelibre-FR", actor="anne")
        with pytest.raises(BadInput, match="has a name"):
            rename_outlet(session, outlet, " ", actor="anne")
        assert rename_outlet(session, outlet, "LE MONDE LIBRE", actor="anne") == []
        (told,) = rename_outlet(session, outlet, "Le Monde d’après", actor="anne")
        assert "«libre»" in told
        assert find_outlet(session, "le monde d apres").id == outlet.id
        assert other.name == "LeMondeLibre.fr"


def test_two_made_one_keep_everybody_and_every_list(base: Database) -> None:
    with base.session() as session:
        kept, merged = pair(session)
        double = session.exec(
            select(Affiliation).where(Affiliation.outlet_id == merged.id, Affiliation.role == "Cheffe")
        ).one()
        member = session.exec(select(MediaListMember).where(MediaListMember.contact_id == double.contact_id)).one()
        member.affiliation_id = double.id
        double.address = "h.aubry@monde.example"
        session.flush()
        moved, _ = merge_outlets(session, kept, merged, actor="anne")
        assert moved == 2
    with base.session() as session:
        assert [one.name for one in outlets(session)] == ["Agence Boréale", "Le Monde libre"]
        rows = session.exec(select(Affiliation.role).order_by(col(Affiliation.role))).all()
        assert rows == ["", "Cheffe", "Reporter"]
        members = {one.name: (one.outlet, one.address) for one in list_members(session, "presse", KEYRING)}
        assert members["Hélène Aubry"] == ("Le Monde libre", "h.aubry@monde.example")
        assert members["Paul Bois"][0] == "Le Monde libre"
        only = find_outlet(session, "Le Monde libre")
        with pytest.raises(BadInput, match="one outlet already"):
            merge_outlets(session, only, only, actor="anne")
