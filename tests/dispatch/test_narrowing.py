"""Lists combined in one sending: union, exclusion, intersection, a filter, and who wants our news in another way."""

from __future__ import annotations

import pytest
from ledgerbase import KEYRING, add_version
from sqlmodel import Session, col, select

from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.lists import listmaking
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.dispatch.recipients.from_lists import make_manifest
from distributor.dispatch.recipients.manifest import LeftOutReason, Manifest
from distributor.errors import BadInput
from distributor.models import Contact, ReleaseVersion

HEADER = "Prénom;Nom;Média;Type de média;E-mail;Langue\n"
HELENE = "Hélène;Aubry;Le Jour;PQN;helene@jour.example;fr\n"
PAUL = "Paul;Bois;Agence Nord;agence;paul@agence.example;fr\n"
ZOE = "Zoé;Clos;The Post;PQN;zoe@post.example;en\n"


@pytest.fixture
def base(database: Database) -> Database:
    """Two lists that share Paul, a smart one, and a release."""
    for name, rows in (("social", HELENE + PAUL), ("sante", PAUL + ZOE)):
        import_contacts(
            database, read_csv((HEADER + rows).encode(), name=f"{name}.csv"), list_name=name, keyring=KEYRING
        )
    with database.session() as session:
        listmaking.create_list(session, "Agences", query="kind:agency", keyring=KEYRING, actor="anne")
    add_version(database)
    return database


def manifest(base: Database, *lists: str, exclude: str = "", only: tuple[str, ...] = (), where: str = "") -> Manifest:
    with base.session(reads_only=True) as session:
        version = session.exec(select(ReleaseVersion)).one()
        excluded = [exclude] if exclude else []
        return make_manifest(session, version, lists, excluded, KEYRING, only_names=only, where=where)


def who(found: Manifest) -> list[str]:
    return [one.recipient.first_name for one in found.recipients]


def left_out(found: Manifest) -> dict[str, tuple[LeftOutReason, str]]:
    return {one.planned.recipient.first_name: (one.reason, one.because) for one in found.left_out}


def set_channel(session: Session, first_name: str, channel: str) -> None:
    session.exec(select(Contact).where(col(Contact.first_name) == first_name)).one().channel = channel


def test_several_lists_are_a_union_and_smart_ones_count(base: Database) -> None:
    assert who(manifest(base, "social", "sante")) == ["Hélène", "Paul", "Zoé"]
    paul = manifest(base, "agences", "social").recipients[0]
    assert (paul.recipient.first_name, paul.lists) == ("Paul", ("agences", "social"))
    assert who(manifest(base, "social", "sante", exclude="agences")) == ["Hélène", "Zoé"]


def test_only_leaves_who_stands_on_every_one_of_these_lists_too(base: Database) -> None:
    found = manifest(base, "social", "sante", only=("sante",))
    assert (who(found), found.only_lists) == (["Paul", "Zoé"], ("sante",))
    assert left_out(found) == {"Hélène": (LeftOutReason.NOT_MEANT, "is not on the list sante")}
    both = manifest(base, "social", "sante", only=("Sante", "agences", "sante"))
    assert (who(both), both.only_lists) == (["Paul"], ("sante", "agences"))
    assert left_out(both)["Zoé"] == (LeftOutReason.NOT_MEANT, "is not on the list agences")


def test_where_leaves_whom_the_filter_names(base: Database) -> None:
    found = manifest(base, "social", "sante", where="langue:français sauf type:agence")
    assert (who(found), found.where) == (["Hélène"], "language:fr and not kind:agency")
    missed = (LeftOutReason.NOT_MEANT, "does not match language:fr and not kind:agency")
    assert left_out(found) == {"Paul": missed, "Zoé": missed}


def test_who_wants_our_news_in_another_way_is_left_out_by_name(base: Database) -> None:
    with base.session() as session:
        set_channel(session, "Hélène", "phone")
        set_channel(session, "Zoé", "pigeon")
    found = manifest(base, "social", "sante")
    assert who(found) == ["Paul"]
    assert left_out(found) == {
        "Hélène": (LeftOutReason.OTHER_CHANNEL, "prefers the phone"),
        "Zoé": (LeftOutReason.OTHER_CHANNEL, "prefers «pigeon»"),
    }


@pytest.mark.parametrize(
    ("only", "where", "words"),
    [(("nulle",), "", "no press list «nulle»"), ((), "sectr:x", "column 1"), ((), "list:nulle", "no list «nulle»")],
)
def test_what_cannot_be_answered_sends_to_nobody(base: Database, only: tuple[str, ...], where: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        manifest(base, "social", only=only, where=where)


def test_objections_to_everything_are_asked_of_the_filter_with_the_key(base: Database) -> None:
    with base.session() as session:
        session.exec(select(Contact).where(col(Contact.first_name) == "Paul")).one().flag = "opted_out"
    assert who(manifest(base, "social", where="not state:objected")) == ["Hélène"]
