"""Greetings, dates and notices, by language."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from distributor.errors import BadInput
from distributor.rendering.salutation import FORMS, language_of, salute
from distributor.rendering.texts import Texts, read_tables

from .samples import ANNE, PARIS, TEMPLATES, templates


@pytest.mark.parametrize(
    ("language", "civility", "first", "last", "greeting"),
    [
        ("fr", "Mme", "Anne", "Dubreuil", "Bonjour Madame Dubreuil,"),
        ("fr", "mademoiselle", "Anne", "Dubreuil", "Bonjour Madame Dubreuil,"),
        ("fr", "M.", "Luc", "de la Tour", "Bonjour Monsieur de la Tour,"),
        ("fr", "Mr", "Luc", "Petit", "Bonjour Monsieur Petit,"),
        ("fr", "Dr", "Luc", "Petit", "Bonjour Docteur Petit,"),
        ("fr", "Mme", "", "", "Madame,"),
        ("fr", "", "Anne", "Dubreuil", "Madame, Monsieur,"),
        ("fr", "Maître", "Anne", "Dubreuil", "Madame, Monsieur,"),
        ("fr", "", "", "", "Madame, Monsieur,"),
        ("en", "Ms", "Anne", "Smith", "Dear Ms Smith,"),
        ("en", "Mme", "Anne", "Smith", "Dear Ms Smith,"),
        ("en", "M.", "Luke", "Smith", "Dear Mr Smith,"),
        ("en", "Mr", "", "", "Dear Sir,"),
        ("en", "", "Jane", "Smith", "Dear Jane Smith,"),
        ("en", "", "", "Newsroom", "Dear Sir or Madam,"),
        ("en", "Dr", "", "", "Dear Sir or Madam,"),
    ],
)
def test_a_journalist_is_greeted(language: str, civility: str, first: str, last: str, greeting: str) -> None:
    name = f"{first} {last}".strip()
    person = replace(ANNE, civility=civility, first_name=first, last_name=last, name=name)
    assert salute(person, FORMS[language]) == greeting
    assert salute(person, templates().forms()[language]) == greeting, "the shipped tables say the same"


def test_a_name_is_data_and_never_a_form() -> None:
    assert salute(replace(ANNE, last_name="{name} {0.__class__}"), FORMS["fr"]).startswith("Bonjour Madame")


def test_an_unknown_language_falls_back_to_the_release() -> None:
    assert language_of(replace(ANNE, language="de"), "fr-FR", FORMS) == "fr"
    assert language_of(replace(ANNE, language="en-GB"), "fr", FORMS) == "en"
    assert language_of(replace(ANNE, language=""), "en", FORMS) == "en"


def test_datelines_in_french_and_english() -> None:
    french, english = templates().texts("fr"), templates().texts("en-GB")
    assert french.dateline("Paris", date(2021, 1, 13)) == "Paris, le 13 janvier 2021"
    assert french.dateline("Paris", date(2026, 3, 1)) == "Paris, le 1er mars 2026"
    assert french.dateline("", date(2026, 3, 11)) == "Le 11 mars 2026"
    assert english.dateline("Paris", date(2021, 1, 1)) == "Paris, 1 January 2021"


def test_an_embargo_is_one_instant_in_a_named_zone() -> None:
    instant = datetime(2026, 3, 3, 17, tzinfo=UTC)
    french, english = templates().texts("fr"), templates().texts("en")
    assert french.embargo(instant, PARIS) == "Sous embargo jusqu’au mardi 3 mars 2026 à 18 h 00 (heure de Paris)"
    assert english.embargo(instant, PARIS) == "Under embargo until Tuesday 3 March 2026 at 18:00 (Paris time)"
    assert "mercredi 4 mars 2026 à 2 h 00 (heure de Tokyo)" in french.embargo(instant, ZoneInfo("Asia/Tokyo"))


def alone(language: str, source: str, file: str) -> Texts:
    """The table of one language, beside no other."""
    return read_tables({language: (source, file)})[language]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("a: [", "texts.xx.yaml:2"),
        ("", "empty"),
        ("- a", "no table"),
        ("dateline: x", "lacks"),
        ("dateline: " + "[" * 9000, "nested too deeply"),
    ],
)
def test_a_bad_text_table_says_what_is_wrong(source: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        alone("fr", source + "\n", "texts.xx.yaml")
    assert said in str(caught.value)


def test_a_table_needs_a_known_language_and_greetings() -> None:
    source = (TEMPLATES / "texts.en.yaml").read_text()
    assert alone("de", source, "x").forms.unknown == "Dear Sir or Madam,"
    with pytest.raises(BadInput, match="not a language"):
        alone("qq", source, "x")
    with pytest.raises(BadInput, match=r"salutation\.unknown"):
        alone("de", source.replace("  unknown:", "  other:"), "x")
    with pytest.raises(BadInput, match=r"kinds\.follow_up"):
        alone("de", source.replace("  follow_up:", "  other:"), "x")


def test_python_greets_where_a_table_has_no_greetings() -> None:
    source = (TEMPLATES / "texts.en.yaml").read_text().replace("salutation:", "greetings:")
    assert alone("en", source, "x").forms == FORMS["en"]
