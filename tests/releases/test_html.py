"""Releases saved as web pages: the text is taken, what is not text is told, whatever the page does."""

from __future__ import annotations

import base64
import contextlib
import re
import unicodedata
from datetime import date
from html import escape
from zoneinfo import ZoneInfo

import pytest
from databases import LONG
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import png

from distributor.errors import BadInput
from distributor.releases.draft import PressContact
from distributor.releases.readers.intake import Intake, read_file
from distributor.rendering.body import to_text

from .test_nothing_lost import said_by, words

PARIS = ZoneInfo("Europe/Paris")
PAGE = """<!DOCTYPE html>
<html lang="fr"><head><meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-1">
<title>Site – La halle</title><style>p { color: red }</style><script>var a = "<p>piège</p>";</script></head>
<body><nav><a href="/">Accueil</a> <a href="/presse">Presse</a></nav>
<main><h1>La halle rouvre lundi</h1>
<p>Brest, le 12 mars 2026</p>
<p>Après <b>deux ans</b> de travaux, la halle – 1<sup>er</sup> marché de la ville, 1 200&nbsp;m<sup>2</sup> – rouvre.
<a href="https://halle.example/plan">Le plan</a>, <a href="javascript:void(0)">la visite</a>,
<a href="#haut">le haut</a>.</p>
<ul><li>lundi<li>mardi <em>matin</em></ul>
<blockquote><p>Enfin&nbsp;!</p></blockquote>
<table><tr><th>Jour<th>Heure<tr><td>lundi<td>8 h</table>
<img src="https://stats.example/t.gif?id=7" width="1" height="1"><img src="https://halle.example/v.jpg" alt="La façade">
<p style="display: none">Texte caché</p>
<table><tr><td><p>Contact presse :</p><p>Anne Clos<br>02 98 00 00 31<br>anne@halle.example</p></td></tr></table>
</main><footer>Mentions légales</footer></body></html>"""


def read(raw: bytes, **pictures: bytes) -> Intake:
    files = {name.replace("__", "/").replace("_png", ".png"): content for name, content in pictures.items()}
    return read_file(raw, file="page.html", timezone=PARIS, today=date(2026, 3, 2), beside=files.get)


def remarks(taken: Intake) -> str:
    return "\n".join(remark.text for remark in taken.draft.remarks)


def test_a_page_of_a_site() -> None:
    taken = read(PAGE.encode("cp1252"))
    draft = taken.draft
    assert (draft.headline, draft.dateline_place, draft.dateline_date) == (
        "La halle rouvre lundi",
        "Brest",
        date(2026, 3, 12),
    )
    assert draft.contacts == (PressContact("Anne Clos", "", "anne@halle.example", "02 98 00 00 31"),)
    assert draft.body == (
        "Après **deux ans** de travaux, la halle – 1er marché de la ville, 1 200\u00a0m² – rouvre. "
        "[Le plan](https://halle.example/plan), la visite, le haut.\n\n- lundi\n- mardi *matin*\n\n> Enfin\u00a0!\n\n"
        "| Jour | Heure |\n| --- | --- |\n| lundi | 8 h |\n\n![La façade](https://halle.example/v.jpg)"
    )
    told = remarks(taken)
    assert "scripts (1), style sheets (1)" in told
    assert "1 invisible picture (trackers)" in told
    assert "left out: «Texte caché»" in told
    assert "Left out around the text: «Accueil Presse Mentions légales»." in told
    assert "piège" not in taken.source + told


def test_pictures_of_the_page_come_along() -> None:
    inline = base64.b64encode(png(3, 3)).decode()
    page = (
        "<html><body><h1>La halle</h1><p>Elle rouvre.</p><img alt='Plan' src='page_files/plan.png?v=2'>"
        f"<img alt='Sceau' src='data:image/png;base64,{inline}'><img alt='Perdue' src='autre.png'>"
        "<img alt='Dessin' src='data:image/svg+xml,<svg/>'></body></html>"
    )
    taken = read(page.encode(), page_files__plan_png=png(5, 5))
    assert taken.draft.body.endswith("![Plan](picture-1.png)![Sceau](picture-2.png)")
    assert taken.pictures == {"picture-1.png": png(5, 5), "picture-2.png": png(3, 3)}
    assert "«Perdue» (autre.png) was left out" in remarks(taken)
    assert "«Dessin» was left out" in remarks(taken)


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("<meta charset=utf-8>", "utf-8"),
        ("<meta charset='windows-1252'>", "cp1252"),
        ("", "utf-8"),
        ("", "cp1252"),
        ("<meta charset=utf-8>", "cp1252"),  # it is not what it says
        ("<meta charset=utf-16>", "utf-8"),
        ("<meta charset=zlib>", "utf-8"),
        ("<meta charset=no-such>", "utf-8"),
        ("", "utf-16"),
    ],
)
def test_the_encoding_of_a_page(head: str, encoding: str) -> None:
    text = "<h1>L’été à Nîmes</h1><p>Où l’on fête la forêt, déjà.</p>"
    page = f"<!DOCTYPE html><html><head>{head}</head><body>{text}</body>"
    assert read(page.encode(encoding)).draft.headline == "L’été à Nîmes"


def test_a_page_made_to_be_slow_is_refused_or_quick() -> None:
    for unit in (
        "<div>",
        "<b>",
        "<table><tr><td>",
        "<ul><li>",
        "<!--",
        "</",
        "<a href='",
        "&",
        "<pre>",
        "<img width=1 ",
    ):
        many = 6_000 if unit.startswith("<") else 30_000
        with contextlib.suppress(BadInput):
            read(b"<html><body><h1>T</h1><p>x</p>" + unit.encode() * many)
    with pytest.raises(BadInput, match="too large to be a release"):
        read(b"<html><body>" + b"<i>x</i>" * 30_000)
    with pytest.raises(BadInput, match="MB long"):
        read(b"<html><body>" + b"x" * 11_000_000)


@pytest.mark.parametrize(
    "page", ["<html><body><script>x</script></body></html>", "<html></html>", "<html><img src=x></html>"]
)
def test_a_page_without_text_is_refused(page: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(page.encode())
    assert caught.value.mend


WORD = st.text(st.sampled_from("abé1*_`[]()#!~\\-+=.|&<>:;\"'@/ \u00a0"), min_size=1, max_size=16)
INLINE = st.one_of(
    WORD.map(escape),
    st.builds(
        "<{0}>{1}</{0}>".format,
        st.sampled_from(["b", "em", "s", "code", "u", "sup", "a href='https://x.example'"]),
        WORD.map(escape),
    ),
).map(lambda one: one.replace("</a href='https://x.example'>", "</a>"))
LINE = st.lists(INLINE, min_size=1, max_size=4).map("".join)
BLOCK = st.one_of(
    st.builds(
        "<{0}>{1}</{0}>".format,
        st.sampled_from(["p", "h2", "li", "blockquote", "div", "pre", "dt", "figcaption"]),
        LINE,
    ),
    LINE.map(lambda line: f"<table><tr><td>{line}<td>x<tr><td>y<td>{line}</table>"),
    LINE.map(lambda line: f"<ol><li>{line}<ul><li>{line}</ul></ol>"),
    LINE.map(lambda line: f"{line}<br>{line}"),
    LINE,
)


@settings(max_examples=60 * LONG)
@given(st.lists(BLOCK, min_size=1, max_size=6))
def test_every_word_of_any_page_is_in_the_release_and_in_the_text_part(blocks: list[str]) -> None:
    html = "<br>".join(blocks)
    page = f"<html><body><h1>Le titre</h1><p>Un texte commence.</p>{html}</body></html>"
    draft = read(page.encode()).draft
    source = re.sub(r"<(?:/?[a-z][^<>]*)>", " ", html)
    for name, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#x27;", "'"), ("&amp;", "&")):
        source = source.replace(name, sign)
    wanted = {"".join(words_) for words_ in re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", source).casefold())}
    said = unicodedata.normalize("NFKC", "\n".join(said_by(draft)))
    joined = "".join(re.findall(r"[^\W_]+", said.casefold()))
    assert {word for word in wanted if word not in joined} == set()
    shown = unicodedata.normalize("NFKC", to_text(draft.body, "fr"))
    unread = words("\n".join(remark.text for remark in draft.remarks) + said.replace(draft.body, ""))
    letters = "".join(re.findall(r"[^\W_]+", shown.casefold()))
    assert {word for word in wanted if word not in letters and not any(word in one for one in unread)} == set()
