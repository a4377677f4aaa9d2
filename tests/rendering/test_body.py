"""A release's body: safe HTML, whole text, French typography."""

from __future__ import annotations

import re
import time
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distributor.rendering.body import to_html, to_text
from distributor.rendering.phones import tel_target
from distributor.rendering.plaintext import WIDTH, wrap
from distributor.rendering.typography import is_right_to_left, isolate, typeset
from distributor.rendering.widths import break_line, display_width

from .samples import BODY_FR

PIECES = [*"ab é\n#*_`[]()<>!|-:1.~\"'\\&{}/%;?", "https://x.example/", "   ", "![", "](", "\n\n", "\n- ", "|---|"]
MARKDOWN = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


class Tags(HTMLParser):
    """Every tag and attribute of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


@pytest.mark.parametrize(
    ("plain", "set_"),
    [
        ("Quoi ? Oui ! Non ; si", "Quoi\u202f? Oui\u202f! Non\u202f; si"),
        ("Bonjour! Et vous?", "Bonjour\u202f! Et vous\u202f?"),
        ("Le fait: voici", "Le fait\u00a0: voici"),
        ("« ici » et «là»", "«\u00a0ici\u00a0» et «\u00a0là\u00a0»"),
        ("à 18:00, 3:1", "à 18:00, 3:1"),
        ("à 18 h 00 ou 9 h", "à 18\u00a0h\u00a000 ou 9\u00a0h"),
        ("8 000 et 1 250 000, en 2021 160", "8\u202f000 et 1\u202f250\u202f000, en 2021 160"),
        ("50% ou 50 %, 3 €", "50\u00a0% ou 50\u00a0%, 3\u00a0€"),
        ("voir https://x.example/a;b?c!d:e : oui", "voir https://x.example/a;b?c!d:e\u00a0: oui"),
        ("écrire à a.b@x.example ; merci", "écrire à a.b@x.example\u202f; merci"),
        ("l'été d'hier, 5'", "l’été d’hier, 5'"),
        ("3 millions d’euros", "3\u00a0millions d’euros"),
        ("ici – là — voilà", "ici\u00a0– là\u00a0— voilà"),
        ("l’œuvre d’un cœur", "l’œuvre d’un cœur"),
        ("Mme Alix et M. Petit", "Mme\u00a0Alix et M.\u00a0Petit"),
    ],
)
def test_french_has_its_no_break_spaces(plain: str, set_: str) -> None:
    assert typeset(plain, "fr-FR") == set_
    assert typeset(set_, "fr") == set_, "twice is once"


def test_other_languages_keep_their_spaces() -> None:
    assert typeset("Well: it's 50% ; so", "en") == "Well: it’s 50% ; so"
    assert typeset("Also: 50% ; so'n", "de") == "Also: 50% ; so'n"


@pytest.mark.parametrize(
    ("language", "quoted"),
    [("fr", "«\u00a0mot\u00a0»"), ("en", "“mot”"), ("de", "„mot“"), ("cs", "“mot”"), ("ja", "「mot」")],
)
def test_quotes_are_those_of_the_language(language: str, quoted: str) -> None:
    assert to_text('"mot"', language) == quoted
    assert unescape(to_html('"mot"', language)) == f"<p>{quoted}</p>"


def test_code_is_left_alone() -> None:
    assert to_html('`a ; "b"`', "fr") == '<p><code>a ; "b"</code></p>'


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        '<img src="http://x.example/p.gif">',
        "![suivi](http://x.example/p.gif)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,AAAA)",
        "[x](vbscript:x)",
        "<javascript:alert(1)>",
        "[x](//x.example)",
        "![x](file:///etc/passwd)",
        '<a onclick="x">y</a>',
        "[x](/local)",
        "<style>p{}</style>",
    ],
)
def test_nothing_dangerous_or_remote_is_left(attack: str) -> None:
    found = Tags(to_html(attack, "fr"))
    assert not found.tags & {"script", "img", "style", "iframe", "link"}
    for name, value in found.attributes:
        assert name in {"href", "title", "style", "start"}
        if name == "href":
            assert value is not None
            assert value.startswith(("http://", "https://", "mailto:", "tel:"))
    assert re.sub(r"\W", "", to_text(attack, "fr")), "still told in the text"


def test_an_image_becomes_its_words_with_a_link() -> None:
    markdown = "![La place](https://x.example/p.jpg)"
    assert to_html(markdown, "fr") == '<p><a href="https://x.example/p.jpg">La place</a></p>'
    assert to_text(markdown, "fr") == "La place (https://x.example/p.jpg)"


def test_bare_addresses_become_links() -> None:
    html = to_html("Voir (https://x.example/a_(b)), ou a.b@x.example.", "fr")
    assert '<a href="https://x.example/a_(b)">https://x.example/a_(b)</a>), ou' in html
    assert '<a href="mailto:a.b@x.example">a.b@x.example</a>.' in html


@given(MARKDOWN)
@example("[](https://x.example/)")
@example("| a |\n|---|\n")
@example("> - 1. a\n>   b")
def test_html_is_always_within_the_allow_list(markdown: str) -> None:
    found = Tags(to_html(markdown, "fr"))
    assert not found.tags & {"script", "img", "style", "iframe"}
    assert {name for name, _ in found.attributes} <= {"href", "title", "style", "start"}


@given(MARKDOWN)
@example("[](https://x.example/)")
@example("a\n***\nb")
def test_the_text_says_all_the_html_says(markdown: str) -> None:
    class Words(HTMLParser):
        said = ""

        def handle_data(self, data: str) -> None:
            self.said += data

    words = Words()
    words.feed(to_html(markdown, "fr"))
    words.close()
    shown = re.sub(r"\W|_", "", words.said)
    told = re.sub(r"\W|_", "", to_text(markdown, "fr"))
    # The text part adds the targets of links and numbers of lists; it must not lose a letter, nor their order.
    letters = iter(told)
    assert all(letter in letters for letter in shown)


def test_a_long_word_or_blank_takes_no_time() -> None:
    """A search that begins anew from every character would take some ten seconds for each of these."""
    started = time.process_time()
    for piece in ("a", "a.", "a@", " ", "\u00a0", "a@b-"):
        text = f"a{piece * (60_000 // len(piece))}b"
        to_html(text, "fr")
        to_text(text, "fr")
        typeset(text, "fr")
    assert time.process_time() - started < 8


def test_the_whole_body_reads_well_as_text() -> None:
    text = to_text(BODY_FR, "fr")
    assert all(len(line) <= WIDTH for line in text.split("\n") if "http" not in line)
    assert "8\u202f000" in text
    assert "https://horizon.example/appel?x=1&y=2" in text
    assert "complet (https://horizon.example/dossier)" in re.sub(r"\s", " ", text)
    assert "> «\u00a0Nous serons là mardi à 18:00" in text
    assert "- un second point\u00a0:\n  1. le détail {{ contact.name }}\n  2. l’autre" in text
    assert "Région | Bureaux | Part\n-------+---------+-----\nNord   |       7 | 58\u00a0%" in text


def test_headings_rules_code_and_struck_text() -> None:
    text = to_text("# Un\n\n## Deux\n\n~~non~~ *oui*\n\n---\n\n    x = 1\n\nfin  \nici", "en")
    assert text == "Un\n==\n\nDeux\n----\n\n~~non~~ oui\n\n* * *\n\n    x = 1\n\nfin\nici"


def test_a_heading_without_words_is_none() -> None:
    assert to_text("#\n\nmot\n\n##", "fr") == "mot"
    assert "<h" not in to_html("#\n\nmot\n\n##", "fr")


def test_a_wide_table_becomes_lines() -> None:
    cells = "un long contenu qui ne tient pas dans une colonne étroite"
    text = to_text(f"| A | B |\n|---|---|\n| {cells} | {cells} |\n", "fr")
    assert text == f"A: {cells}\nB: {cells}"


CHINESE = "港口工人联合会反对关闭十二个办事处，要求立即开始谈判。我们将在那里，而且我们不会孤单。"


def test_east_asian_text_is_wrapped_by_what_the_eye_sees() -> None:
    lines = to_text(CHINESE * 4, "zh").split("\n")
    assert "".join(lines) == CHINESE * 4
    assert len(lines) > 1
    for line in lines:
        assert display_width(line) <= WIDTH
        assert line[0] not in "，。", "no line begins with a full stop"
    table = to_text("| 地域 | n |\n|---|--:|\n| 北 | 7 |\n| South | 12 |\n", "ja").split("\n")
    assert len({display_width(line) for line in table}) == 1
    assert to_text("# 見出し", "ja") == "見出し\n======"


@given(st.text(alphabet="ab 、。「」日本語é\u0301한\u00a0", max_size=80), st.integers(20, 40))
def test_wrapping_loses_nothing_and_keeps_within_the_width(text: str, width: int) -> None:
    lines = break_line(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for line in lines:
        assert display_width(line) <= width or not re.search("[ 日本語]", line.strip()[1:-1])


def test_latin_names_in_a_text_from_the_right_are_isolated_and_addresses_are_not() -> None:
    text = isolate("قالت (Horizon Federation).\nانظر https://x.example/a\nOnly Latin")
    assert text == "قالت (\u2068Horizon Federation\u2069).\nانظر https://x.example/a\nOnly Latin"


def test_a_url_is_never_broken_and_a_signature_mark_never_made() -> None:
    url = "https://x.example/" + "long-" * 40
    assert url in to_text(f"Voir {url} et plus " + "mot " * 30, "fr").split("\n")
    assert "\n--\n" not in wrap("mot " * 18 + "-- " + "mot " * 18)


def test_wide_lists_indent_their_lines() -> None:
    text = to_text("10. " + "mot " * 30 + "\n11. b\n\n    c", "fr")
    lines = text.split("\n")
    assert lines[0].startswith("10. mot")
    assert lines[1].startswith("    mot")
    assert "11. b\n\n    c" in text


@pytest.mark.parametrize(
    ("phone", "target"),
    [
        ("01.99.00.12.34", "tel:+33199001234"),
        ("+33 (0)1 99 00 12 34", "tel:+33199001234"),
        ("0033 1 99 00 12 34", "tel:+33199001234"),
        ("+44 20 7946 0000", "tel:+442079460000"),
        ("020 7946 0000", ""),
        ("poste 12", ""),
        ("", ""),
    ],
)
def test_phone_numbers_are_dialled_only_where_the_country_is_plain(phone: str, target: str) -> None:
    assert tel_target(phone) == target


def test_right_to_left_languages() -> None:
    assert is_right_to_left("ar-MA")
    assert not is_right_to_left("fr")


def test_an_image_inside_a_link_is_its_words() -> None:
    markdown = "[![logo](https://x.example/l.png)](https://x.example/)"
    assert to_html(markdown, "fr") == '<p><a href="https://x.example/">logo</a></p>'
    assert to_text(markdown, "fr") == "logo (https://x.example/)"


def test_a_wide_table_of_headings_alone_keeps_them() -> None:
    assert to_text(f"| {'a' * 40} | {'b' * 40} |\n|---|---|\n", "fr") == f"{'a' * 40}\n{'b' * 40}"


def test_footnotes_are_numbered_and_none_is_lost() -> None:
    source = (
        "Les 12 000 habitants[^insee] et deux ports[^2] : voir[^9], `x`.\n\nEncore[^insee].\n\n"
        "[^2]: https://ports.example/neuf\n[^insee]: Insee\n"
    )
    shown = to_text(source, "fr")
    assert shown.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ") == (
        "Les 12 000 habitants[1] et deux ports[2] : voir[^9], x.\n\nEncore[1].\n\n"
        "[2] https://ports.example/neuf\n\n[1] Insee"
    )
    html = to_html(source, "fr")
    assert '<p>[2] <a href="https://ports.example/neuf">https://ports.example/neuf</a></p>\n<p>[1] Insee</p>' in html
