"""What people and their programs write: absences, departures, objections, challenges, answers."""

from __future__ import annotations

import pytest
from comebacks import letter

from distributor.feedback.absences import read_absence
from distributor.feedback.departures import says_gone
from distributor.feedback.events import Kind
from distributor.feedback.objecting import own_words, read_objection
from distributor.feedback.reading import read_message

SENT = "Sat, 28 Nov 2026 10:00:00 +0100"


@pytest.mark.parametrize(
    ("text", "back_on", "substitutes"),
    [
        ("Absente du bureau, je serai de retour le 3 janvier. En cas d'urgence, contacter paul@gazette.example.",
         "2027-01-03", ("paul@gazette.example",)),
        ("I am out of the office until December 14th. Please contact desk@radio.example meanwhile.", "2026-12-14",
         ("desk@radio.example",)),
        ("En congés jusqu'au 07/12/2026.", "2026-12-07", ()),
        ("Je suis en déplacement du 30 novembre au 2 décembre.", "2026-12-02", ()),
        ("Je ne suis pas là.", "", ()),
        ("De retour le 31 février.", "", ()),
        ("En congé parental, de retour en mars 2027. Écrire à paul@gazette.example.", "2027-03",
         ("paul@gazette.example",)),
        ("Je serai de retour au bureau début mars 2027.", "2027-03", ()),
        ("Absente jusqu'en mars 2027.", "2027-03", ()),
        ("I am on sabbatical and will be back in March 2027.", "2027-03", ()),
        ("Ich bin bis Ende März 2027 nicht da.", "2027-03", ()),
        ("Estaré de vacaciones hasta marzo de 2027.", "2027-03", ()),
        ("De retour le 5 mars 2027.", "2027-03-05", ()),
        ("Back on March 5, 2027.", "2027-03-05", ()),
        ("De retour en mars 2027, le 8 mars 2027 au plus tard.", "2027-03-08", ()),
        ("Notre enquête de mars 2027 sort demain.", "", ()),
    ],
)  # fmt: skip
def test_an_absence(text: str, back_on: str, substitutes: tuple[str, ...]) -> None:
    found = read_absence(text, SENT)
    assert (found.back_on, found.substitutes) == (back_on, substitutes)


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("Léa Petit a quitté la rédaction.", True),
        ("J'ai quitté le journal fin octobre, merci d'écrire à Paul.", True),
        ("Je ne travaille plus pour la Gazette.", True),
        ("Cette adresse n'est plus utilisée.", True),
        ("She has left the company.", True),
        ("Léa Petit n'est plus en poste chez nous.", True),
        ("Je ne fais plus partie de la rédaction.", True),
        ("J'ai pris ma retraite le 1er janvier.", True),
        ("Ma collaboration avec la Gazette a pris fin.", True),
        ("I have now left the Herald.", True),
        ("Je travaille désormais pour Radio Une.", True),
        ("Mon contrat à la Gazette s'est terminé fin février.", True),
        ("My last day at the Herald was 31 January.", True),
        ("Frau Petit arbeitet nicht mehr für das Tagblatt.", True),
        ("Léa Petit ya no trabaja en la Gaceta.", True),
        ("Léa Petit non lavora più per il Giornale.", True),
        ("I no longer work for the Herald.", True),
        ("Le ministre n'est pas venu.", False),
        ("Merci pour le communiqué, on le reprend demain.", False),
    ],
)
def test_a_departure(text: str, gone: bool) -> None:
    assert says_gone("Bilan", text) is gone


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("J'ai quitté la Gazette, voici ma nouvelle adresse.", True),
        ("Léa a quitté la rédaction, je reprends ses sujets.", True),
        ("Savez-vous si le directeur a quitté l'association ?", False),
        ("Is it true that the minister has left the government?", False),
        ("Ce n'est plus à l'ordre du jour.", False),
    ],
)
def test_a_journalist_who_asks_after_somebody_has_not_left(text: str, gone: bool) -> None:
    assert says_gone("Re: Bilan", text, by_machine=False) is gone


@pytest.mark.parametrize(
    "text",
    [
        "désinscrivez-moi", "Désinscrivez-moi de vos listes, merci.",
        "Bonjour,\n\nMerci de me désinscrire.\n\nCordialement",
        "Unsubscribe", "STOP", "Remove", "Please remove me from your list.",
        "Je ne souhaite plus recevoir vos communiqués de presse.",
        "Merci de me retirer de votre liste", "désinscription", "ne m'envoyez plus de mails",
        "Désabonnez-moi\n\nLéa Petit\nLe Journal\n01 02 03 04 05",
        "Unsubscribe\n\nLe sam. 28 nov. 2026, Office a écrit :\n> Le bilan ? On peut en parler.",
    ],
)  # fmt: skip
def test_a_plain_objection(text: str) -> None:
    found = read_objection("Re: Bilan", own_words(text))
    assert found is not None
    assert found.plain


@pytest.mark.parametrize(
    "text",
    [
        "Merci de me désinscrire de la rubrique sport, mais gardez-moi pour la culture.",
        "Je ne veux plus recevoir vos communiqués sur la santé, en revanche l'économie m'intéresse.",
        "Comment puis-je me désinscrire de vos envois de lundi ?",
        "Désinscrivez-moi\n\nsauf pour le sport",
        "Votre lien pour se désabonner ne marche pas, pouvez-vous vérifier et me dire ce qu'il en est ?",
        "Ne m'envoyez plus vos communiqués, vous pouvez m'enlever de vos listes.",
        "Pouvez-vous m'ôter de la liste de la rédaction ?",
        "Plus de mails svp",
        "C'est la troisième fois que je vous le demande : plus de mails !",
        "Pouvez-vous cesser de m'envoyer vos mails ? Je ne couvre plus ce secteur.",
        "No longer interested, please remove.",
        "Bitte nehmen Sie mich aus Ihrem Verteiler.",
        "Por favor, quiero darme de baja de su lista.",
        "Non desidero più ricevere i vostri comunicati.",
    ],
)
def test_an_objection_that_a_person_should_read(text: str) -> None:
    found = read_objection("Re: Bilan", own_words(text))
    assert found is not None
    assert not found.plain


@pytest.mark.parametrize(
    "text",
    [
        "We do not write in French.",
        "Merci, on en parle demain.",
        "Pouvez-vous me rappeler ?",
        "Le bus s'arrête ici.",
        "Bien reçu.",
    ],
)
def test_an_answer_is_no_objection(text: str) -> None:
    assert read_objection("Re: Bilan", own_words(text)) is None


def test_what_we_wrote_ourselves_is_not_taken_for_an_objection() -> None:
    text = "Bien reçu, merci.\n\nLe 28/11, Office <press@office.example> a écrit :\n> Pour se désinscrire : unsubscribe"
    assert read_objection("Re: Bilan", own_words(text)) is None


@pytest.mark.parametrize(
    ("subject", "text", "headers", "kind"),
    [
        ("Réponse automatique : Bilan", "Je suis en congés.", ["Auto-Submitted: auto-replied"], Kind.OUT_OF_OFFICE),
        ("Automatic reply: Bilan", "We received your mail.", ["X-Auto-Response-Suppress: All"], Kind.AUTO_REPLY),
        ("Réponse automatique", "Léa Petit a quitté la rédaction.", ["Auto-Submitted: auto-replied"], Kind.DEPARTURE),
        (
            "Votre message",
            "Cliquez ici pour que votre message soit remis : confirm that you are human",
            [],
            Kind.CHALLENGE,
        ),
        ("Re: Bilan", "Merci, je reprends l'information.", ["In-Reply-To: <1@office.example>"], Kind.REPLY),
        ("Rép. auto : Bilan", "Je suis en formation jusqu'à vendredi.", [], Kind.OUT_OF_OFFICE),
        ("unsubscribe abc", "", [], Kind.OTHER),
        ("Bien reçu", "Votre message est transmis à la rédaction.", ["Return-Path: <>"], Kind.AUTO_REPLY),
        ("Re: Bilan", "Merci de me désinscrire.", ["Return-Path: <>"], Kind.OBJECTION),
        ("Re: Bilan", "Je suis en RTT aujourd'hui.", ["Auto-Submitted: auto-replied"], Kind.OUT_OF_OFFICE),
        ("Re: Bilan", "Click the link below to be added to my guest list.", [], Kind.CHALLENGE),
    ],
)
def test_the_kind(subject: str, text: str, headers: list[str], kind: Kind) -> None:
    assert read_message(letter("lea@journal.example", subject, text, *headers)).kind is kind
