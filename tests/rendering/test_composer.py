"""Whole messages out of release, templates and recipient; golden copies byte for byte."""

from __future__ import annotations

import email
import email.policy
import os
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from distributor.addresses import parse_address
from distributor.errors import BadInput, Refused
from distributor.rendering.composer import Composer, Preview, RenderError
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import KINDS, AttachmentFile, PressContact, Recipient, Release

from .samples import ANNE, PARIS, RELEASE_EN, RELEASE_FR, SENDER, STAMP, TEMPLATES, templates
from .strict_reader import read_message

GOLDEN = Path(__file__).parents[1] / "golden"
REGENERATE = "REGENERATE_GOLDEN"

LUKE = Recipient(
    parse_address("newsroom@café.example"),
    'Luke "Lucky" Small',
    "",
    "Luke",
    "Small",
    "en",
    "The Paper",
    note="As promised,\n<b>.",
)
MAILTO = replace(STAMP, unsubscribe_url="")
FILE = AttachmentFile("Dossier – été.pdf", "application/pdf", b"%PDF-1.7 invented\n" * 9)

CASES: dict[str, tuple[Release, Recipient, dict[str, Any]]] = {
    "fr-release": (RELEASE_FR, ANNE, {}),
    "fr-to-english-reader": (RELEASE_FR, LUKE, {}),
    "en-correction-embargo": (RELEASE_EN, LUKE, {"test": True}),
    "fr-attachment": (replace(RELEASE_FR, contacts=(), body="Court."), ANNE, {"attachments": [FILE]}),
}


def composer(release: Release = RELEASE_FR, using: TemplateSet | None = None, **options: Any) -> Composer:
    made = using or TemplateSet.load(TEMPLATES)
    return Composer(release, SENDER, made, timezone=PARIS, **options)


def preview(release: Release = RELEASE_FR, who: Recipient = ANNE) -> Preview:
    return composer(release).preview(who, STAMP)


@pytest.mark.parametrize("case", CASES)
def test_messages_are_the_golden_ones_byte_for_byte(case: str) -> None:
    release, recipient, options = CASES[case]
    raw = composer(release, **options).compose(recipient, STAMP if case.startswith("fr-r") else MAILTO)
    read_message(raw)
    path = GOLDEN / f"{case}.eml"
    if os.environ.get(REGENERATE):
        path.write_bytes(raw)
    assert raw == path.read_bytes(), (
        f"after a wanted change, run the tests once with {REGENERATE}=1 and read the difference"
    )


@pytest.mark.parametrize("heading", ["**À propos**", "À PROPOS :", "## A propos", "**À PROPOS :**"])
def test_a_boilerplate_that_brings_the_heading_of_the_template_has_it_once(heading: str) -> None:
    shown = preview(replace(RELEASE_FR, boilerplate=f"{heading}\n\nNée en 1987."))
    assert "\nÀ PROPOS\n\nNée en 1987." in shown.text
    assert shown.html.casefold().count("propos") == 1


@pytest.mark.parametrize("heading", ["**À propos des Eaux Vives**", "### Qui sommes-nous ?"])
def test_a_boilerplate_with_a_heading_of_its_own_has_no_other(heading: str) -> None:
    shown = preview(replace(RELEASE_FR, boilerplate=f"{heading}\n\nNée en 1987."))
    for words in (shown.text, shown.html):
        assert "À PROPOS\n" not in words
        assert ">À propos<" not in words
        assert words.count("des Eaux Vives") + words.count("Qui sommes") == 1


def test_a_first_sentence_is_no_heading_of_a_boilerplate() -> None:
    for text in ("Née en 1987.\n\nElle réunit 40 000 membres.", "**Née en 1987.**"):
        assert "\nÀ PROPOS\n\n" in preview(replace(RELEASE_FR, boilerplate=text)).text


@pytest.mark.parametrize(
    "organisation", ["Observatoire du littoral", "Acme S.A.", "Service de presse, halle.example", "halle.example"]
)
def test_the_notice_of_rights_is_right_for_any_name(organisation: str) -> None:
    using = TemplateSet.load(TEMPLATES)
    for release, who, words in (
        (RELEASE_FR, ANNE, "dans le fichier presse de l’expéditeur ({}), au titre de son intérêt légitime"),
        (RELEASE_EN, LUKE, "in the press list of the sender ({}), on the ground of its legitimate interest"),
    ):
        sender = replace(SENDER, organisation=organisation)
        shown = Composer(release, sender, using, timezone=PARIS).preview(who, STAMP)
        for part in (shown.text, shown.html):
            assert words.format(organisation) in " ".join(part.split())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("policy", [email.policy.default, email.policy.compat32])
def test_pythons_parsers_read_what_the_strict_reader_reads(case: str, policy: email.policy.Policy) -> None:
    raw = (GOLDEN / f"{case}.eml").read_bytes()
    message, strict = email.message_from_bytes(raw, policy=policy), read_message(raw)
    assert not [part.defects for part in message.walk() if part.defects]
    leaves = [part for part in message.walk() if not part.is_multipart()]
    alternative = strict.parts[0] if strict["Content-Type"].startswith("multipart/mixed") else strict
    wanted = [part.content for part in (*alternative.parts, *strict.parts[1:]) if part.content]
    found = [bytes(part.get_payload(decode=True)) for part in leaves]
    assert [content.replace(b"\r\n", b"\n").rstrip() for content in found] == [
        content.replace(b"\r\n", b"\n").rstrip() for content in dict.fromkeys(wanted)
    ]
    if policy is email.policy.default:
        for name in ("Subject", "From", "To", "Reply-To"):
            assert " ".join(str(message[name]).split()) == " ".join(strict[name].split())


def test_a_composer_writes_the_same_bytes_again_and_its_own_for_each() -> None:
    writer = composer()
    luke = replace(STAMP, message_id="2.b@horizon.example")
    first, other, again = writer.compose(ANNE, STAMP), writer.compose(LUKE, luke), writer.compose(ANNE, STAMP)
    assert first == again == composer().compose(ANNE, STAMP)
    assert b"Dubreuil" not in other
    assert b"2.b@horizon.example" not in first


def test_a_preview_is_the_message_taken_apart() -> None:
    shown = preview()
    assert shown.raw == composer().compose(ANNE, STAMP)
    assert ("Subject", RELEASE_FR.headline) in shown.headers
    assert ("To", "Anne Dubreuil <anne.dubreuil@journal.example>") in shown.headers
    parts = read_message(shown.raw).parts
    assert parts[0].content.decode().replace("\r\n", "\n").rstrip() == shown.text.rstrip()
    assert parts[1].content.decode().replace("\r\n", "\n").rstrip() == shown.html.rstrip()


def test_both_parts_say_everything() -> None:
    shown = preview()
    said = ["Bonjour Madame Dubreuil,", "Paris, le 1er mars 2026", "Marjolaine ALIX", "Pour diffusion immédiate"]
    said += ["m.alix@horizon.example", "01.99.00.12.34", "{{ contact.name }}", STAMP.unsubscribe_url, "trois ans"]
    for part in (shown.text, shown.html):
        for words in said:
            assert re.sub(r"\s", "", words) in re.sub(r"\s", "", part), words
    assert 'href="tel:+33199001234"' in shown.html
    assert 'href="mailto:m.alix@horizon.example"' in shown.html
    assert "COMMUNIQUÉ DE PRESSE" in shown.text


def test_the_objection_link_is_a_mailto_without_an_https_url() -> None:
    html = composer().preview(ANNE, MAILTO).html
    assert 'href="mailto:presse@horizon.example?subject=opposition"' in html


def test_nothing_remote_and_nothing_unbalanced_is_in_the_page() -> None:
    class Reader(HTMLParser):
        open: list[str]

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in {"img", "link", "script", "iframe", "object", "video"}
            assert not {"src", "background", "srcset"} & {name for name, _ in attrs}
            assert len({name for name, _ in attrs}) == len(attrs)
            if tag not in {"meta", "br", "hr"}:
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    for release, who in ((RELEASE_FR, ANNE), (RELEASE_EN, LUKE)):
        html = preview(release, who).html
        reader = Reader()
        reader.open = []
        reader.feed(html)
        assert reader.open == []
        assert "url(" not in html
        assert not re.search(r"\{\{(?! contact\.name)|\{%|jinja\d", html)


def test_data_is_data() -> None:
    hostile = replace(ANNE, last_name="{{ 7*7 }}<script>", name="A\u00a0B", note="{% raw %}<i>")
    shown = composer(replace(RELEASE_FR, headline="{{ 6*7 }} <b>")).preview(hostile, STAMP)
    assert "Bonjour Madame {{ 7*7 }}&lt;script&gt;," in shown.html
    assert "{% raw %}&lt;i&gt;" in shown.html
    assert "{{ 6*7 }} &lt;b&gt;" in shown.html
    assert "{{ 7*7 }}<script>" in shown.text


def test_the_reader_is_greeted_and_informed_in_her_own_language() -> None:
    shown = composer().preview(LUKE, STAMP)
    assert re.search(r'<p class="salutation"[^>]* lang="en"[^>]*>Dear Luke Small,</p>', shown.html)
    assert "Dear Luke Small," in shown.text
    assert "Stop receiving our releases" in shown.text
    assert "COMMUNIQUÉ DE PRESSE" in shown.text


def test_another_language_is_one_file() -> None:
    english = (TEMPLATES / "texts.en.yaml").read_text()
    arabic = english.replace("Press release", "بيان صحفي").replace("Dear Sir or Madam,", "تحية طيبة،")
    release = replace(RELEASE_FR, lang="ar", headline="العدالة", body="نص.")
    who = replace(ANNE, language="ar", civility="", first_name="")
    shown = composer(release, templates(**{"texts.ar.yaml": arabic})).preview(who, STAMP)
    assert '<html lang="ar" dir="rtl"' in shown.html
    assert "بيان صحفي" in shown.html
    assert "تحية طيبة،" in shown.text
    with pytest.raises(BadInput, match=r"texts\.ar\.yaml"):
        composer(release)


def test_a_column_of_the_list_is_a_field_of_the_contact() -> None:
    made = templates(
        text="{{ contact.ville }} {{ recipient.fields.ville }} {{ contact.name }} {{ contact.lists|join }}"
    )
    assert composer(using=made).preview(ANNE, STAMP).text == "Brest Brest Anne Dubreuil \n"
    masked = replace(ANNE, fields={"name": "x", "items": "y"})
    made = templates(text="{{ contact.name }} {{ contact.items }}")
    assert composer(using=made).preview(masked, STAMP).text == "Anne Dubreuil y\n"


def test_extra_keys_of_the_release_are_its_fields() -> None:
    made = templates(text="{{ release.theme }} {{ release.slug }}")
    extra = replace(RELEASE_FR, extra={"theme": "Emploi", "slug": "no"})
    assert composer(extra, made).preview(ANNE, STAMP).text == "Emploi appel\n"


def test_an_undefined_field_stops_the_message_and_says_all() -> None:
    made = templates(text="{{ salutation }}\n\n{{ contact.pays }}")
    with pytest.raises(RenderError) as caught:
        composer(using=made).compose(ANNE, STAMP)
    error = caught.value
    assert isinstance(error, Refused)
    assert error.exit_code == 3
    assert (error.recipient, error.template, error.line, error.field) == (ANNE, "message.txt.j2", 3, "contact.pays")
    assert error.message == (
        "The message for Anne Dubreuil <anne.dubreuil@journal.example> cannot be written (message.txt.j2, line 3): "
        "the field contact.pays is not defined."
    )
    assert "contact.pays" in error.mend


def test_an_empty_salutation_stops_the_message() -> None:
    source = (TEMPLATES / "texts.fr.yaml").read_text().replace("Bonjour Madame {last_name},", " ")
    with pytest.raises(RenderError, match="salutation is empty"):
        composer(using=templates(**{"texts.fr.yaml": source})).compose(ANNE, STAMP)


def test_a_name_that_no_header_may_hold_stops_the_message() -> None:
    with pytest.raises(RenderError, match=r"To: The text holds the character U\+000A"):
        composer().compose(replace(ANNE, name="Anne\nBcc: z@x.example"), STAMP)


def test_a_headline_with_a_line_end_or_none_is_refused_at_once() -> None:
    for headline in ("a\r\nBcc: z", "", " "):
        with pytest.raises(BadInput):
            composer(replace(RELEASE_FR, headline=headline))


def test_the_dateline_is_pinned_or_the_day_of_sending_in_the_zone() -> None:
    pinned = replace(RELEASE_FR, dateline_date=date(2021, 1, 13))
    assert "Paris, le 13 janvier 2021" in preview(pinned).text
    late = replace(STAMP, date=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    assert "Paris, le 2 mars 2026" in composer().preview(ANNE, late).text
    tokyo = Composer(RELEASE_FR, SENDER, templates(), timezone=ZoneInfo("Asia/Tokyo"))
    assert "Paris, le 1er mars 2026" in tokyo.preview(ANNE, STAMP).text


def test_an_embargo_is_said_until_it_lifts() -> None:
    release = replace(RELEASE_FR, embargo_until=datetime(2026, 3, 3, 17, tzinfo=UTC))
    writer = composer(release)
    before = writer.preview(ANNE, STAMP)
    assert "Sous embargo jusqu’au mardi 3 mars 2026 à 18 h 00 (heure de Paris)" in before.html
    assert "SOUS EMBARGO JUSQU’AU MARDI 3 MARS 2026 À 18 H 00 (HEURE DE PARIS)" in before.text
    after = writer.preview(ANNE, replace(STAMP, date=datetime(2026, 3, 3, 17, tzinfo=UTC)))
    assert "Pour diffusion immédiate" in after.html
    assert "embargo" not in after.text.lower()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_release_has_its_label(kind: str) -> None:
    labels = {
        preview(replace(RELEASE_FR, kind=kind)).text.split("\n")[0],
        preview(replace(RELEASE_EN, kind=kind)).text.split("\n")[0],
    }
    assert len(labels) == 2


def test_a_bare_release_and_a_bare_address_make_a_whole_message() -> None:
    bare = Release("s", "Titre", "Corps.", "fr", contacts=(PressContact("A B"),))
    raw = composer(bare).compose(Recipient(parse_address("redaction@journal.example")), MAILTO)
    message = read_message(raw)
    assert message["To"] == "redaction@journal.example"
    text = message.parts[0].content.decode().replace("\r\n", "\n")
    assert "Le 1er mars 2026\n\nMadame, Monsieur,\n\nCorps.\n\nCONTACT PRESSE\n\nA B\n\n____" in text


def test_the_real_communique_renders_where_it_is_at_hand() -> None:
    path = Path(__file__).parents[2] / "../shared/releases/communique-kazakhstan.txt"
    if not path.is_file():
        pytest.skip("the real communiqué is not in the repository")
    headline, _, body = path.read_text(encoding="utf-8").strip().partition("\n")
    shown = composer(Release("k", headline, body, "fr")).preview(ANNE, MAILTO)
    read_message(shown.raw)
    assert "8\u202f000 personnes" in shown.text
    assert "160\u00a0personnes" not in shown.text
