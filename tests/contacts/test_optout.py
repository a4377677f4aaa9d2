"""No more mail: what people write in a list to say so, in French and English, and what only looks like it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.contacts.cleaning.optout import cell_says_so, is_yes, remarks_say_so, title_says_so
from distributor.contacts.cleaning.particulars import Field, field_of


@pytest.mark.parametrize(
    "note",
    [
        "A demandé à ne plus recevoir nos mails",
        "ne souhaite plus recevoir",
        "Ne souhaite pas recevoir nos communiqués",
        "désinscrit(e)",
        "Désinscrit",
        "s'est désabonnée en mars",
        "remove me from your list",
        "Please remove him from the mailing list",
        "removed from our press list",
        "STOP",
        "STOP !",
        "stop 12/03/2025",
        "a répondu STOP",
        "STOP MAILS",
        "STOP MAIL (tel du 12/03)",
        "blacklistée à sa demande",
        "removed at her request",
        "retiré à sa demande",
        "stop aux mails",
        "unsubscribed",
        "Unsubscribe me please",
        "do not contact",
        "Do not email",
        "Please don't send anything",
        "ne plus lui écrire",
        "Ne plus contacter",
        "ne plus contacter par mail",
        "demande à être retirée",
        "demande à être retiré(e) de nos listes",
        "Souhaite être désinscrit",
        "à retirer de la liste",
        "Merci de me retirer de vos listes",
        "retirez-moi de votre liste de diffusion",
        "ne veut plus de nos mails",
        "ne veut plus nos communiqués",
        "ne souhaite plus être contactée",
        "souhaite ne plus figurer dans notre fichier",
        "A exercé son droit d'opposition",
        "opposition RGPD",
        "refuse tout envoi",
        "a refusé de recevoir quoi que ce soit",
        "Fiche supprimée à sa demande le 3/2/2025",
        "refuse de recevoir des communiqués",
        "s'oppose à la réception de nos envois",
        "no longer wishes to receive this",
        "no longer wants our emails",
        "doesn't want any more emails",
        "asked to be removed",
        "asked not to be contacted",
        "stop emailing her",
        "take me off your list",
        "no more press releases please",
        "objected to our mail",
        "opt-out",
        "n'est plus intéressée",
        "n’est plus intéressé par nos communiqués",
        "ne pas contacter (RGPD)",
        "ne pas envoyer de mails",
        "Vu au salon\nne pas contacter",
        "Rencontrée en mai. A demandé à ne plus recevoir nos mails ; à rappeler",
        "désabo",
        "veut plus rien recevoir",
        "souhaite plus recevoir nos infos",
        "a refusé par téléphone le 12/03/24 de recevoir nos CP",
        "pas d'envoi svp",
        "plus de mails SVP !",
        "aucun communiqué",
        "à supprimer (demande du 3/4)",
        "retirée (demande)",
        "retiré suite à sa demande par mail",
        "ne plus mettre en copie",
        "nous a demandé de la sortir du fichier",
        "demande de suppression RGPD",
        "a demandé le retrait",
        "a demandé la suppression de ses données le 3 mars",
        "pas intéressé",
        "consentement retiré le 3/4/25",
        "non consenti",
        "Email Campaign: blocklisted",
    ],
)
def test_who_wants_no_more_mail(note: str) -> None:
    assert remarks_say_so(note)
    assert cell_says_so("Statut", note)


@pytest.mark.parametrize(
    "text",
    [
        "Stop Pub magazine",
        "STOP à la précarité",
        "STOP aux violences faites aux femmes",
        "Stop au gaspillage",
        "Stop aux sollicitations téléphoniques",
        "Dit «ne pas relancer»",
        "Préfère le mardi ; pas d’appel",
        "journaliste d'opposition",
        "ne pas contacter par téléphone",
        "ne plus contacter par téléphone",
        "ne plus envoyer de PJ",
        "préfère ne plus recevoir de pièces jointes",
        "ne souhaite pas être appelée le matin",
        "ne souhaite pas recevoir de PDF",
        "do not send attachments",
        "don't call before noon",
        "do not send on Fridays",
        "do not email before 10",
        "never write without a photo",
        "ne pas envoyer le vendredi",
        "ne plus appeler",
        "One-stop shop",
        "Non-stop info",
        "stop motion",
        "couvre l'opposition municipale",
        "a refusé une interview",
        "Article supprimé à sa demande",
        "tribune retirée à sa demande en 2024",
        "a refusé de recevoir le prix",
        "a refusé de recevoir la Légion d'honneur",
        "refuse les interviews par mail",
        "ne fait plus partie de la rédaction santé",
        "demande à recevoir les communiqués",
        "demande des photos",
        "no longer at the paper",
        "wants more mail about health",
        "+ de 10 ans",
        "a demandé la suppression de la taxe",
        "auteure d'un article sur la liste rouge",
        "retiré de la course",
        "list of contacts",
        "contact",
        "souhaite plus de photos",
        "veut plus de communiqués sur la santé",
        "refuse les PJ mais accepte de recevoir nos CP",
        "pas de mail avant 10 h",
        "pas intéressé par le sport",
        "à supprimer (doublon)",
        "supprimé la demande de photos",
        "a demandé le retrait de la réforme",
        "Livre sorti, demande une interview",
        "Exclu : demande à être prévenue la veille",
        "Relancée pour l'exposition. Pas intéressée.",
        "Interview proposée en mai ; pas intéressé",
    ],
)
def test_what_only_looks_like_it(text: str) -> None:
    assert not remarks_say_so(text)
    assert not cell_says_so("Dernier sujet", text)
    assert not cell_says_so("Statut", text)


@pytest.mark.parametrize(
    "cell", ["STOP", "Stop !", "stop mails", "désinscrit(e)", "Unsubscribed", "opt-out le 12/03/2025"]
)
def test_a_word_that_is_all_a_cell_says(cell: str) -> None:
    assert cell_says_so("Ville", cell)


LEAVE = (
    "OK RGPD ?|RGPD|Consentement|Consentement (oui/non)|Accord|Accord diffusion|Accord pour recevoir nos CP|Opt-in"
    "|Opt-in e-mail|GDPR consent|Einwilligung"
    "|Accepte les communiqués|Accepte de recevoir nos mails ?|J'accepte de recevoir les communiqués"
    "|Would you like to receive our press releases?|Envoi CP|Envoi|Diffusion|Mailing|Communiqués"
)
NO_LEAVE = (
    "Newsletter|Consentement photo|Accord embargo|Accepte les PJ|Accepte les pièces jointes par mail|Double opt-in"
    "|Opt-in SMS|Syndiqué|Date consentement|Souhaite recevoir la newsletter|Accepte les appels|Embargo accepté"
    "|Envoi postal|Abonnement papier|Accepte les communiqués en anglais|Accepte les mails le week-end"
    "|Souhaite recevoir les communiqués sportifs|Souhaite recevoir nos CP par courrier"
    "|Likes to receive press kits by mail"
)


@pytest.mark.parametrize("column", LEAVE.split("|"))
def test_a_clear_no_to_our_mail_is_an_objection(column: str) -> None:
    """Our mail needs no consent; but whoever was asked, and said no, has objected."""
    for no in ("non", "NON", "No", "Non merci", "non (le 12/03/2025)", "false"):
        assert cell_says_so(column, no)
    for open_ in (
        "",
        "oui",
        "OK",
        "en attente",
        "?",
        "non demandé",
        "non renseigné",
        "à demander",
        "12/03/2025",
        "true",
    ):
        assert not cell_says_so(column, open_)


@pytest.mark.parametrize("column", NO_LEAVE.split("|"))
def test_a_no_to_something_else_is_none(column: str) -> None:
    assert not cell_says_so(column, "non")


def test_a_number_of_sendings_is_no_answer() -> None:
    assert cell_says_so("Opt-in", "0")
    assert not cell_says_so("Diffusion", "0")
    assert not cell_says_so("Diffusion", "N"), "nationale, it may be"
    assert cell_says_so("Envoi CP", "N")


@pytest.mark.parametrize("name", ["Unsubscribed Magazine", "Le Désinscrit", "Stop Pub magazine", "Opt Out Review"])
def test_a_word_may_be_part_of_a_name(name: str) -> None:
    assert not cell_says_so("Autre média", name)


@pytest.mark.parametrize(
    ("cell", "said"),
    [("x", True), ("12/03/2025", True), ("oui", True), ("a demandé", True)]
    + [(no, False) for no in ("", "non", "No", "0", "-", "aucune", "Inscrit", "abonnée", "actif", "opt-in")],
)
def test_a_column_of_objections(cell: str, said: bool) -> None:
    assert is_yes(cell) is said


@pytest.mark.parametrize(
    "name",
    [
        "Désinscrit(e)",
        "STOP",
        "Ne plus recevoir",
        "Do not email",
        "Opposition RGPD",
        "EMAIL_BLOCKLISTED",
        "Blocklisted",
    ],
)
def test_a_column_of_objections_is_known_by_its_name(name: str) -> None:
    assert field_of(name) is Field.OPTED_OUT


OBJECTORS = (
    "Opposés|Personnes opposées|Contacts désinscrits|Liste STOP|Stops|RGPD - oppositions|Refus|Ont refusé|Retirés"
    "|À exclure|Ne veulent plus|Ne pas diffuser|Unsubscribes|Removed|Bloqués|Supprimés à leur demande|Opposition"
    "|Désinscrits 2025"
)
OTHERS = (
    "Inscrits|Presse|L'Opposition magazine|Non|Contacts|Presse d'opposition|Liste rouge|À relancer|Exclusivités|Exclus"
    "|Refuge animalier|Retraités|Liste 2|Partis d'opposition|Bloc-notes"
)


@pytest.mark.parametrize("title", OBJECTORS.split("|"))
def test_a_sheet_or_a_title_of_those_who_want_no_more(title: str) -> None:
    assert title_says_so(title)


@pytest.mark.parametrize("title", OTHERS.split("|"))
def test_any_other_title(title: str) -> None:
    assert not title_says_so(title)


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert remarks_say_so(text) in {True, False}
    assert cell_says_so(text, text) in {True, False}


def test_long_remarks_take_no_time() -> None:
    """Time that grew with the square of their length would be minutes."""
    started = time.process_time()
    for piece in (
        "ne plus ",
        "ne pas ",
        "a ",
        "demande de ",
        "stop ",
        "remove from our ",
        "ne plus etre ",
        "le ",
        "1 ",
    ):
        remarks_say_so(piece * 20_000)
        cell_says_so("Ville", piece * 20_000)
    assert time.process_time() - started < 10
