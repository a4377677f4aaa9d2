"""The lint of notes: it speaks of what somebody is, in both languages, and is silent on what somebody writes about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.contacts.cleaning.notelint import Category, lint_note

SPEAKS = {
    Category.UNION: (
        "membre du SNJ", "Membre du SNJ-CGT depuis 2010", "Couvre le social, membre du SNJ", "délégué syndical",
        "syndiquée", "proche de la CGT", "militante CFDT", "adhérent CGT", "c'est une militante de la CGT",
        "member of the NUJ", "union member", "élu CFDT au CSE", "a fait grève en mars",
    ),
    Category.OPINION: (
        "encarté au PS", "très à gauche", "Elle est de gauche", "vote à droite", "sympathisant du RN", "votes Labour",
        "proche du PS", "carte du parti communiste", "ancien du RPR",
        "a communist, member of the Communist Party",
    ),
    Category.HEALTH: (
        "malade", "Malade depuis mars", "est souvent malade", "a eu un cancer en 2021", "en dépression",
        "en arrêt maladie jusqu'en mai", "she is pregnant", "on sick leave until June", "has cancer", "sa maladie",
        "Hospitalisée en mars", "son mari est malade", "suit un traitement", "allergique aux arachides",
    ),
    Category.RELIGION: ("catholique pratiquant", "mange halal", "Très sympa et juif", "he is Jewish",
    "fait le ramadan"),
    Category.ORIGIN: ("d'origine algérienne", "of Algerian descent", "fille d'immigrés"),
    Category.SEX_LIFE: ("homosexuel", "est gay", "she is a lesbian"),
    Category.CRIME: ("condamné pour diffamation", "casier judiciaire", "convicted of fraud", "mis en examen"),
}  # fmt: skip

SILENT = (
    "", "couvre la santé et les syndicats", "suit le PS et LFI", "couvre les maladies rares, le handicap, le cancer",
    "spécialiste du cancer", "journaliste à la Vie ouvrière (CGT)", "contact à la CGT", "rubrique religion catholique",
    "presse catholique", "membre du jury du prix Albert-Londres", "secrétaire de rédaction",
    "responsable du service politique", "ancien de Libération", "proche du dossier",
    "a écrit un livre sur l'extrême droite", "journal de gauche", "couvre la grève", "Christian, pas Christophe",
    "ne pas appeler avant 11 h", "relations médecin-malade", "dans l'enceinte de l'Assemblée",
    "suit l'affaire X, la mise en examen de Y", "covers health and unions", "writes about cancer",
    "interested in labour law", "specialises in criminal justice", "prend les sujets sur la dépression",
    "couvre l'immigration et les personnes d'origine étrangère", "vin d'origine contrôlée",
    "bureau à gauche en sortant", "suit la CGT et la CFDT", "a interviewé un délégué syndical",
    "couvre les malades du sang contaminé", "Union européenne", "émission sur le ramadan", "aime les sujets LGBT",
    "a suivi le procès, les condamnés", "en congé jusqu'au 12", "s'intéresse à la santé au travail",
    "demande les chiffres de la CGT", "allergique aux pièces jointes", "a la carte de presse", "droite dans ses bottes",
    "Membre de l'association des journalistes de l'information sociale (Ajis)", "supports PDF only",
    "right person for health", "aime la photo en noir et blanc", "cherche témoins malades du covid",
    "membre du comité de rédaction", "is on the health desk", "covers the Labour party",
    "interviewed a member of the RN", "responsable de la page syndicats", "travaille pour France Inter",
)  # fmt: skip


@pytest.mark.parametrize(
    ("category", "note"), [(category, note) for category, notes in SPEAKS.items() for note in notes]
)
def test_what_somebody_is_is_found(category: Category, note: str) -> None:
    assert category in {warning.category for warning in lint_note(note)}


@pytest.mark.parametrize("note", SILENT)
def test_what_somebody_writes_about_is_not(note: str) -> None:
    assert lint_note(note) == ()


def test_the_words_are_shown_as_they_were_written() -> None:
    (union, health) = lint_note(
        "Préfère le matin.\nMembre du S.N.J. ? non: adhérente de la CFDT ; gravement malade en 2020"
    )
    assert (union.words, health.words) == ("adhérente de la CFDT", "gravement malade")
    assert str(health).startswith("«gravement malade» reads as health")


@given(st.text())
def test_any_text_can_be_looked_at(text: str) -> None:
    for warning in lint_note(f"{text} malade"):
        assert warning.words in f"{text} malade"
