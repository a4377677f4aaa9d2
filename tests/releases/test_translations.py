"""Language versions of one release: the link, and each mistake that can be made with it."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.releases.draft import ReleaseDraft
from distributor.releases.readers.document import read_release
from distributor.releases.store import find_release, language_versions, store_release

FRENCH = ReleaseDraft(headline="La liaison rouvre", body="Elle rouvre lundi.", lang="fr")
ENGLISH = ReleaseDraft(headline="The ferry is back", body="It is back on Monday.", lang="en")


@pytest.fixture
def ferry(database: Database) -> Database:
    """A base with the release «ferry», in French."""
    keep(database, FRENCH, "ferry")
    return database


def keep(database: Database, draft: ReleaseDraft, slug: str, translates: str = "") -> None:
    with database.session() as session:
        store_release(session, draft, source=draft.body, source_name="a.md", slug=slug, translates=translates)


def family(database: Database, slug: str) -> list[tuple[str, str]]:
    with database.session() as session:
        versions = language_versions(session, find_release(session, slug).release)
        return [(one.release.slug, one.version.lang) for one in versions]


def test_every_version_knows_the_others(ferry: Database) -> None:
    keep(ferry, ENGLISH, "ferry-en", "ferry")
    for slug in ("ferry", "ferry-en"):
        assert family(ferry, slug) == [("ferry", "fr"), ("ferry-en", "en")]


def test_the_front_matter_says_it_too(ferry: Database) -> None:
    text = "---\ntranslation_of: ferry\nlang: en\n---\n# The ferry is back\n\nIt is back on Monday.\n"
    draft = read_release(text.encode(), file="a.md", timezone=ZoneInfo(str(UTC)))
    assert not draft.remarks
    keep(ferry, draft, "ferry-en")
    assert family(ferry, "ferry") == [("ferry", "fr"), ("ferry-en", "en")]


def test_a_new_version_stays_a_translation_and_an_old_release_may_become_one(ferry: Database) -> None:
    keep(ferry, ENGLISH, "ferry-en")
    assert family(ferry, "ferry") == [("ferry", "fr")]
    keep(ferry, ENGLISH, "ferry-en", "ferry")  # the same words: only the link is new
    keep(ferry, ReleaseDraft(headline="The ferry is back", body="On Tuesday.", lang="en"), "ferry-en")
    assert family(ferry, "ferry") == [("ferry", "fr"), ("ferry-en", "en")]


@pytest.mark.parametrize(
    ("draft", "slug", "translates", "said"),
    [
        (ENGLISH, "again", "ferry", "«again» is in «en», and so is the translation «ferry-en»"),
        (FRENCH, "again", "ferry", "«again» is in «fr», and so is its original «ferry»"),
        (ReleaseDraft("Retour", "Lundi.", "fr-CA"), "again", "ferry", "and so is its original «ferry»"),
        (ENGLISH, "again", "ferry-en", "«ferry-en» is itself a translation, of «ferry»"),
        (ENGLISH, "ferry-en", "ferry-en", "«ferry-en» cannot be a translation of itself"),
        (FRENCH, "ferry", "other", "«ferry» has translations of its own (ferry-en)"),
        (ENGLISH, "again", "fery", "There is no release «fery»"),
        (ReleaseDraft("The ferry", "Is back.", "en"), "ferry", "", "«ferry» is in «en», and so is the translation"),
    ],
)
def test_each_mistake_is_one_sentence_and_changes_nothing(
    ferry: Database, draft: ReleaseDraft, slug: str, translates: str, said: str
) -> None:
    keep(ferry, ENGLISH, "ferry-en", "ferry")
    keep(ferry, FRENCH, "other")
    with pytest.raises(BadInput) as caught:
        keep(ferry, draft, slug, translates)
    assert said in caught.value.message
    assert family(ferry, "ferry") == [("ferry", "fr"), ("ferry-en", "en")]
    with ferry.session() as session, pytest.raises(BadInput, match="There is no release «again»"):
        find_release(session, "again")
