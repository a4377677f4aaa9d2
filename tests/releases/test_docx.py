"""Releases written in Word: every part in its place, nothing lost without a word, nothing hidden, no bomb."""

from __future__ import annotations

import dataclasses
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from databases import LONG
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import png
from worddocuments import docx, paragraph, part, picture, run, table, tracked
from workbooks import archive

from distributor.errors import BadInput
from distributor.releases.draft import PressContact
from distributor.releases.readers.intake import Intake, read_file
from distributor.releases.readers.source import write_source

from .communiques import SAMPLES
from .test_nothing_lost import said_by, words

PARIS = ZoneInfo("Europe/Paris")


def read(raw: bytes, file: str = "communique.docx") -> Intake:
    return read_file(raw, file=file, timezone=PARIS, today=date(2026, 3, 2))


def remarks(taken: Intake) -> str:
    return "\n".join(remark.text for remark in taken.draft.remarks)


def codes(taken: Intake) -> list[str]:
    return [remark.code for remark in taken.draft.remarks if remark.code]


def test_a_release_of_a_press_office() -> None:
    taken = read(
        docx(
            paragraph("Ligue des marées")
            + paragraph("COMMUNIQUÉ DE PRESSE")
            + paragraph("Les écluses du canal rouvrent [enfin]", style="T")
            + paragraph("Brest, le 12 mars 2026")
            + paragraph(run("Fermées depuis ", "b"), run("l’hiver", "b", "i"), ", elles rouvrent lundi. Prix : 3 * 2 €")
            + paragraph("Les horaires", style="H2")
            + paragraph("1. un début qui n’est pas une liste")
            + table(("Écluse", "Heure"), ("Nord", "8 h"), ("Sud | Est", "9 h"))
            + paragraph("À propos de la Ligue : elle est née en 1987.")
            + paragraph("Contact presse :")
            + paragraph("Jeanne MARTIN, chargée de presse")
            + paragraph("Tél. : 01 23 45 67 89")
            + paragraph("j.martin@marees.example")
        )
    )
    draft = taken.draft
    assert draft.headline == "Les écluses du canal rouvrent [enfin]"
    assert (draft.dateline_place, draft.dateline_date, draft.lang) == ("Brest", date(2026, 3, 12), "fr")
    assert draft.contacts == (
        PressContact("Jeanne MARTIN", "chargée de presse", "j.martin@marees.example", "01 23 45 67 89"),
    )
    assert draft.boilerplate == "**À propos de la Ligue**\n\nelle est née en 1987."
    assert draft.body == (
        "**Fermées depuis** ***l’hiver***, elles rouvrent lundi. Prix : 3 \\* 2 €\n\n## Les horaires\n\n"
        "1\\. un début qui n’est pas une liste\n\n"
        "| Écluse | Heure |\n| --- | --- |\n| Nord | 8 h |\n| Sud \\| Est | 9 h |"
    )
    assert "Read as the letterhead: «Ligue des marées»." in remarks(taken)
    assert taken.source.split("\n")[draft.lines["headline"] - 1] == f"title: {draft.headline}"
    assert taken.source.split("\n")[draft.lines["body"] - 1].startswith("**Fermées")


def test_a_letterhead_set_as_a_table_is_no_headline() -> None:
    town = ("VILLE DE BRÉLÈS", "Cabinet de la maire", "1, place de la Mairie", "29000 Brélès", "Tél. 02 98 00 00 00")
    notice = ("COMMUNIQUÉ DE PRESSE", "Brélès, le lundi 2 mars 2026")
    cells = "".join(f"<w:tc>{''.join(map(paragraph, one))}</w:tc>" for one in (town, notice))
    title = paragraph(run("L’école des Goélands rouvrira en septembre, deux ans après l’incendie", "b"))
    text = paragraph("La maire a posé ce lundi la première pierre de l’école, détruite par le feu il y a deux ans.")
    draft = read(docx(f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>{title}{text}")).draft
    assert draft.headline == "L’école des Goélands rouvrira en septembre, deux ans après l’incendie"
    assert (draft.dateline_place, draft.dateline_date) == ("Brélès", date(2026, 3, 2))
    assert not draft.body.startswith("Cabinet")


def test_contacts_side_by_side_in_a_table_keep_their_own_addresses() -> None:
    beside = table(
        ("Relations investisseurs", "Contact presse"),
        ("Marc Aubin", "Léa Thorez"),
        ("+33 1 00 00 00 51", "+33 6 00 00 00 52"),
        ("marc@orvalis.example", "lea@orvalis.example"),
    )
    draft = read(docx(paragraph("Un trimestre de hausse") + paragraph("Le chiffre monte.") + beside)).draft
    by_name = {one.name: (one.email, one.phone) for one in draft.contacts}
    assert by_name["Léa Thorez"] == ("lea@orvalis.example", "+33 6 00 00 00 52")
    assert by_name.get("Marc Aubin", ("marc@orvalis.example", ""))[0] == "marc@orvalis.example"


def test_what_the_page_did_not_show_is_told_and_stops_the_proof() -> None:
    comment = '<w:comment w:id="1" w:author="Léa">' + paragraph("À vérifier avec Paul") + "</w:comment>"
    taken = read(
        docx(
            paragraph("Les écluses rouvrent")
            + paragraph("Elles rouvrent ", tracked("ins", "lundi", "Anne"), tracked("del", "mardi", "Paul"), " à midi.")
            + paragraph(run("Ne pas dire le prix.", "vanish"))
            + paragraph(run("Chiffre à revoir", 'highlight w:val="yellow"')),
            word__comments_xml=part("comments", comment),
            word__header1_xml=part("hdr", paragraph("Ligue des marées, 29200 Brest")),
            word__footer1_xml=part("ftr", paragraph("presse@marees.example") + paragraph("1")),
        )
    )
    assert "Elles rouvrent lundi à midi." in taken.draft.body
    assert codes(taken) == ["tracked-change", "tracked-change", "document-comment", "hidden-text"]
    told = remarks(taken)
    assert "Anne inserted «lundi»" in told
    assert "Paul deleted «mardi»" in told
    assert "by Léa: «À vérifier avec Paul»" in told
    assert "now to be seen: «Ne pas dire le prix.»" in told
    assert "Highlighted in the document: «Chiffre à revoir»" in told
    assert "The header of the pages was left out: «Ligue des marées, 29200 Brest»" in told
    assert "The footer of the pages was left out: «presse@marees.example»" in told


def test_pictures_come_along_and_the_others_are_named() -> None:
    body = paragraph("Les écluses rouvrent") + paragraph("Elles rouvrent lundi.")
    raw = docx(
        body + paragraph(picture("p", "Plan [nord]")) + paragraph(picture("q", "Dessin")) + paragraph(picture("p", "")),
        links={"p": "media/image1.png", "q": "media/image2.emf"},
        word__media__image1_png=b"",
    )
    with zipfile.ZipFile(io.BytesIO(raw)) as old:
        members: dict[str, str | bytes] = {name: old.read(name) for name in old.namelist() if "image1" not in name}
    taken = read(archive(members | {"word/media/image1.png": png(4, 4), "word/media/image2.emf": b"EMF"}))
    assert taken.draft.body.endswith("![Plan \\[nord\\]](picture-1.png)\n\n![](picture-1.png)")
    assert taken.pictures == {"picture-1.png": png(4, 4)}
    assert "A picture «Dessin» (image/x-emf) was left out" in remarks(taken)


def test_links_stay_and_those_of_no_use_are_named() -> None:
    def link(name: str, text: str) -> str:
        return f'<w:hyperlink r:id="{name}">{run(text)}</w:hyperlink>'

    taken = read(
        docx(
            paragraph("Les écluses rouvrent")
            + paragraph("Voir ", link("a", "le plan"), " et ", link("b", "le fichier"), "."),
            links={"a": "https://marees.example/plan_(nord)", "b": "file:///C:/plan.doc"},
        )
    )
    assert taken.draft.body == "Voir [le plan](https://marees.example/plan_%28nord%29) et le fichier."
    assert "A link that a message cannot carry is now its words alone: «file:///C:/plan.doc»" in remarks(taken)


def test_what_does_not_come_through_is_said() -> None:
    choice = f"<mc:AlternateContent><mc:Choice>{run('Dans un cadre perdu')}</mc:Choice></mc:AlternateContent>"
    taken = read(docx(paragraph("Les écluses rouvrent") + paragraph("Elles rouvrent lundi.") + paragraph(choice)))
    assert "This did not come through, or not whole; check it: «Dans un cadre perdu»." in remarks(taken)


@pytest.mark.parametrize("source", [sample[1] for sample in SAMPLES], ids=[sample[0] for sample in SAMPLES])
def test_no_word_of_a_real_shape_is_lost(source: str) -> None:
    taken = read(docx("".join(paragraph(line) for line in source.split("\n") if line.strip())))
    assert words(source) <= words("\n".join([*said_by(taken.draft), taken.source]))


TEXT = st.text(st.sampled_from("aé b.,*_`<>[]()#&;!~\\-+=1.)|'\"@:/ \u00a0"), min_size=1, max_size=30)
RUNS = st.builds(run, TEXT, st.sampled_from(["b", "i", "strike", "u", "caps"]))
PARAGRAPHS = st.lists(st.one_of(TEXT.map(run), RUNS), min_size=1, max_size=4).map(lambda runs: paragraph(*runs))
TABLES = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=3).map(lambda rows: table(*rows))


@settings(max_examples=35 * LONG)
@given(st.lists(st.one_of(PARAGRAPHS, PARAGRAPHS, TABLES), min_size=1, max_size=6))
def test_no_word_of_any_document_is_lost_and_its_source_reads_the_same(blocks: list[str]) -> None:
    taken = read(docx(paragraph("Titre du jour") + paragraph("Un texte qui suit son titre.") + "".join(blocks)))
    written = re.sub(r"</w:p>", " ", "".join(blocks))
    source = re.sub(r"<[^>]*>", "", written)
    source = source.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    said = unicodedata.normalize("NFKC", "\n".join(said_by(taken.draft)))
    assert words(unicodedata.normalize("NFKC", source)) <= words(said)
    again = read(taken.source.encode(), "communique.md").draft
    neutral: dict[str, Any] = {"remarks": ()}
    assert dataclasses.replace(again, **neutral) == dataclasses.replace(taken.draft, **neutral)
    assert write_source(again) == taken.source


GOOD = docx(paragraph("Titre") + paragraph("Texte."))


def altered(name: str, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old:
        members: dict[str, str | bytes] = {one: old.read(one) for one in old.namelist()}
    return archive(members | {name: content})


BAD: dict[str, Callable[[], bytes]] = {
    "cut off": lambda: GOOD[: len(GOOD) // 2],
    "an entity bomb": lambda: altered(
        "word/document.xml",
        b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><w:document>&c;</w:document>',
    ),
    "an entity bomb beside": lambda: altered("word/styles.xml", b'<!DOCTYPE a [<!ENTITY b "b">]><w:styles/>'),
    "nested too deeply": lambda: altered("word/document.xml", b"<a>" * 5000 + b"</a>" * 5000),
    "no XML": lambda: altered("word/document.xml", b"<w:document><w:body>"),
    "a bomb": lambda: altered("word/document.xml", b"<a>" + b" " * 120_000_000 + b"</a>"),
    "a bomb of pictures": lambda: archive(
        {"word/document.xml": "<a/>", **{f"word/media/{number}.png": bytes(9_900_000) for number in range(12)}}
    ),
    "too much text": lambda: docx(paragraph("mot " * 100) * 20_000),
    "many parts": lambda: archive({f"word/{number}.xml": b"" for number in range(5_001)}),
    "no text": lambda: docx(paragraph("")),
    "no document": lambda: archive({"word/other.xml": "<a/>"}),
    "a cell that is wide beyond numbers": lambda: docx(
        '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="x"/></w:tcPr></w:tc></w:tr></w:tbl>'
    ),
    "a password": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_honest_document_is_refused_in_one_sentence(name: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(BAD[name]())
    assert caught.value.file == "communique.docx"
    assert caught.value.mend


@pytest.mark.parametrize(
    ("name", "words_"),
    [("a password", "password"), ("a bomb", "too large"), ("too much text", "its text takes"), ("cut off", "damaged")],
)
def test_the_sentence_says_what_is_wrong(name: str, words_: str) -> None:
    with pytest.raises(BadInput, match=words_):
        read(BAD[name]())


@settings(max_examples=75 * LONG)
@given(st.data())
def test_a_document_with_any_byte_changed_is_read_or_refused(data: st.DataObject) -> None:
    member = data.draw(st.sampled_from(["word/document.xml", "word/styles.xml", "word/_rels/document.xml.rels"]))
    raw = docx(
        paragraph("Titre", style="T") + paragraph("Texte ", tracked("ins", "neuf", "A")) + table(("a", "b"), ("c", "d"))
    )
    with zipfile.ZipFile(io.BytesIO(raw)) as old:
        members: dict[str, str | bytes] = {one: old.read(one) for one in old.namelist()}
    content = bytes(members[member]) if isinstance(members[member], bytes) else b""
    at = data.draw(st.integers(0, len(content)))
    changed = content[:at] + data.draw(st.binary(max_size=4)) + content[at + data.draw(st.integers(0, 40)) :]
    try:
        taken = read(archive(members | {member: changed}))
    except BadInput:  # any other exception fails the test
        return
    assert taken.draft.body


def test_an_embargo_in_the_header_of_the_pages_holds() -> None:
    told = part("hdr", paragraph("Ligue des marées – SOUS EMBARGO jusqu'au 3 mars 2026, 6 h"))
    draft = read(docx(paragraph("Un titre", style="T") + paragraph("Un texte."), word__header1_xml=told)).draft
    assert draft.embargo_until == datetime(2026, 3, 3, 6, tzinfo=PARIS)
    with pytest.raises(BadInput, match="could not be read"):
        read(
            docx(
                paragraph("Un titre") + paragraph("Un texte."),
                word__header1_xml=told.replace("3 mars 2026, 6 h", "jeudi"),
            )
        )
