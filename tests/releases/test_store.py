"""Releases in the database: one slug each, every version kept, each under the hash of its content."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, select

from distributor.db.engine import Database
from distributor.errors import BadInput, StorageTrouble
from distributor.models import Audit, ReleaseVersion
from distributor.releases.draft import PressContact, ReleaseDraft, ReleaseKind, Remark, Signatory
from distributor.releases.store import (
    KeptFile,
    StoredRelease,
    all_releases,
    attachments_of,
    draft_of,
    find_release,
    keep_attachments,
    overridden_codes,
    record_override,
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
    unsaid = {"attachments", "remarks", "lines"}
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


def test_an_attachment_that_cannot_be_kept_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "Dossier.pdf").write_bytes(b"%PDF-1.7")
    draft = replace(DRAFT, attachments=("Dossier.pdf",))
    (kept,) = keep_attachments(draft, tmp_path, tmp_path)
    assert (tmp_path / kept.path).read_bytes() == b"%PDF-1.7"
    shutil.rmtree(tmp_path / "attachments")
    (tmp_path / "attachments").write_bytes(b"a file in the way")
    with pytest.raises(StorageTrouble, match="cannot be written"):
        keep_attachments(draft, tmp_path, tmp_path)


def test_a_release_that_is_not_there_is_named_with_its_neighbours(session: Session) -> None:
    with pytest.raises(BadInput, match="no release «halle»") as caught:
        find_release(session, "halle")
    assert caught.value.mend == "See: distributor releases list"
    store(session, slug="halle-de-brest")
    with pytest.raises(BadInput) as caught:
        find_release(session, "hale-de-brest")
    assert caught.value.mend == "Did you mean halle-de-brest?"
    with pytest.raises(BadInput, match="no version 7"):
        find_release(session, "halle-de-brest", 7)


def test_every_release_is_listed_once_at_its_newest_version(session: Session) -> None:
    store(session, slug="a")
    store(session, slug="b")
    store(session, replace(DRAFT, body="x"), slug="a")
    assert sorted((one.release.slug, one.version.number) for one in all_releases(session)) == [("a", 2), ("b", 1)]
    assert len(session.exec(select(ReleaseVersion)).all()) == 3


def test_an_override_is_logged_and_holds_for_one_version(session: Session) -> None:
    first = store(session).version
    record_override(session, first, "dateline-year", because="archives", actor="anne")
    session.flush()
    assert overridden_codes(session, first) == {"dateline-year"}
    assert overridden_codes(session, store(session, replace(DRAFT, body="x")).version) == set()
    audit = session.exec(select(Audit)).one()
    assert (audit.actor, audit.action, audit.subject) == ("anne", "proof.override", first.content_hash)
    assert audit.details == {"code": "dateline-year", "because": "archives"}
