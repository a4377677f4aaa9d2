"""A draft written out as Markdown with front matter is read back as the same draft, whatever it says."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from databases import LONG
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.errors import BadInput
from distributor.releases.draft import PressContact, ReleaseDraft, Signatory
from distributor.releases.kinds import WRITTEN_KINDS, ReleaseKind
from distributor.releases.placeholders import find_placeholders
from distributor.releases.readers.document import read_release
from distributor.releases.readers.source import write_source
from distributor.releases.skeleton import HouseStyle, make_skeleton

PARIS = ZoneInfo("Europe/Paris")
# What no reading leaves in a draft: controls, soft hyphens, and the mark of a damaged letter.
_LETTERS = st.characters(
    exclude_categories=["Cs", "Cc", "Cn", "Zl", "Zp"], exclude_characters="\N{SOFT HYPHEN}\N{REPLACEMENT CHARACTER}"
)
LINE = st.text(_LETTERS, max_size=40).map(lambda text: text.strip())
NAMED = LINE.filter(lambda text: any(map(str.isalnum, text)))
DRAFTS = st.builds(
    ReleaseDraft,
    headline=NAMED.map(lambda text: " ".join(text.split())),
    body=st.just("Le texte commence ici.\n\nEt il continue."),
    lang=st.sampled_from(["fr", "en", "pt-BR"]),
    kind=st.sampled_from(WRITTEN_KINDS),
    standfirst=LINE,
    dateline_place=NAMED,
    dateline_date=st.one_of(st.none(), st.dates(date(1990, 1, 1), date(2100, 1, 1))),
    embargo_until=st.one_of(
        st.none(),
        st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    ),
    sector=LINE,
    signatory=st.builds(Signatory, NAMED, LINE, LINE),
    contacts=st.lists(
        st.builds(PressContact, NAMED, LINE, st.sampled_from(["", "a.b@x.example"]), LINE, LINE), min_size=1, max_size=3
    ).map(tuple),
    boilerplate=st.one_of(LINE, st.builds("{}\n\n{}".format, NAMED, NAMED)),
    attachments=st.lists(NAMED, max_size=2).map(tuple),
    extra=st.dictionaries(
        st.sampled_from(["rubrique", "code"]), st.one_of(LINE, st.integers(-9, 99), st.booleans(), st.none())
    ),
)


def read(source: str) -> ReleaseDraft:
    return read_release(source.encode(), file="x.md", timezone=PARIS)


@settings(max_examples=50 * LONG)
@given(DRAFTS)
def test_what_is_written_is_read_back(draft: ReleaseDraft) -> None:
    again = read(write_source(draft))
    neutral: dict[str, Any] = {"remarks": (), "lines": {}}
    again = dataclasses.replace(again, **neutral)
    twice = dataclasses.replace(read(write_source(again)), **neutral)
    assert twice == again  # what the first reading tidied (NFC, spaces) stays as it is
    for name in ("kind", "dateline_date", "embargo_until", "lang", "body"):
        assert getattr(again, name) == getattr(draft, name)


def test_a_front_matter_that_would_be_too_long_gives_its_boilerplate_to_the_text() -> None:
    long = "À propos de nous. " * 4_000
    assert read(write_source(ReleaseDraft("Titre", "Texte.", boilerplate=long))).body.endswith("À propos de nous. ")


@pytest.mark.parametrize("lang", ["fr", "en", "de"])
@pytest.mark.parametrize("kind", WRITTEN_KINDS)
def test_a_skeleton_is_a_release_once_it_has_a_title(kind: ReleaseKind, lang: str) -> None:
    house = HouseStyle(
        {"name": "Anne Clos"}, [{"name": "Paul Bois", "phone": "02 98 00 00 31"}], "Nous.\n\nDepuis 1987."
    )
    for skeleton in (make_skeleton(kind, lang), make_skeleton(kind, lang, house)):
        with pytest.raises(BadInput, match="no headline"):
            read(skeleton)
        draft = read(skeleton.replace("title:", "title: La halle rouvre", 1))
        assert (draft.headline, draft.kind, draft.lang) == ("La halle rouvre", kind, lang)
        assert not draft.remarks
        assert len(list(find_placeholders(draft.body))) == draft.body.count("[") > 0  # the proof stops at each
    assert draft.contacts == (PressContact("Paul Bois", phone="02 98 00 00 31"),)
    assert (draft.signatory.name, draft.boilerplate) == ("Anne Clos", "Nous.\n\nDepuis 1987.")


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_what_a_skeleton_shows_as_an_example_can_be_used(lang: str) -> None:
    skeleton = make_skeleton(ReleaseKind.RELEASE, lang).replace("title:", "title: La halle rouvre", 1)
    for name in ("signatory", "sector", "embargo", "attachments", "boilerplate"):
        assert f"\n# {name}: " in skeleton
        skeleton = skeleton.replace(f"\n# {name}: ", f"\n{name}: ")
    draft = read(skeleton)
    assert draft.embargo_until == datetime(2026, 12, 1, 18, tzinfo=PARIS)
    assert draft.attachments
    assert draft.signatory.role
