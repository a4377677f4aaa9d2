"""What is asked of contacts in single words comes to one filter, and names whom it should."""

from __future__ import annotations

import pytest
from ledgerbase import KEYRING

from distributor.contacts.filters.language import format_filter
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.people.members import find_contact
from distributor.contacts.people.searching import STATES_ASKED, Wanted, filter_of, ids_of
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.models import Contact

LIST = """Prénom;Nom;Média;E-mail;Secteur;Langue
Hélène;Lefèvre;Le Jour;helene@jour.example;Sport > Cyclisme;fr
Paul;Le Fèvre;Le Soir;paul@soir.example;Culture;en
A?e;Clos;Le Jour;ane@jour.example;;
;;Le Jour;redaction@jour.example;;fr
"""


@pytest.fixture
def base(database: Database) -> Database:
    import_contacts(database, read_csv(LIST.encode(), name="l.csv"), list_name="Presse", keyring=KEYRING)
    return database


@pytest.mark.parametrize(
    ("wanted", "text", "names"),
    [
        (Wanted(), "", "Lefèvre,Le Fèvre,Clos,"),
        (Wanted("lefevre"), "name:lefevre", "Lefèvre,Le Fèvre"),
        (Wanted("le fevre"), "name:le and name:fevre", "Le Fèvre"),
        (Wanted(where='name:"le fèvre"'), 'name:"le fèvre"', "Lefèvre,Le Fèvre"),
        (Wanted("lef*"), "name:lef*", "Lefèvre"),
        (Wanted(where='name="helene lefevre"'), 'name="helene lefevre"', "Lefèvre"),
        (Wanted("FÈVRE paul"), "name:FÈVRE and name:paul", "Le Fèvre"),
        (Wanted("@jour"), 'address:*@jour*', "Lefèvre,Clos,"),
        (Wanted("paul@soir.example"), "address:*paul@soir.example*", "Le Fèvre"),
        (Wanted(outlet="le jour"), 'outlet:"le jour"', "Lefèvre,Clos,"),
        (Wanted(sector="sport", language="français"), "sector:sport and language:fr", "Lefèvre"),
        (Wanted(list_name="presse", where="sector:none or domain:soir.example"),
         "list:presse and (sector:none or domain:soir.example)", "Le Fèvre,Clos,"),
        (Wanted(state="desk"), "state:desk", ""),
        (Wanted(state="damaged"), "state:damaged", "Clos"),
        (Wanted(state="never-mailed"), "mailed:none", "Lefèvre,Le Fèvre,Clos,"),
        (Wanted(state="unconfirmed", language="en"), "language:en and confirmed:none", "Le Fèvre"),
        (Wanted(state="objected"), "state:objected", None),
    ],
)  # fmt: skip
def test_single_words_come_to_one_filter(base: Database, wanted: Wanted, text: str, names: str | None) -> None:
    tree = filter_of(wanted)
    assert (format_filter(tree) if tree else "") == text
    with base.session(reads_only=True) as session:
        found = [session.get_one(Contact, one).last_name for one in ids_of(session, tree, KEYRING)]
    assert found == ([] if names is None else names.split(","))


@pytest.mark.parametrize(
    ("wanted", "field", "mend"),
    [
        (Wanted(state="asleep"), "--state", ", ".join(STATES_ASKED)),
        (Wanted(language="klingon"), "--language", "fr, en, de"),
        (Wanted("?!"), "--search", "Write what"),
    ],
)
def test_a_value_that_is_none_names_its_option(wanted: Wanted, field: str, mend: str) -> None:
    with pytest.raises(BadInput) as caught:
        filter_of(wanted)
    assert caught.value.field == field
    assert mend in caught.value.mend


def test_an_unknown_list_or_sector_is_told(base: Database) -> None:
    with base.session(reads_only=True) as session:
        for wanted in (Wanted(list_name="autre"), Wanted(sector="rugby")):
            with pytest.raises(BadInput, match="There is no"):
                ids_of(session, filter_of(wanted), KEYRING)
        assert find_contact(session, "ane@jour.example").first_name == "A?e"


@pytest.mark.parametrize("text", ["lebris", "le bris", "Le-Bris", "LEBRIS anne", "annele bris", "d’aubert le bris"])
def test_a_name_is_found_however_it_is_written(database: Database, text: str) -> None:
    rows = "Anne d'Aubert;Le Bris;a@jour.example\nPaul;Lebrisson;p@jour.example\nMarie;Bris;m@jour.example\n"
    import_contacts(
        database, read_csv(f"Prénom;Nom;E-mail\n{rows}".encode(), name="l.csv"), list_name="Presse", keyring=KEYRING
    )
    with database.session(reads_only=True) as session:
        if text == "annele bris":
            with pytest.raises(BadInput, match="No contact"):
                find_contact(session, text)
        else:
            assert find_contact(session, text).address == "a@jour.example"


def test_two_whom_one_spelling_means_are_both_named(base: Database) -> None:
    with base.session(reads_only=True) as session, pytest.raises(BadInput, match="names 2 contacts"):
        find_contact(session, "lefevre")
