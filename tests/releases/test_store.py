"""Releases in the database: one slug each, every version kept, each under the hash of its content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime

import pytest
from sqlmodel import Session, select

from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.models import ReleaseVersion
from distributor.releases.attachments import KeptFile
from distributor.releases.draft import PressContact, ReleaseDraft, Remark, Signatory
from distributor.releases.kinds import ReleaseKind
from distributor.releases.store import (
    StoredRelease,
    all_releases,
    attachments_of,
    draft_of,
    find_release,
    store_release,
)

DRAFT = ReleaseDraft(
    headline="La halle rouvre lundi",
    body="La halle **rouvre**.",
    kind=ReleaseKind.CORRECTION,
    standfirst="Après deux ans de travaux.",
    dateline_place="Brest",
    dateline_date=date(2026, 3, 2),
    embargo_until=datetime(2026, 3, 2, 17, tzinfo=UTC),
    sector="Culture",
    signatory=Signatory("Anne Clos", "Présidente", "Culture"),
    contacts=(PressContact("Paul Bois", "Presse", "paul@halle.example", "02 98 00 00 31"),),
    boilerplate="La Halle est une association.",
    extra={"tirage": 3, "mots": ["a", "b"]},
    remarks=(Remark(4, "«xx» was not recognised."),),
    lines={"headline": 1, "body": 3},
)
FILE = KeptFile("attachments/ab", "Dossier.pdf", "application/pdf", 8, "ab")


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.session() as opened:
        yield opened


def store(session: Session, draft: ReleaseDraft = DRAFT, **more: object) -> StoredRelease:
    return store_release(session, draft, source="La halle…", source_name="halle.md", **more)  # type: ignore[arg-type]


def test_what_is_kept_comes_back_as_it_was_read(session: Session) -> None:
    stored = store(session, attachments=[FILE])
    assert (stored.release.slug, stored.version.number, stored.is_new) == ("la-halle-rouvre-lundi", 1, True)
    session.expire_all()
    version = find_release(session, "la-halle-rouvre-lundi").version
    files = attachments_of(session, version)
    assert draft_of(version, files) == replace(DRAFT, attachments=("Dossier.pdf",))
    assert (files[0].path, files[0].sha256, files[0].size) == ("attachments/ab", "ab", 8)
    assert (version.source, version.source_name) == ("La halle…", "halle.md")


def test_the_same_words_make_no_version_and_other_words_the_next(session: Session) -> None:
    first = store(session)
    again = store(session, replace(DRAFT, remarks=(), lines={}))
    assert (again.is_new, again.version.id) == (False, first.version.id)
    second = store(session, replace(DRAFT, body="La halle rouvre mardi."))
    assert (second.is_new, second.version.number, second.release.id) == (True, 2, first.release.id)
    assert find_release(session, "la-halle-rouvre-lundi").version.number == 2
    assert find_release(session, "la-halle-rouvre-lundi", 1).version.body == DRAFT.body
    with pytest.raises(BadInput, match="word for word version 1") as caught:
        store(session)
    assert "--slug" in caught.value.mend


CHANGES: dict[str, object] = {
    "headline": "La halle rouvre  lundi",
    "body": "x",
    "lang": "en",
    "kind": ReleaseKind.RELEASE,
    "standfirst": "",
    "dateline_place": "Quimper",
    "dateline_date": None,
    "embargo_until": datetime(2026, 3, 2, 18, tzinfo=UTC),
    "sector": "",
    "signatory": Signatory("Anne Clos"),
    "contacts": (),
    "boilerplate": "",
    "extra": {},
}


def test_any_change_to_what_is_said_makes_a_version(session: Session) -> None:
    unsaid = {"attachments", "logo", "remarks", "lines", "translation_of"}  # files count by content; a link is no word
    assert set(CHANGES) == {field.name for field in fields(ReleaseDraft)} - unsaid
    for name, value in CHANGES.items():
        store(session, slug=name)
        changed = store(session, replace(DRAFT, **{name: value}), slug=name)  # type: ignore[arg-type]
        assert (changed.is_new, changed.version.number) == (True, 2), name


def test_another_attachment_makes_a_version(session: Session) -> None:
    store(session, attachments=[FILE])
    assert store(session, attachments=[replace(FILE, sha256="cd")]).version.number == 2
    assert store(session, attachments=[replace(FILE, name="Autre.pdf")]).version.number == 3
    assert store(session).version.number == 4


def test_another_picture_makes_a_version_and_is_no_attachment(session: Session) -> None:
    picture = replace(FILE, role="image", source="plan.png")
    logo = replace(FILE, role="logo", name="logo.png")
    first = store(session, attachments=[FILE, picture, logo]).version
    assert draft_of(first, attachments_of(session, first)) == replace(
        DRAFT, attachments=("Dossier.pdf",), logo="logo.png"
    )
    assert not store(session, attachments=[FILE, picture, logo]).is_new
    assert store(session, attachments=[FILE, replace(picture, sha256="cd"), logo]).version.number == 2
    assert store(session, attachments=[FILE, picture]).version.number == 3


def test_two_headlines_that_begin_alike_are_two_releases(session: Session) -> None:
    long = "La Coordination des soignants du littoral salue la réouverture"
    first = store(session, replace(DRAFT, headline=f"{long} des urgences"))
    other = store(session, replace(DRAFT, headline=f"{long} de la maternité"))
    third = store(session, replace(DRAFT, headline=f"{long} de la pharmacie"))
    slug = first.release.slug
    assert (first.beside, other.beside, third.beside) == ("", slug, slug)
    assert [one.release.slug for one in (other, third)] == [f"{slug}-2", f"{slug}-3"]
    assert {one.version.number for one in (first, other, third)} == {1}


def test_the_same_headline_but_for_a_slip_is_the_next_version(session: Session) -> None:
    long = "La Coordination des soignants du littoral salue la réouverture"
    first = store(session, replace(DRAFT, headline=f"{long} des urgences"))
    store(session, replace(DRAFT, headline=f"{long} de la maternité"))
    for number, headline in enumerate((f"{long} des urgneces", f"{long} des Urgences !"), start=2):
        again = store(session, replace(DRAFT, headline=headline))
        assert (again.release.id, again.version.number, again.beside) == (first.release.id, number, "")
    other = store(session, replace(DRAFT, headline=f"{long} de la maternite", body="Autrement."))
    assert (other.release.slug, other.version.number) == (f"{first.release.slug}-2", 2)


def test_a_short_name_that_is_given_makes_a_version_whatever_the_headline(session: Session) -> None:
    store(session, slug="halle")
    again = store(session, replace(DRAFT, headline="Tout autre chose"), slug="halle")
    assert (again.version.number, again.beside) == (2, "")
    with pytest.raises(BadInput, match="number of a dispatch"):
        store(session, slug="2026")


def test_a_release_that_is_not_there_is_named_with_its_neighbours(session: Session) -> None:
    with pytest.raises(BadInput, match="no release «halle»") as caught:
        find_release(session, "halle")
    assert caught.value.mend == "See: distributor releases list"
    store(session, slug="halle-de-brest")
    with pytest.raises(BadInput) as caught:
        find_release(session, "hale-de-brest")
    assert caught.value.mend == "Did you mean «halle-de-brest»?"
    with pytest.raises(BadInput, match="no version 7"):
        find_release(session, "halle-de-brest", 7)


def test_every_release_is_listed_once_at_its_newest_version(session: Session) -> None:
    store(session, slug="a")
    store(session, slug="b")
    store(session, replace(DRAFT, body="x"), slug="a")
    assert sorted((one.release.slug, one.version.number) for one in all_releases(session)) == [("a", 2), ("b", 1)]
    assert len(session.exec(select(ReleaseVersion)).all()) == 3
