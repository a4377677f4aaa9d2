"""Contacts who may be one person: proposed with a reason and a score, desks apart, nobody compared with everybody."""

from __future__ import annotations

import pytest
from ledgerbase import KEYRING
from sqlalchemy import insert
from sqlmodel import select

from distributor.clock import now
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.people import duplicates
from distributor.contacts.people.duplicates import Duplicate, find_duplicates, mark_distinct
from distributor.contacts.people.likeness import is_initial_of, outlet_forms, outlets_alike, sound_of
from distributor.contacts.people.members import find_contact
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.models import Contact

HEADER = "Civilité;Prénom;Nom;Média;E-mail;Téléphone\n"


def found(database: Database, *rows: str, min_score: int = 85) -> list[Duplicate]:
    import_contacts(database, read_csv((HEADER + "\n".join(rows)).encode(), name="l.csv"), keyring=KEYRING)
    with database.session(reads_only=True) as session:
        return find_duplicates(session, min_score=min_score)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (";Marie;Durand;Le Jour;m@jour.example;", ";Marie;DURAND;Le Jour;md@perso.example;", "the same name"),
        (";Marie;Durand;Le Jour;m@jour.example;", ";Marie;Durand;Le Soir;md@soir.example;", "the same name"),
        (";Hélène;Lefèvre;;h@jour.example;", ";Helene;Lefebvre;;hl@jour.example;", "nearly the same name"),
        (";Durand;Marie;Le Jour;m@jour.example;", ";Marie;Durand;;md@x.example;", "first and last name swapped"),
        (";M.;Durand;Le Jour;m@jour.example;", ";Marie;Durand;Le Jour;md@x.example;", "one with an initial"),
        (
            ";Jean-Pierre;Le Goff;;a@x.example;0699001234",
            ";Jean Pierre;Legoff;;b@y.example;+33 6 99 00 12 34",
            "nearly",
        ),
        (";Ana;García López;;a@x.example;", ";Ana López;García;;b@y.example;", "the same words"),
    ],
)
def test_one_person_is_proposed_with_the_reason(file_database: Database, one: str, other: str, reason: str) -> None:
    (pair,) = found(file_database, one, other)
    assert reason in pair.reasons[0]
    assert 85 <= pair.score <= 100
    assert pair.command == f"distributor contacts merge {pair.first.address} {pair.second.address}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mme;Marie;Durand;Le Jour;m@jour.example;", "M.;Marc;Durand;Le Jour;md@jour.example;"),
        ("M.;Paul;Bois;Le Jour;p@jour.example;", "Mme;Paule;Bois;Le Jour;pb@jour.example;"),
        (";Marie;Durand;;m@gmail.com;", ";Marc;Durant;;md@gmail.com;"),
        (";Anne;Clos;Le Jour;a@jour.example;0299000011", ";Paul;Bois;Le Jour;b@jour.example;0299000011"),
        (";;;Le Jour;redaction@jour.example;", ";;;Le Jour;contact@jour.example;"),
        (";Rédaction;;Le Jour;redaction@jour.example;", ";Rédaction;;Le Soir;redaction@soir.example;"),
        (";Marie;;;m@x.example;", ";Marie;;;m@y.example;"),
    ],
)
def test_two_people_are_not(file_database: Database, one: str, other: str) -> None:
    assert found(file_database, one, other) == []


def test_more_in_common_is_surer(file_database: Database) -> None:
    pairs = found(
        file_database,
        ";Marie;Durand;Le Jour;m@jour.example;0199000001",
        ";Marie;Durand;Le Jour;md@x.example;01 99 00 00 01",
        ";Marie;Durand;Le Soir;md@soir.example;",
        min_score=1,
    )
    scores = [(pair.score, pair.first.address, pair.second.address) for pair in pairs]
    assert scores[0] == (100, "m@jour.example", "md@x.example")
    assert scores[1][0] < 90
    assert pairs[0].reasons == ("the same name", "the same outlet (Le Jour)", "the same phone")


def test_who_is_said_to_be_two_is_not_proposed_again(database: Database) -> None:
    (pair,) = found(database, ";Zoé;Vidal;Le Fil;z@fil.example;", ";Zoé;Vidal;Le Fil;v@fil.example;")
    with database.session() as session:
        mark_distinct(session, pair.second.contact_id, pair.first.contact_id, actor="anne")
        assert find_duplicates(session) == []
        with pytest.raises(BadInput):
            mark_distinct(session, 1, 1, actor="anne")
        session.get_one(Contact, pair.second.contact_id).created_at = now()  # the number was given again
        session.flush()
        assert len(find_duplicates(session)) == 1


def test_further_addresses_are_no_people(database: Database) -> None:
    found(database, ";Zoé;Vidal;Le Fil;z@fil.example;", ";Zoé;Vidal;Le Fil;v@fil.example;")
    with database.session() as session:
        second = session.exec(select(Contact).where(Contact.address_key == "v@fil.example")).one()
        second.same_as_id = find_contact(session, "z@fil.example").contact_id
        session.flush()
        assert find_duplicates(session) == []


def test_only_those_of_some_contacts_are_asked_for(database: Database) -> None:
    rows = [f";Zoé;Vidal;Le {n};z{n}@fil.example;" for n in "ab"] + [
        f";Paul;Bois;Le {n};p{n}@fil.example;" for n in "ab"
    ]
    assert len(found(database, *rows)) == 2
    with database.session() as session:
        paul = find_contact(session, "pa@fil.example").contact_id
        (pair,) = find_duplicates(session, {paul})
        assert pair.first.name == "Paul Bois"


def test_sounds_and_forms() -> None:
    assert sound_of("philippe") == sound_of("filipe")
    assert sound_of("mathieu") == sound_of("matthieu")
    assert is_initial_of("m", "marie")
    assert is_initial_of("j p", "jean pierre")
    assert not is_initial_of("m", "m")
    assert not is_initial_of("", "marie")
    assert outlet_forms("Le Monde") & outlet_forms("LeMonde.fr")
    assert outlets_alike("ouest france", "ouest frances")
    assert not outlets_alike("france 2", "france 3")


def _compared(database: Database, monkeypatch: pytest.MonkeyPatch, many: int) -> int:
    """How many pairs a look at the base compares once it has so many contacts."""
    syllables = [a + b for a in "bcdfglmnprst" for b in ("a", "e", "i", "o", "ou", "an", "in")]
    rows = []
    for number in range(many):
        given = syllables[number % 83] + syllables[number // 7 % 84]
        family = syllables[number * 7 % 84] + syllables[number // 84 % 84] + syllables[number // 3 % 79]
        address = f"{number}@{syllables[number % 71]}.example"
        rows.append({
            "address": address, "address_key": address, "first_name": given, "last_name": family,
            "name_key": f"{given} {family}", "notes": "", "topics": "", "note_to_send": "", "fields": {},
            "attachments": "yes", "civility": "", "language": "", "familiarity": "", "phone": "", "region": "",
            "embargo_trust": False, "source": "", "legal_basis": "", "flag": "",
            "created_at": now(), "updated_at": now(),
        })  # fmt: skip
    with database.session() as session:
        session.execute(insert(Contact), rows)
    pairs = []
    monkeypatch.setattr(duplicates, "compare", lambda *people, **_: pairs.append(people) or (0, ()))
    with database.session(reads_only=True) as session:
        find_duplicates(session)
    return len(pairs)


def test_far_fewer_pairs_are_compared_than_there_are(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0 < _compared(database, monkeypatch, 4800) < 4800  # everybody with everybody: eleven million
