"""What a correction says changed: short, with the words around it, and never an empty statement for a real change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from distributor.releases.diff import compare
from distributor.releases.draft import ReleaseDraft
from distributor.releases.kinds import ReleaseKind
from distributor.releases.stating import state_changes
from distributor.rendering import body

PARIS = ZoneInfo("Europe/Paris")
LONG = (
    "La compagnie rouvre la ligne de nuit vers les îles, fermée depuis deux hivers, et promet deux départs par semaine"
    " jusqu’à la fin du mois de mars, au départ de Port-Lannic."
)


def stated(old: str, new: str, lang: str = "fr", **fields: object) -> str:
    before = ReleaseDraft("Le titre", old, lang=lang)
    after = ReleaseDraft("Le titre", new, lang=lang, **fields)  # type: ignore[arg-type]  # fields by name
    return state_changes(compare(before, after), lang, PARIS)


def test_a_word_is_told_with_those_around_it() -> None:
    said = stated(LONG, LONG.replace("deux hivers", "trois hivers"))
    assert said == (
        "- Paragraphe 1 : lire « vers les îles, fermée depuis trois hivers, et promet deux départs »"
        " au lieu de « vers les îles, fermée depuis deux hivers, et promet deux départs »."
    )


def test_what_is_quoted_stands_as_it_stands_in_the_text() -> None:
    old = "Les départs ont lieu le mardi et le vendredi à 21 h. La traversée (7 heures) dure plus qu’en été, dit-on."
    said = stated(old, old.replace("21 h", "21 h 30"))
    assert said == (
        "- Paragraphe 1 : lire « et le vendredi à 21 h 30. La traversée (7 heures) »"
        " au lieu de « et le vendredi à 21 h. La traversée (7 heures) »."
    )
    said = stated(old, old.replace("7 heures", "8 heures"))
    assert "« 21 h. La traversée (8 heures) dure plus" in said


def test_two_places_far_apart_are_two_points() -> None:
    said = stated(LONG, LONG.replace("rouvre", "ferme").replace("mars", "mai"))
    assert len(said.splitlines()) == 2


def test_what_came_and_what_went() -> None:
    assert stated("Un.\n\nDeux.", "Un.") == "- Paragraphe 2, retiré : « Deux. »"
    assert stated("One.", "One.\n\nTwo.", "en") == "- Paragraph 2, added: “Two.”"


def test_a_file_that_was_replaced_is_named() -> None:
    draft = ReleaseDraft("Le titre", "Un.")
    said = state_changes(compare(draft, draft, {"plan_1.pdf": "a"}, {"plan_1.pdf": "b"}), "fr", PARIS)
    assert said == "- Fichier remplacé : plan_1.pdf."


def test_what_makes_it_a_correction_is_no_change_of_the_text() -> None:
    assert stated("Un.", "Un.", kind=ReleaseKind.CORRECTION, extra={"changes": "Deux."}, sector="Santé") == ""


def test_signs_of_markdown_are_quoted_as_they_read() -> None:
    said = stated("Prix : 3 \\* 4 euros.", "Prix : 3 \\* 5 euros.")
    assert "3 * 5" in body.to_text(said, "fr")


def test_bold_and_links_are_quoted_in_the_words_that_newsrooms_see() -> None:
    old = "**Eaux Vives** publie l’inventaire de 312 mares : voyez [notre carte](https://eaux-vives.example/carte)."
    said = stated(old, old.replace("312", "321"))
    assert said == (
        "- Paragraphe 1 : lire « Eaux Vives publie l’inventaire de 321 mares : voyez notre carte. »"
        " au lieu de « Eaux Vives publie l’inventaire de 312 mares : voyez notre carte. »."
    )
    assert stated("Un.\n\n## Le *lien*\n\n- [ici](https://a.example/)", "Un.").splitlines() == [
        "- Paragraphe 2, retiré : « Le lien »",
        "- Paragraphe 3, retiré : « ici »",
    ]


def test_a_link_that_leads_elsewhere_is_told_with_its_target() -> None:
    old = "Voyez [notre carte](https://eaux-vives.example/carte), [le site](https://eaux-vives.example/)."
    said = stated(old, old.replace("/carte", "/plan"))
    assert said == (
        "- Paragraphe 1 : lire « Voyez notre carte (https://eaux-vives.example/plan), le site. »"
        " au lieu de « Voyez notre carte (https://eaux-vives.example/carte), le site. »."
    )


def test_words_set_in_bold_are_no_change_for_a_newsroom() -> None:
    assert stated("Les mares sont 321.", "Les mares sont **321**.") == ""


@given(st.lists(st.sampled_from(["un", "deux", "trois", "quatre"]), min_size=1, max_size=40), st.data())
def test_no_change_of_words_is_passed_over(words: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(words) - 1))
    new = [*words[:at], "sept", *words[at + 1 :]]
    assert "sept" in stated(" ".join(words), " ".join(new))


def test_one_instant_written_in_two_zones_is_no_change_and_another_is_told_as_people_write_hours() -> None:
    six = datetime(2026, 12, 1, 17, tzinfo=UTC)
    before = ReleaseDraft("Le titre", "Le texte.", lang="fr", embargo_until=six)
    same = ReleaseDraft("Le titre", "Le texte.", embargo_until=six.astimezone(timezone(timedelta(hours=1))))
    assert state_changes(compare(before, same), "fr", PARIS) == ""
    later = ReleaseDraft("Le titre", "Le texte.", lang="fr", embargo_until=six + timedelta(hours=2))
    assert state_changes(compare(before, later), "fr", PARIS) == (
        "- Embargo : lire « mardi 1er décembre 2026 à 20 h 00 » au lieu de « mardi 1er décembre 2026 à 18 h 00 »."
    )
    assert state_changes(compare(before, ReleaseDraft("Le titre", "Le texte.")), "en", PARIS) == (
        "- Embargo, removed: “Tuesday 1 December 2026 at 18:00”"
    )
