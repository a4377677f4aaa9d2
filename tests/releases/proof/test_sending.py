"""Rules for the sending: the message, mail programs, files, links that were followed, the sender, the recipients."""

from __future__ import annotations

import pytest

from distributor.releases.findings import (
    Audience,
    Level,
    LinkAnswer,
    LinkState,
    SenderAnswer,
    SentFile,
    SentMessage,
)
from distributor.releases.proof.mailclients import features_in
from releases.proof.subjects import found

OBJECT = '<a href="mailto:presse@lac.example?subject=unsubscribe%20x">Ne plus recevoir</a>'
FINE = SentMessage(f"<p>Bonjour</p>{OBJECT}", f"Bonjour\n\n{OBJECT}", 2000, has_list_unsubscribe=True)


def with_html(html: str) -> dict[str, object]:
    return dict(found(message=SentMessage(html + OBJECT, FINE.text, len(html), has_list_unsubscribe=True)))


def test_a_message_that_is_well() -> None:
    assert found(message=FINE) == {}


def test_gmail_clips_at_102_kilobytes_of_html() -> None:
    room = 102 * 1024 - len(OBJECT)
    assert with_html("x" * room) == {}
    assert with_html("x" * (room + 1)).keys() == {"message-clipped"}
    assert with_html("é" * (room // 2 + 1)).keys() == {"message-clipped"}


def test_no_text_part_and_no_way_to_object() -> None:
    assert found(message=SentMessage(FINE.html, " \n", 9, has_list_unsubscribe=True)).keys() == {
        "text-part-missing",
        "unsubscribe-missing",
    }
    bare = found(message=SentMessage("<p>Bonjour</p>", FINE.text, 9, has_list_unsubscribe=False))
    assert bare["unsubscribe-missing"].level is Level.STOP
    assert "List-Unsubscribe, HTML" in bare["unsubscribe-missing"].message
    by_web = '<a href="https://presse.lac.example/u/abc">Non</a>'
    assert found(message=SentMessage(by_web, by_web, 9, has_list_unsubscribe=True)) == {}


@pytest.mark.parametrize(
    ("html", "slug", "client"),
    [
        ('<div style="display: flex">x</div>', "css-display-flex", "Outlook (Windows"),
        ("<style>.a { background: url(x.png) }</style>", "css-background-image", "Free"),
        ('<form action="x"></form>', "html-form", "La Poste"),
        ('<img src="logo.svg" alt="">', "image-svg", "Gmail"),
        ('<img src="data:image/png;base64,xx">', "image-base64", "Gmail"),
        ("<video></video>", "html-video", "Orange"),
        ('<p style="width: calc(100% - 2px)">x</p>', "css-unit-calc", "Outlook"),
        ("<p style='color: var(--x)'>x</p>", "css-variables", "Gmail"),
        ('<p style="height: 50vh">x</p>', "css-unit-vh", "SFR"),
        ("<style>@media (x) { .a { position: absolute } }</style>", "css-position", "Gmail"),
    ],
)
def test_what_mail_programs_do_not_show(html: str, slug: str, client: str) -> None:
    (feature,) = features_in(html)
    assert feature.slug == slug
    assert any(one.startswith(client) for one in feature.lacking)
    assert "client-support" in with_html(html)


@pytest.mark.parametrize(
    "html",
    [
        "<!--[if mso]><video></video><![endif]--><p>x</p>",
        "<p>display: flex, position: absolute, calc(1), &lt;video&gt;, 50vh</p>",
        '<p style="background-position: 0; display: block; /* float: left */">x</p>',
        '<a href="https://lac.example/logo.svg">x</a><img src="logo.png" alt="svg">',
        '<p class="form video">x</p>',
    ],
)
def test_what_every_mail_program_shows(html: str) -> None:
    assert list(features_in(html)) == []


def test_files() -> None:
    assert found(files=[SentFile("affiche-journee.pdf", "application/pdf", 900_000)]) == {}
    heavy = found(
        files=[SentFile("a-voir.jpg", "image/jpeg", 1_200_000), SentFile("b-voir.jpg", "image/jpeg", 500_000)]
    )
    assert heavy.keys() == {"attachment-heavy"}
    assert found(files=[SentFile("carte.pdf", "image/png", 9, promised="application/pdf")]).keys() == {
        "attachment-type"
    }
    assert found(files=[SentFile("communique.docx", "application/x", 9)]).keys() == {"attachment-editable"}
    for name in ("scan_001.pdf", "Document1.pdf", "cp_v3.pdf", "cp-final.pdf", "cp (2).pdf", "IMG_2034.jpg"):
        assert found(files=[SentFile(name, "application/pdf", 9)]).keys() == {"attachment-name"}, name
    for name in ("plan-velo-2026.pdf", "final-four-2026.pdf", "covid-bilan.pdf", "image-de-marque.pdf"):
        assert found(files=[SentFile(name, "application/pdf", 9)]) == {}, name


def test_a_pdf_says_the_headline() -> None:
    says = "LES ATELIERS DU LAC\nDEMANDENT DES HO-\nRAIRES DE NUIT À REVOIR\nLe texte."
    assert found(files=[SentFile("communique.pdf", "application/pdf", 9, text=says)]) == {}
    other = "Le mois dernier, autre chose."
    told = found(files=[SentFile("communique.pdf", "application/pdf", 9, text=other)])
    assert told["pdf-headline"].level is Level.WARN
    assert found(files=[SentFile("annexe.pdf", "application/pdf", 9, text=other)])["pdf-headline"].level is Level.NOTE
    assert found(files=[SentFile("a-voir.pdf", "application/pdf", 9, unread="why.")]).keys() == {"pdf-unread"}


def test_links_that_were_followed() -> None:
    words = "Voir https://lac.example/a pour la suite."
    for state, code in (
        (LinkState.BROKEN, "link-broken"),
        (LinkState.UNREACHABLE, "link-unreachable"),
        (LinkState.PRIVATE, "link-private"),
    ):
        told = found(words, links=[LinkAnswer("https://lac.example/a", state, "404 Not Found.")])
        assert list(told) == [code]
        assert told[code].line == 4
    assert found(words, links=[LinkAnswer("https://lac.example/a", LinkState.FINE)]) == {}
    offline = [LinkAnswer(f"https://lac.example/{n}", LinkState.OFFLINE, "no name server answers.") for n in "ab"]
    assert found(words, links=offline).keys() == {"links-unchecked"}


def test_the_senders_domain() -> None:
    assert found(sender=SenderAnswer("lac.example")) == {}
    told = found(sender=SenderAnswer("lac.example", [("spf", "There is none.")]))
    assert told["sender-domain"].message == "lac.example, SPF: There is none."
    assert found(sender=SenderAnswer("lac.example", silent="no answer.")).keys() == {"sender-unchecked"}


def test_recipients() -> None:
    assert found(audience=Audience(languages={"fr": 3, "fr-BE": 1})) == {}
    said = found(audience=Audience(languages={"fr": 3, "de": 2, "en": 1}))["recipient-language"].message
    assert ": de (2), en (1)." in said, "«de 2» is a word of French"
    told = found(audience=Audience(missing_outlets=["Agence Boréale", "Le Soir"], compared_with="«halle»"))
    assert told["outlets-missing"].level is Level.NOTE
    agency = Audience(
        missing_outlets=["Agence Boréale", "Le Soir"], missing_agencies=["Agence Boréale"], compared_with="«halle»"
    )
    assert found(audience=agency)["outlets-missing"].level is Level.WARN
    assert found(audience=Audience(unproven=["a@lac.example (no source)"]))["provenance"].level is Level.STOP


@pytest.mark.parametrize(
    ("words", "speaks"),
    [
        ("Retrouvez la lettre de mission en pièce jointe.", True),
        ("Le rapport est ci-joint.", True),
        ("PJ : une carte", True),
        ("Please find attached our report.", True),
        ("N'ouvrez pas les pièces jointes d'inconnus.", False),
        ("They are attached to their town.", False),
    ],
)
def test_an_attachment_that_the_text_speaks_of_is_there(words: str, speaks: bool) -> None:
    assert ("attachment-absent" in found(words)) is speaks
    assert "attachment-absent" not in found(words, files=[SentFile("carte.pdf", "application/pdf", 9)])
