"""Lists made, changed and removed; people put on them and off; what a list was on a day; why somebody stands on one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.lists import listmaking, membership, press_lists, standing
from distributor.contacts.people.members import all_contacts, find_contact
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.models import Affiliation, Audit, Contact, MediaListDeparture, MediaListMember
from distributor.tokens import Keyring

KEYRING = Keyring(b"k" * 32)
PARIS = ZoneInfo("Europe/Paris")
ROWS = """Prénom;Nom;Média;Type de média;E-mail;Secteur;Langue
Hélène;Lefèvre;Le Jour;PQN;helene@jour.example;Économie;fr
Paul;Bois;Agence Nord;agence;paul@agence.example;Économie;fr
Zoé;Clos;The Post;PQN;zoe@post.example;Culture;en
"""


@pytest.fixture
def base(database: Database) -> Database:
    """Three journalists on one list."""
    import_contacts(database, read_csv(ROWS.encode(), name="jour.csv"), list_name="Tous", keyring=KEYRING)
    return database


def names(session: Session, slug: str) -> list[str]:
    return [one.first_name for one in press_lists.list_members(session, slug, KEYRING)]


def create(session: Session, name: str, query: str = "", sector: str = "") -> list[str]:
    return listmaking.create_list(session, name, sector=sector, query=query, keyring=KEYRING, actor="anne")[1]


def test_a_smart_list_has_whoever_its_query_names_when_it_is_read(base: Database) -> None:
    with base.session() as session:
        create(session, "Éco sans agences", "secteur:économie sauf type:agence", sector="economie")
        assert names(session, "eco-sans-agences") == ["Hélène"]
    import_contacts(
        base,
        read_csv(b"Nom;E-mail;Secteur\nInes Sol;ines@sol.example;economie\n", name="x.csv"),
        list_name="Autre",
        keyring=KEYRING,
    )
    with base.session() as session:
        assert names(session, "eco-sans-agences") == ["Hélène", "Ines"]
        (smart,) = [one for one in press_lists.lists(session, KEYRING) if one.query]
        assert (smart.slug, smart.name, smart.sector, smart.count) == (
            "eco-sans-agences",
            "Éco sans agences",
            "Économie",
            2,
        )
        assert smart.query == "sector:économie and not kind:agency"
        helene = find_contact(session, "helene@jour.example")
        assert press_lists.lists_of(session, helene.contact_id, KEYRING) == ["eco-sans-agences", "tous"]


def test_a_lists_name_stands_on_one_line(base: Database) -> None:
    with base.session() as session:
        made, _ = listmaking.create_list(session, "Deux\n lignes\x1b[31m ", actor="test", keyring=KEYRING)
        assert (made.slug, made.name) == ("deux-lignes-31m", "Deux lignes[31m")
        listmaking.rename_list(session, made, "Autre\r\nnom", actor="test")
        assert (made.slug, made.name) == ("autre-nom", "Autre nom")


@pytest.mark.parametrize(
    ("name", "query", "words"),
    [
        ("Tous", "", "a list «tous» already"),
        ("!!!", "", "cannot name a list"),
        ("n" * 101, "", "it has 101 characters"),
        ("Neuve", "sectr:x", "column 1"),
        ("Neuve", "sector:sport", "no sector «sport»"),
        ("Neuve", "list:nulle", "no list «nulle»"),
    ],
)
def test_a_list_that_cannot_be_made_is_not(base: Database, name: str, query: str, words: str) -> None:
    with pytest.raises(BadInput, match=words), base.session() as session:
        create(session, name, query)
    with base.session() as session:
        assert [one.slug for one in press_lists.lists(session, KEYRING)] == ["tous"]


def test_words_that_nobody_has_are_told_and_the_list_is_made(base: Database) -> None:
    with base.session() as session:
        assert create(session, "Presse du soir", "kind:agence or source:jou") == ["No source is «jou»."]
        assert names(session, "presse-du-soir") == ["Paul"]


def test_a_smart_list_cannot_ask_for_itself(base: Database) -> None:
    with base.session() as session:
        create(session, "Un", "language:fr")
        create(session, "Deux", "list:un")
        un = press_lists.find_list(session, "un")
        with pytest.raises(BadInput, match="defined by itself"):
            listmaking.edit_list(session, un, query="list:deux", keyring=KEYRING, actor="anne")
        session.rollback()
    with base.session() as session:
        with pytest.raises(BadInput, match="has members"):
            listmaking.edit_list(
                session, press_lists.find_list(session, "tous"), query="name:x", actor="anne", keyring=KEYRING
            )
        with pytest.raises(BadInput, match="would be everybody"):
            listmaking.edit_list(
                session, press_lists.find_list(session, "tous"), query=" ", actor="anne", keyring=KEYRING
            )


def test_a_frozen_list_keeps_who_stood_on_it(base: Database) -> None:
    with base.session() as session:
        create(session, "Francophones", "language:fr")
        found = press_lists.find_list(session, "francophones")
        assert listmaking.freeze_list(session, found, keyring=KEYRING, actor="anne") == 2
    with base.session() as session:
        session.exec(select(Contact).where(col(Contact.first_name) == "Paul")).one().language = "en"
    with base.session() as session:
        assert names(session, "francophones") == ["Hélène", "Paul"]
        with pytest.raises(BadInput, match="no smart list"):
            listmaking.freeze_list(
                session, press_lists.find_list(session, "francophones"), actor="anne", keyring=KEYRING
            )


def test_who_asks_for_a_renamed_list_goes_on_asking(base: Database) -> None:
    with base.session() as session:
        create(session, "Sans elle", 'not list:tous or list:"TOUS"')
        tous = press_lists.find_list(session, "tous")
        assert listmaking.rename_list(session, tous, "Tout le monde", actor="anne") == "tout-le-monde"
    with base.session() as session:
        asking = press_lists.find_list(session, "sans-elle")
        assert asking.query == "not list:tout-le-monde or list:tout-le-monde"
        with pytest.raises(BadInput, match="sans-elle asks for «tout-le-monde»"):
            listmaking.delete_list(session, press_lists.find_list(session, "tout-le-monde"), actor="anne")
        listmaking.delete_list(session, asking, actor="anne")
        listmaking.delete_list(session, press_lists.find_list(session, "tout-le-monde"), actor="anne")
        assert press_lists.lists(session, KEYRING) == []
        assert len(session.exec(select(Contact)).all()) == 3
        assert session.exec(select(MediaListMember)).all() == []
        done = session.exec(select(Audit.action).where(col(Audit.actor) == "anne").order_by(col(Audit.id))).all()
        assert list(done) == ["lists.create", "lists.rename", "lists.delete", "lists.delete"]


def test_people_come_and_go_and_the_list_remembers(base: Database) -> None:
    with base.session() as session:
        create(session, "Relance")
        relance = press_lists.find_list(session, "relance")
        added = listmaking.add_members(session, relance, ["lefevre", "paul@agence.example", "Hélène"], actor="anne")
        assert [one.first_name for one in added] == ["Hélène", "Paul"]
        assert listmaking.add_members(session, relance, ["lefevre"], actor="anne") == []
    with base.session() as session:
        relance = press_lists.find_list(session, "relance")
        left = listmaking.remove_members(
            session, relance, ["lefevre", "zoe@post.example"], reason="mutée", actor="anne"
        )
        assert [one.first_name for one in left] == ["Hélène"]
        assert names(session, "relance") == ["Paul"]
        gone = session.exec(select(MediaListDeparture)).one()
        assert (gone.source, gone.reason) == ("command line", "mutée")
        create(session, "Futée", "name:paul")
        with pytest.raises(BadInput, match="is a smart list"):
            listmaking.add_members(session, press_lists.find_list(session, "futee"), ["paul"], actor="anne")
        with pytest.raises(BadInput, match="No contact"):
            listmaking.add_members(session, press_lists.find_list(session, "relance"), ["Dupont"], actor="anne")


def test_a_list_as_it_was_on_a_day(base: Database) -> None:
    """Membership is exact: who had come and not gone by the end of that day, however often they went."""
    days = [datetime(2026, 10, day, 12, tzinfo=UTC) for day in range(1, 8)]
    with base.session() as session:
        create(session, "Vieille")
        vieille = press_lists.find_list(session, "vieille")
        helene, paul = (find_contact(session, name).contact_id for name in ("lefevre", "bois"))
        assert vieille.id is not None
        membership.join_list(session, vieille.id, [helene], source="f", moment=days[0])
        membership.leave_list(session, vieille.id, [helene], source="f", reason="", moment=days[2])
        membership.join_list(session, vieille.id, [paul, helene], source="f", moment=days[4])
        membership.leave_list(session, vieille.id, [paul], source="f", reason="", moment=days[6])
    with base.session() as session:
        vieille = press_lists.find_list(session, "vieille")
        shown = {
            day: [one.first_name for one in standing.members_at(session, vieille, standing.end_of(day, PARIS), KEYRING)]
            for day in ("2026-09-30", "2026-10-01", "2026-10-03", "2026-10-05", "2026-10-07", "2026-10")
        }
    assert shown == {
        "2026-09-30": [],
        "2026-10-01": ["Hélène"],
        "2026-10-03": [],
        "2026-10-05": ["Hélène", "Paul"],
        "2026-10-07": ["Hélène"],
        "2026-10": ["Hélène"],
    }


def test_a_smart_list_of_another_day_asks_whom_the_base_knew(base: Database) -> None:
    with base.session() as session:
        create(session, "Francophones", "language:fr")
        paul = session.exec(select(Contact).where(col(Contact.first_name) == "Paul")).one()
        paul.created_at -= timedelta(days=30)
    with base.session() as session:
        found = press_lists.find_list(session, "francophones")
        before = datetime.now(UTC) - timedelta(days=10)
        assert [one.first_name for one in standing.members_at(session, found, before, KEYRING)] == ["Paul"]


def test_days_are_those_of_the_workspace(base: Database) -> None:
    assert base
    assert standing.end_of("2026-10-01", PARIS) == datetime(2026, 10, 1, 21, 59, 59, 999999, UTC)
    assert standing.end_of("", PARIS) is None
    assert standing.split_name("economie@2026-10") == ("economie", "2026-10")
    assert standing.split_name("economie") == ("economie", "")
    with pytest.raises(BadInput, match="is no day"):
        standing.end_of("hier", PARIS)


def test_two_lists_compared(base: Database) -> None:
    with base.session() as session:
        create(session, "Francophones", "language:fr")
        sides = [
            standing.members_at(session, press_lists.find_list(session, slug), None, KEYRING)
            for slug in ("francophones", "tous")
        ]
    found = standing.compare(*sides)
    assert ([one.first_name for one in found.only_first], [one.first_name for one in found.only_second]) == (
        [],
        ["Zoé"],
    )
    assert found.both == 2


def test_why_somebody_stands_on_a_list_or_does_not(base: Database) -> None:
    with base.session() as session:
        create(session, "Éco", "sector:economie and language:fr and not kind:agency")
        session.exec(select(Contact).where(col(Contact.first_name) == "Hélène")).one().channel = "phone"
    with base.session() as session:
        smart, tous = (press_lists.find_list(session, slug) for slug in ("eco", "tous"))
        helene, paul = (find_contact(session, name) for name in ("lefevre", "bois"))
        here, not_here = (standing.explain(session, smart, who, KEYRING) for who in (helene, paul))
        member = standing.explain(session, tous, helene, KEYRING)
    assert (here.is_member, [holds for _, holds in here.clauses]) == (True, [True, True, True])
    assert (not_here.is_member, not_here.clauses[-1]) == (False, ("not kind:agency", False))
    assert here.held_back == ("prefers the phone",)
    assert (member.is_member, member.address, member.outlet) == (True, "helene@jour.example", "Le Jour")
    (stay,) = member.stays
    assert (stay.source, stay.outlet, stay.removed_at) == ("jour.csv", "Le Jour", None)


def test_an_affiliation_that_is_over_is_not_the_one_that_counts(base: Database) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    import_contacts(
        base,
        read_csv("Prénom;Nom;Média;E-mail\nHélène;Lefèvre;Scènes;helene@jour.example\n".encode(), name="s.csv"),
        list_name="Scènes",
        keyring=KEYRING,
    )
    with base.session() as session:
        on_scenes = session.exec(select(Affiliation).order_by(col(Affiliation.id).desc())).first()
        assert on_scenes is not None
        assert next(iter(press_lists.list_members(session, "scenes", KEYRING))).outlet == "Scènes"
        on_scenes.valid_to = yesterday
    with base.session() as session:
        assert next(iter(press_lists.list_members(session, "scenes", KEYRING))).outlet == "Le Jour"


def test_one_more_address_is_no_member_and_leads_to_its_owner(base: Database) -> None:
    with base.session() as session:
        helene = find_contact(session, "lefevre")
        session.add(Contact(same_as_id=helene.contact_id, address="h@perso.example", address_key="h@perso.example"))
    with base.session() as session:
        create(session, "Partout", "name:any or name:none")
        assert names(session, "partout") == ["Hélène", "Paul", "Zoé"]
        assert len(all_contacts(session)) == 3
        assert find_contact(session, "h@perso.example").contact_id == helene.contact_id
