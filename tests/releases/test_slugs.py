"""Short names: typed on a command line, so never a number, an option or a path; and when two headlines are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import BadInput
from distributor.releases.slugs import check_slug, is_same_headline, slug_of


@given(st.text())
def test_a_slug_made_of_any_headline_can_be_one(headline: str) -> None:
    check_slug(slug_of(headline))


@pytest.mark.parametrize(
    ("headline", "slug"),
    [
        ("L’Observatoire du littoral s’agrandit", "observatoire-du-littoral-agrandit"),
        ("La Coordination des soignants salue la réouverture", "la-coordination-des-soignants-salue-la"),
        ("2027", "release-2027"),
        ("2 000 € !", "2-000"),
    ],
)
def test_a_slug_is_made_of_the_first_words(headline: str, slug: str) -> None:
    assert slug_of(headline) == slug


@pytest.mark.parametrize("slug", ["halle", "halle-2", "dateline_place", "2026-bilan", "a", "x" * 60])
def test_a_short_name_that_can_be_typed_is_taken(slug: str) -> None:
    check_slug(slug)


@pytest.mark.parametrize(
    ("slug", "better"),
    [
        ("-x", "x"),
        ("../../x", "x"),
        ("a/b", "a-b"),
        ("Été 2026", "ete-2026"),
        ("halle\n", "halle"),
        ("\x1b[2J", "2j"),
        ("2026", "release-2026"),
        ("٣", "release-٣"),
        ("x" * 61, "x" * 60),
        ("", "halle-de-brest"),
    ],
)
def test_any_other_is_refused_with_a_better_one(slug: str, better: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_slug(slug)
    assert caught.value.field == "--slug"
    assert caught.value.mend.endswith(f": {better}")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("La halle rouvre", "La halle rouvre !", True),
        ("La halle rouvre", "LA HALLE ROUVRE", True),
        ("Après deux ans de travaux", "Apres deux ans de traveaux", True),
        ("Baromètre de mars", "Baromètre d’avril", False),
        ("Bilan 2026", "Bilan 2027", False),
        ("La halle rouvre lundi", "La halle rouvre", False),
        ("Ouverture des urgences", "Fermeture des urgences", False),
    ],
)
def test_headlines_are_the_same_but_for_slips(one: str, other: str, *, same: bool) -> None:
    assert is_same_headline(one, other) is same
    assert is_same_headline(other, one) is same
