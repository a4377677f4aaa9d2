"""The PDF of a release, read back: every word, the marks of accessibility and archiving, and nothing that runs."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pypdf
import pytest
from databases import LONG
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import png

from distributor.errors import BadInput
from distributor.rendering.pdf import LAYOUT, Pdf, make_pdf
from distributor.rendering.values import Event, InlineImage, Release

from .samples import PARIS, RELEASE_EN, RELEASE_FR, STAMP, templates

LOGO = InlineImage("", "logo@x.example", "logo.png", "image/png", png(300, 80), 300, 80)
PLAN = InlineImage("plan été.png", "plan@x.example", "plan.png", "image/png", png(1200, 400), 1200, 400)


def make(release: Release = RELEASE_FR, **changes: Any) -> Pdf:
    made = templates()
    values = {"moment": STAMP.date, "timezone": PARIS, "organisation": "Fédération Horizon"} | changes
    return make_pdf(release, made.texts(release.lang), values.pop("layout", made.layout(LAYOUT)), **values)


def read(pdf: Pdf) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf.content), strict=True)


def text_of(pdf: Pdf) -> str:
    """All its words, blanks of every kind as one."""
    return " ".join(" ".join(page.extract_text() for page in read(pdf).pages).split())


def test_the_boilerplate_stands_under_one_heading() -> None:
    for heading in ("**À propos**", "**À propos des Eaux Vives**"):
        text = text_of(make(replace(RELEASE_FR, boilerplate=f"{heading}\n\nNée en 1987.")))
        assert text.casefold().count("propos") == 1


def test_every_word_of_the_release_is_in_it() -> None:
    text = text_of(make())
    for words in (
        "COMMUNIQUÉ DE PRESSE",
        "Pour diffusion immédiate",
        "Justice sociale : la fédération appelle à la mobilisation",
        "Paris, le 1er mars 2026",
        "12 bureaux fermeraient d’ici juin. La fédération refuse ce plan.",
        "demande l’ouverture immédiate de négociations",
        "Plus de 8 000 personnes ont signé l’appel, soit 53 % des salariés",
        "« Nous serons là mardi à 18:00, et nous ne serons pas seuls ! », dit Ana Lopez.",
        "le détail {{ contact.name }}",
        "Région Bureaux Part",
        "Nord 7 58 %",
        "Marjolaine ALIX Secrétaire confédérale Secteur International, Europe et Migrations",
        "CONTACT PRESSE Marjolaine Alix",
        "Tél. 01.99.00.12.34",
        "m.alix@horizon.example",
        "À PROPOS La Fédération Horizon réunit 40 000 membres.",
        "1 / 1",
    ):
        assert words in text, words


def test_an_invitation_says_when_and_where_and_a_correction_what_changes() -> None:
    event = Event(
        date="Mardi 3 mars, **10 h**", place="12 quai Nord, Brest", rsvp="Avant lundi : presse@horizon.example"
    )
    text = text_of(make(replace(RELEASE_FR, kind="advisory", event=event)))
    assert "Quand Mardi 3 mars, 10 h Où 12 quai Nord, Brest Inscription Avant lundi : presse@horizon.example" in text
    text = text_of(make(replace(RELEASE_FR, kind="correction", changes="La date : *mardi*, et non lundi.")))
    assert "Ce qui change La date : mardi, et non lundi." in text


def test_an_english_correction_under_embargo() -> None:
    text = text_of(make(RELEASE_EN))
    assert "CORRECTION Under embargo until Tuesday 3 March 2026 at 18:00 (Paris time)" in text
    assert "The federation rejects the plan. 1. Talks first 2. No closure before them PRESS CONTACT Luke Small" in text
    later = text_of(make(RELEASE_EN, moment=STAMP.date + timedelta(days=3)))
    assert "For immediate release" in later
    assert "embargo" not in later.lower()


def test_links_lead_where_the_text_says() -> None:
    [page] = read(make()).pages
    links = {str(note["/A"]["/URI"]) for note in page["/Annots"] if "/URI" in note["/A"]}
    assert links == {
        "https://horizon.example/appel?x=1&y=2",
        "https://horizon.example/dossier",
        "tel:+33199001234",
        "mailto:m.alix@horizon.example",
    }


def _fonts(reader: pypdf.PdfReader) -> Iterator[Any]:
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            inner = font.get_object()
            yield inner["/DescendantFonts"][0].get_object() if "/DescendantFonts" in inner else inner


def test_it_is_tagged_titled_in_its_language_with_its_fonts_inside() -> None:
    reader = read(make(images=[LOGO]))
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "fr"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "/StructTreeRoot" in root
    assert reader.metadata is not None
    assert " ".join(str(reader.metadata.title).split()) == RELEASE_FR.headline
    assert reader.metadata.author == "Fédération Horizon"
    assert str(reader.metadata["/CreationDate"]).startswith("D:20260301")
    xmp = root["/Metadata"].get_data().decode()
    assert re.search(r"pdfuaid:part[>=\"]+1", xmp)
    assert re.search(r"pdfaid:part[>=\"]+2", xmp)
    assert re.search(r"pdfaid:conformance[>=\"]+A", xmp)
    for font in _fonts(reader):
        assert {"/FontFile2", "/FontFile3"} & set(font["/FontDescriptor"])
    assert not {"/AA", "/OpenAction", "/AcroForm"} & set(root)
    assert "/JavaScript" not in root.get("/Names", {})


def _structure(node: Any) -> Iterator[Any]:
    node = node.get_object()
    if isinstance(node, pypdf.generic.ArrayObject):
        for child in node:
            yield from _structure(child)
    elif isinstance(node, pypdf.generic.DictionaryObject):
        yield node
        if "/K" in node:
            yield from _structure(node["/K"])


def test_its_structure_is_that_of_the_text() -> None:
    body = '### Trois\n\n# Un\n\n#### Quatre\n\n![Le plan](<plan été.png> "Légende")\n\n- un\n\n> cité\n'
    reader = read(make(replace(RELEASE_FR, body=body), images=[LOGO, PLAN]))
    nodes = list(_structure(reader.trailer["/Root"]["/StructTreeRoot"]))
    kinds = [str(node.get("/S")) for node in nodes]
    assert [kind for kind in kinds if re.fullmatch("/(Title|H[1-6])", kind)][-5:] == ["/H1", "/H1", "/H2", "/H1", "/H1"]
    assert {"/Figure", "/L", "/LI", "/Link", "/P"} <= set(kinds)
    assert [node["/Alt"] for node in nodes if "/Alt" in node and node["/S"] == "/Figure"] == [
        "Fédération Horizon",
        "Le plan",
    ]
    assert "Légende" in text_of(make(replace(RELEASE_FR, body=body), images=[LOGO, PLAN]))


def test_the_same_values_give_the_same_bytes_all_day() -> None:
    once = make(images=[LOGO]).content
    assert make(images=[LOGO]).content == once
    assert make(images=[LOGO], moment=STAMP.date + timedelta(hours=3)).content == once
    assert make(images=[LOGO], moment=STAMP.date + timedelta(days=1)).content != once


INJECTIONS = [
    '#import "@preview/cetz:0.3.0"',
    '#read("/etc/passwd")',
    "#panic()",
    "$ x^2 $ and $",
    "\\ backslash \\u{1F600} \\",
    "<label> @reference",
    "*no* _no_ = no",
    "// comment /* comment */ ~ -- --- ...",
    "#{ while true {} }",
    "`raw` ]] [[ }} {{",
]


@pytest.mark.parametrize("words", INJECTIONS)
def test_words_are_never_markup(words: str) -> None:
    release = replace(
        RELEASE_FR,
        lang="de",  # whose typography touches nothing here
        headline=words,
        standfirst=words,
        dateline_place=words,
        signatory_name=words,
        sector=words,
        body="",
        boilerplate="",
        contacts=(replace(RELEASE_FR.contacts[0], name=words, phone=words),),
    )
    made = templates()
    pdf = make_pdf(
        release, made.texts("en"), made.layout(LAYOUT), moment=STAMP.date, timezone=PARIS, organisation=words
    )
    squeezed = "".join(words.split())
    assert "".join(text_of(pdf).split()).count(squeezed) >= 5


@settings(max_examples=12 * LONG)
@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x17F, exclude_categories=["Cc", "Cf"]), max_size=200))
def test_any_latin_text_makes_a_pdf(text: str) -> None:
    release = replace(RELEASE_FR, headline=text or "x", body=text, boilerplate=text, standfirst=text)
    assert read(make(release)).pages


def test_other_scripts_are_shown_or_the_letters_named() -> None:
    arabic = replace(RELEASE_FR, lang="ar", headline="العدالة الاجتماعية", body="> نص\n\n- نقطة\n")
    made = templates()
    pdf = make_pdf(
        arabic, made.texts("fr"), made.layout(LAYOUT), moment=STAMP.date, timezone=PARIS, organisation="Horizon"
    )
    assert not pdf.borrowed
    assert read(pdf).trailer["/Root"]["/ViewerPreferences"]["/Direction"] == "/R2L"
    with pytest.raises(BadInput, match="can show «U\\+f0000»") as caught:
        make(replace(RELEASE_FR, headline="Titre \U000f0000, \U000f0000"))
    assert "Install" in caught.value.mend


@pytest.mark.parametrize("reach", ['#import "@preview/x:1.0.0"', '#include "a.typ"', '#read(".env")', '#eval("1")'])
def test_a_layout_reaches_out_of_itself_for_nothing(reach: str) -> None:
    with pytest.raises(BadInput, match="reaches out") as caught:
        make(layout=f"\n{reach}")
    assert caught.value.line == 2


def test_a_layout_reads_no_file_by_another_name_either() -> None:
    for reach in ('#csv("/etc/passwd")', '#image("/etc/passwd")', '#json(".env")', '#bibliography("x.yml")'):
        with pytest.raises(BadInput, match="has a mistake"):
            make(layout=f'#set document(title: "x")\n{reach}')


def test_a_mistake_in_the_layout_is_told_with_its_line() -> None:
    with pytest.raises(BadInput, match="mistake: unknown variable: nothing") as caught:
        make(layout='#set document(title: "x")\n\n#nothing')
    assert (caught.value.file, caught.value.line) == (LAYOUT, 3)
