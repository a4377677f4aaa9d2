"""Asking the base: lists, members, sectors, one contact by name."""

from __future__ import annotations

import pytest
from ledgerbase import KEYRING
from sqlalchemy import event
from sqlmodel import col, select

from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.lists.press_lists import find_list, list_members, lists, sectors
from distributor.contacts.people.members import find_contact, search_contacts
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.models import Affiliation, Audit

ECONOMY = """Civilité;Prénom;Nom;Média;Type de média;Fonction;E-mail;Secteur
Mme;Hélène;Lefèvre;Le Jour;quotidien;Cheffe;helene@jour.example;Économie
;;;Le Jour;;;redaction@jour.example;Économie
M.;Paul;Lefèvre;;;;paul@libre.example;
"""
CULTURE = "Prénom;Nom;Média;E-mail\nHélène;Lefèvre;Scènes;HELENE@jour.example\n"


@pytest.fixture
def base(database: Database) -> Database:
    """Two lists that share one journalist."""
    import_contacts(
        database,
        read_csv(ECONOMY.encode(), name="eco.csv"),
        list_name="Éco nationale",
        sector="Économie",
        actor="anne",
        keyring=KEYRING,
    )
    import_contacts(database, read_csv(CULTURE.encode(), name="culture.csv"), list_name="Culture", keyring=KEYRING)
    return database


def test_lists_and_sectors_are_counted(base: Database) -> None:
    with base.session() as session:
        assert [(one.slug, one.name, one.sector, one.count) for one in lists(session, KEYRING)] == [
            ("culture", "Culture", "", 1),
            ("eco-nationale", "Éco nationale", "Économie", 3),
        ]
        assert [(one.slug, one.name, one.count) for one in sectors(session)] == [("economie", "Économie", 3)]


def test_a_list_is_found_by_slug_or_name_and_near_names_are_told(base: Database) -> None:
    with base.session() as session:
        assert find_list(session, "eco-nationale").name == "Éco nationale"
        assert find_list(session, "ÉCO NATIONALE").slug == "eco-nationale"
        with pytest.raises(BadInput, match="no press list «cultur»") as caught:
            find_list(session, "cultur")
        assert caught.value.mend == "Did you mean «culture»?"
        with pytest.raises(BadInput) as caught:
            find_list(session, "zzz")
        assert "culture, eco-nationale" in caught.value.mend


def test_an_unknown_list_fails_when_asked_not_when_read(base: Database) -> None:
    with base.session() as session, pytest.raises(BadInput):
        list_members(session, "nulle", KEYRING)


def test_members_carry_the_affiliation_of_their_list(base: Database) -> None:
    with base.session() as session:
        (helene,) = list_members(session, "culture", KEYRING)
        assert (helene.outlet, helene.role, helene.list_slug) == ("Scènes", "", "culture")
        helene, desk, paul = list_members(session, "eco-nationale", KEYRING)
    assert (helene.outlet, helene.outlet_kind, helene.role) == ("Le Jour", "quotidien", "Cheffe")
    assert (desk.is_desk, desk.name, desk.outlet) == (True, "", "Le Jour")
    assert (paul.outlet, paul.sectors) == ("", ("economie",))


def test_an_affiliation_with_an_address_of_its_own_is_mailed_there(base: Database) -> None:
    with base.session() as session:
        affiliation = session.exec(select(Affiliation).where(col(Affiliation.role) == "Cheffe")).one()
        affiliation.address = "H.Lefevre@jour.example"
    with base.session() as session:
        helene = next(iter(list_members(session, "eco-nationale", KEYRING)))
        assert (helene.address, helene.address_key) == ("H.Lefevre@jour.example", "h.lefevre@jour.example")


def test_members_are_read_in_a_fixed_number_of_statements(base: Database) -> None:
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(base.engine, "before_cursor_execute", note)
    with base.session() as session:
        assert len(list(list_members(session, "eco-nationale", KEYRING))) == 3
    event.remove(base.engine, "before_cursor_execute", note)
    assert len([text for text in statements if text.startswith("SELECT") and "FROM" in text]) == 3


def test_contacts_are_found_by_address_or_by_name_without_accents(base: Database) -> None:
    with base.session() as session:
        assert find_contact(session, "helene@JOUR.example").outlet == "Le Jour"
        assert find_contact(session, "lefevre helene").first_name == "Hélène"
        assert len(search_contacts(session, "lefevre")) == 2
        with pytest.raises(BadInput, match="names 2 contacts"):
            find_contact(session, "Lefèvre")
        with pytest.raises(BadInput, match="No contact"):
            find_contact(session, "Dupont")
        assert search_contacts(session, " ?! ") == []


def test_an_import_is_audited(base: Database) -> None:
    with base.session() as session:
        first = session.exec(select(Audit).order_by(col(Audit.id))).first()
    assert first is not None
    assert (first.actor, first.action, first.subject) == ("anne", "contacts.import", "eco-nationale")
    assert first.details["new"] == 3
