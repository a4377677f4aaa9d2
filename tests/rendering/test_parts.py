"""What a communiqué is laid out from: invitations, what a correction changes, notes, greetings, another language."""

from __future__ import annotations

from dataclasses import replace

import pytest

from distributor.errors import BadInput
from distributor.rendering.composer import Composer, Preview
from distributor.rendering.salutation import salute
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import Event, Recipient, Release

from .samples import ANNE, PARIS, RELEASE_EN, RELEASE_FR, SENDER, STAMP, templates

SPANISH = """\
kinds:
  release: Comunicado de prensa
date: "d 'de' MMMM 'de' y"
dateline: "{place}, {date}"
immediate: Para difusión inmediata
salutation:
  unknown: "Señoras y señores:"
  by_name: {ms: "Estimada Sra. {last_name}:"}
"""


def preview(release: Release, who: Recipient = ANNE, using: TemplateSet | None = None) -> Preview:
    return Composer(release, SENDER, using or templates(), timezone=PARIS).preview(who, STAMP)


def test_an_invitation_says_when_where_and_how_to_come() -> None:
    event = Event("Mardi 3 mars 2026, à 10 h 30", "Bourse du travail, Brest", "presse@horizon.example avant le 2 mars")
    shown = preview(replace(RELEASE_FR, kind="advisory", event=event))
    assert "QUAND\nMardi 3 mars 2026, à 10\u00a0h\u00a030\nOÙ\nBourse du travail, Brest\nINSCRIPTION\n" in shown.text
    assert 'href="mailto:presse@horizon.example"' in shown.html
    assert shown.html.index("Quand") < shown.html.index("Bourse du travail") < shown.html.index("Inscription")
    assert "QUAND" not in preview(RELEASE_FR).text


def test_a_correction_says_what_has_changed_before_all_else() -> None:
    shown = preview(replace(RELEASE_EN, changes="- The day is **3 March**, not 2 March."))
    assert "WHAT HAS CHANGED\n- The day is 3 March, not 2 March." in shown.text
    assert shown.text.index("WHAT HAS CHANGED") < shown.text.index("rejects")
    assert "<strong>3 March</strong>" in shown.html


def test_a_note_is_the_journalists_own_or_that_of_the_first_list() -> None:
    release = replace(RELEASE_FR, notes={"social": "Pour la rubrique sociale.", "europe": "Pour l’Europe."})
    for who, said in (
        (replace(ANNE, note="À vous seule.", lists=("social",)), "À vous seule."),
        (replace(ANNE, lists=("culture", "europe", "social")), "Pour l’Europe."),
        (replace(ANNE, lists=("culture",)), ""),
    ):
        shown = preview(release, who)
        for note in ("À vous seule.", "Pour la rubrique sociale.", "Pour l’Europe."):
            assert (note in shown.text) == (note in shown.html) == (note == said)


@pytest.mark.parametrize(
    ("language", "familiarity", "first_name", "greeting"),
    [
        ("fr", "tu", "Anne", "Bonjour Anne,"),
        ("fr", "tu", "", "Bonjour Madame Dubreuil,"),
        ("fr", "vous", "Anne", "Bonjour Madame Dubreuil,"),
        ("en", "tu", "Anne", "Dear Anne,"),
    ],
)
def test_whom_one_says_tu_to_is_greeted_by_the_first_name(
    language: str, familiarity: str, first_name: str, greeting: str
) -> None:
    person = replace(ANNE, familiarity=familiarity, first_name=first_name)
    assert salute(person, templates().forms()[language]) == greeting


def test_another_language_is_one_file_and_what_it_lacks_is_borrowed_and_told() -> None:
    using = templates(**{"texts.es.yaml": SPANISH})
    shown = preview(replace(RELEASE_FR, lang="es"), replace(ANNE, language="es"), using)
    assert shown.text.startswith("COMUNICADO DE PRENSA\nPara difusión inmediata\n")
    assert "Paris, 1 de marzo de 2026" in shown.text
    assert "Estimada Sra. Dubreuil:" in shown.text
    assert "ABOUT" in shown.text, "from English, since it lacks it"
    lacking = using.borrowed()["es"]
    assert {"about", "embargo", "kinds.advisory", "rights"} <= set(lacking)
    assert not {"immediate", "salutation", "first_of_month", "kinds.release"} & set(lacking)
    assert templates().borrowed() == {}, "the shipped tables are whole"


def test_greetings_are_borrowed_together_or_not_at_all() -> None:
    using = templates(**{"texts.es.yaml": "immediate: Ya\n"})
    assert using.forms()["es"] == using.forms()["en"]
    assert "salutation" in using.borrowed()["es"]


def test_what_no_table_has_is_refused_when_the_templates_are_read() -> None:
    sources = {name: text for name, text in templates().sources().items() if not name.startswith("texts.")}
    with pytest.raises(BadInput, match="lacks dateline") as caught:
        TemplateSet.from_sources({**sources, "texts.es.yaml": "immediate: Ya\n"})
    assert caught.value.file == "texts.es.yaml"


def test_a_slanted_letter_stands_only_where_the_script_has_one() -> None:
    assert "font-style: italic" in preview(RELEASE_FR).html
    japanese = templates(**{"texts.ja.yaml": "immediate: 即日公開\n"})
    assert "font-style: italic" not in preview(replace(RELEASE_FR, lang="ja"), using=japanese).html


def test_who_signs_is_set_like_the_text() -> None:
    release = replace(RELEASE_FR, signatory_name="Anne Kerloc'h", signatory_role="Présidente de l'union")
    shown = Composer(release, SENDER, templates(), timezone=PARIS).preview(ANNE, STAMP)
    for part in (shown.text, shown.html):
        assert "Anne Kerloc’h" in part
        assert "Présidente de l’union" in part
