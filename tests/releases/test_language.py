"""Which language a release is written in: told where its words or its figures tell it, and said where nothing does."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from distributor.releases.proof import Finding, proof
from distributor.releases.readers.document import read_release
from distributor.releases.readers.language import guess_language, tell_language

from .communiques import BODY_EN, BODY_FR
from .proof.subjects import NOON, ProofSubject

PARIS = ZoneInfo("Europe/Paris")
RESULTS = (
    "Harbour Metals Q3 2026 results\n\nRevenue: $412.6m (+8.1%)\nEBITDA: $61.2m (+3.4%)\nNet debt: $98.0m (-12.0%)\n"
    "Headcount: 1,204\n\nOutlook 2027: revenue $420-440m.\n\nContact: Dana Pryce, dana@metals.example\n"
)
FERRIES = (
    "Ferry traffic up 12% to 1.4m passengers\n\nPassengers 1,402,113 (+12.1%). Cars 311,090 (+4.0%). Freight units "
    "88,214 (-1.2%).\n\nBest month: August, 214,008 passengers.\n\nPress contact: Dana Pryce, dana@ferry.example\n"
)
TRAFFIC = (
    "Trafic : +12 %, 1,4 million de passagers\n\nPassagers : 1 402 113 (+12,1 %). Voitures : 311 090 (+4,0 %). "
    "Fret : 88 214 unités (-1,2 %).\n\nMeilleur mois : août.\n\nContact presse : Dana Pryce, dana@ferry.example\n"
)
GERMAN = (
    "Hafenstadt Lannig eröffnet das Gezeitenkraftwerk\n\nDie Hafenstadt Lannig nimmt heute das erste Kraftwerk "
    "der Bucht in Betrieb. Es liefert Strom für 12.000 Haushalte und ist mit dem Netz der Stadt verbunden.\n"
)


@pytest.mark.parametrize("default", ["fr", "en"])
@pytest.mark.parametrize(
    ("text", "lang"), [(RESULTS, "en"), (FERRIES, "en"), (TRAFFIC, "fr"), (BODY_FR, "fr"), (BODY_EN, "en")]
)
def test_a_short_text_full_of_figures_is_told_by_them(text: str, lang: str, default: str) -> None:
    assert (guess_language(text) or default) == lang


def test_a_third_language_is_none_of_ours_and_the_proof_says_so() -> None:
    assert tell_language(GERMAN) == "de"
    assert (guess_language(GERMAN) or "fr") == "fr"
    (found,) = _codes(GERMAN, "language")
    assert "`de`" in found.message


def test_where_nothing_tells_the_language_it_is_said() -> None:
    text = "Lannig – Brélès\n\nLannig 12, Brélès 11.\n\nKontakt: Dana Pryce, dana@ferry.example\n"
    (found,) = _codes(text, "language-unsure")
    assert "`fr`" in found.message
    assert _codes("---\nlang: en\ntitle: Lannig – Brélès\n---\n\nLannig 12, Brélès 11.\n", "language-unsure") == []


@pytest.mark.parametrize("text", [RESULTS, FERRIES, TRAFFIC, f"Titre\n\n{BODY_FR}\n", f"Title\n\n{BODY_EN}\n"])
def test_where_it_is_told_nothing_is_said(text: str) -> None:
    assert _codes(text, "language-unsure") == []
    assert _codes(text, "language") == []


def test_a_text_in_two_languages_is_better_two_releases() -> None:
    (found,) = _codes(f"Titre\n\n{BODY_FR}\n\nEnglish version\n\n{BODY_EN}\n", "two-languages")
    assert "`fr`" in found.message
    assert "`en`" in found.message


@pytest.mark.parametrize(
    "quoted", [BODY_EN.split("\n\n")[1], "A cold-water reef of Holocene age. Deep Reef Letters, 14."]
)
def test_a_quotation_in_another_language_is_none(quoted: str) -> None:
    assert _codes(f"Titre\n\n{BODY_FR}\n\n{BODY_FR}\n\n{quoted}\n", "two-languages") == []


def _codes(text: str, code: str) -> list[Finding]:
    draft = read_release(text.encode(), file="release.txt", timezone=PARIS)
    return [one for one in proof(ProofSubject(draft, text, NOON, PARIS)) if one.code == code]
