"""What the proof is told of a sending: who got the last one like it, of unknown provenance, and whom to look at."""

from __future__ import annotations

from datetime import time

import pytest
from ledgerbase import KEYRING, START, add_version
from sqlalchemy import update
from sqlmodel import col

from distributor.addresses import parse_address
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.plan import new_dispatch, plan_dispatch
from distributor.dispatch.proof.examining import audience_of, oddest, sent_files
from distributor.dispatch.recipients.from_lists import make_manifest
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.models import Contact, Outlet, ReleaseVersion
from distributor.releases.findings import Audience
from distributor.rendering.salutation import FORMS
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import AttachmentFile, Recipient
from distributor.starter import starter_path

HEADER = "Civilité;Prénom;Nom;Média;E-mail;Langue\n"
ECONOMY = (
    "Mme;Hélène;Aubry;Le Jour;helene@jour.example;fr\n"
    "M.;Paul;Bois;Agence Boréale;paul@boreale.example;de\n"
    "Mme;Inès;Clos;Le Fil;ines@fil.example;\n"
)
CULTURE = "Mme;Inès;Clos;Le Fil;ines@fil.example;\n"
IDENTITY = Identity(
    from_name="Service presse",
    from_address="presse@halle.example",
    reply_name="",
    reply_address="",
    bounce_address="retours@halle.example",
    objection_address="stop@halle.example",
    organisation="La Halle",
    public_url="",
)


@pytest.fixture
def base(database: Database) -> Database:
    """Two lists, an agency among their outlets, and a release that went to both."""
    for name, rows in (("economie", ECONOMY), ("culture", CULTURE)):
        import_contacts(
            database,
            read_csv((HEADER + rows).encode(), name="l.csv"),
            list_name=name,
            sector=name.title(),
            keyring=KEYRING,
        )
    with database.session() as session:
        session.execute(update(Outlet).where(col(Outlet.name) == "Agence Boréale").values(kind="agency"))
    number = add_version(database, slug="halle")
    templates = TemplateSet.load(starter_path("templates") / "press-release")
    with database.session() as session:
        version = session.get_one(ReleaseVersion, number)
        manifest = make_manifest(session, version, ["economie", "culture"], [], KEYRING)
        log = DeliveryLog(database, "planner")
        plan_dispatch(session, log, new_dispatch(session, version, IDENTITY, templates, START), manifest)
    return database


def audience(base: Database, *lists: str, exclude: tuple[str, ...] = (), where: str = "") -> Audience:
    number = add_version(base, slug=f"marche-{'-'.join(lists)}")
    with base.session(reads_only=True) as session:
        version = session.get_one(ReleaseVersion, number)
        manifest = make_manifest(session, version, lists, exclude, KEYRING, where=where)
        return audience_of(session, version, manifest)


def test_nobody_is_missing_when_everyone_is_there(base: Database) -> None:
    found = audience(base, "economie", "culture")
    assert (found.missing_outlets, found.compared_with) == ([], "«halle»")
    assert (found.languages, found.unproven) == ({"fr": 1, "de": 1}, [])


def test_an_agency_that_got_the_last_release_is_missing(base: Database) -> None:
    with base.session() as session:
        session.execute(update(Contact).where(col(Contact.last_name) == "Bois").values(channel="phone"))
    left_out = audience(base, "economie", "culture")
    assert left_out.missing_outlets == []  # it is left out by name, and said so elsewhere
    found = audience(base, "culture")
    assert (found.missing_outlets, found.missing_agencies) == (["Agence Boréale", "Le Jour"], ["Agence Boréale"])


def test_lists_that_have_little_in_common_are_not_compared(base: Database) -> None:
    import_contacts(
        base,
        read_csv((HEADER + "M.;Luc;Roy;Le Pas;luc@pas.example;\n").encode(), name="l.csv"),
        list_name="sport",
        keyring=KEYRING,
    )
    assert audience(base, "sport") == Audience(languages={}, unproven=[], missing_outlets=[], missing_agencies=[])


def test_deadlines_are_the_outlets_or_ones_own(base: Database) -> None:
    people = ("luc@jour.example;Luc;Roy;Le Jour;16h30", "lea@fil.example;Léa;Pic;Le Fil;tard")
    rows = "\n".join(["E-mail;Prénom;Nom;Média;Bouclage", *people])
    import_contacts(base, read_csv(rows.encode(), name="l.csv"), list_name="economie", keyring=KEYRING)
    assert audience(base, "economie").deadlines == (("Luc Roy", time(16, 30)),)
    with base.session() as session:
        session.execute(update(Outlet).where(col(Outlet.name) == "Le Jour").values(deadline="18:30"))
    assert set(audience(base, "economie", "culture").deadlines) == {
        ("Luc Roy", time(16, 30)),
        ("Le Jour", time(18, 30)),
    }


def test_provenance_that_is_not_known_is_named(base: Database) -> None:
    with base.session() as session:
        session.execute(update(Contact).where(col(Contact.last_name) == "Bois").values(source=""))
    assert audience(base, "economie").unproven == ["paul@boreale.example (no source)"]


def planned(name: str, **card: str) -> PlannedRecipient:
    first, _, last = name.partition(" ")
    address = parse_address(f"p{abs(hash(name)) % 10**6}@x.example")
    values = {"civility": "Mme", "first_name": first, "last_name": last, "outlet": "Le Jour"} | card
    recipient = Recipient(address, name=name, **values)  # type: ignore[arg-type]  # texts only
    return PlannedRecipient(1, address, "", recipient, "", "", "", ())


def test_the_oddest_come_first_and_the_plain_do_not_come() -> None:
    people = [
        planned("Anne Roy"),
        planned("Marie-Clémence de la Rochefoucault"),
        planned("JEAN PETIT", civility="M."),
        planned("=1+1 Dupont"),
        planned("Sam Doe", civility="", outlet=""),
        planned("أحمد الفارسي"),
    ]
    found = oddest(people, FORMS, "fr")
    assert [(one.planned.recipient.name, one.reasons[0]) for one in found] == [
        ("=1+1 Dupont", "odd characters in the name"),
        ("JEAN PETIT", "capitals or small letters only"),
        ("Sam Doe", "no civility"),
        ("Marie-Clémence de la Rochefoucault", "the longest name (34 letters)"),
    ]
    assert found[2].salutation == "Madame, Monsieur,"
    assert len(oddest([planned(f"x{n}") for n in range(30)], FORMS, "fr")) == 10


def test_files_are_what_they_are() -> None:
    (picture, broken) = sent_files(
        [
            AttachmentFile("carte.pdf", "image/png", b"\x89PNG\r\n\x1a\n"),
            AttachmentFile("communique.pdf", "application/pdf", b"%PDF-1.7"),
        ]
    )
    assert (picture.promised, picture.text, picture.unread) == ("application/pdf", None, "")
    assert broken.unread
