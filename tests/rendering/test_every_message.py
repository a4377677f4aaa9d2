"""Whatever releases and contacts there may be: the wire's rules hold, and a message's two parts say the same words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

from databases import LONG
from hypothesis import example, given, settings
from hypothesis import strategies as st

from distributor.addresses import parse_address
from distributor.rendering.composer import Composer
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import KINDS, Event, PressContact, Recipient, Release

from .samples import ANNE, BODY_FR, PARIS, RELEASE_FR, SENDER, STAMP, templates
from .strict_reader import Part, read_message

PIECES = [
    *(
        "mot",
        "été",
        "œuvre",
        "l'un",
        "18:00",
        "53 %",
        "«",
        "»",
        '"',
        " ? ",
        " : ",
        "Horizon",
        "اتحاد",
        "إلى",
        "日本語。",
    ),
    *(
        "한국어",
        "🎉",
        "e\u0301",
        "ẞß",
        "İi",
        "-- ",
        "x" * 90,
        "語" * 60,
        "{{ 7 }}",
        "{% if %}",
        "<b>",
        "&amp;",
        "=?utf-8?q?a?=",
    ),
]
LINE = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map(" ".join)
MAYBE = st.one_of(st.just(""), LINE)
MARKS = [
    "**",
    "*",
    "\n\n",
    "\n- ",
    "\n1. ",
    "\n> ",
    "\n# ",
    "`",
    "[a](https://x.example/a?b=1&c=2)",
    "https://x.example/",
]
BODY = st.lists(st.sampled_from([*PIECES, *MARKS]), min_size=1, max_size=30).map(lambda some: "Mot " + " ".join(some))

RELEASES = st.builds(
    Release,
    slug=st.just("essai"),
    headline=LINE,
    body=BODY,
    lang=st.sampled_from(["fr", "en", "fr-CA", "ar"]),
    standfirst=MAYBE,
    kind=st.sampled_from(KINDS),
    dateline_place=MAYBE,
    embargo_until=st.sampled_from([None, STAMP.date.replace(year=2027)]),
    signatory_name=MAYBE,
    signatory_role=MAYBE,
    contacts=st.lists(st.builds(PressContact, LINE, MAYBE, st.just("a@b.example"), MAYBE), max_size=2).map(tuple),
    boilerplate=MAYBE,
    event=st.builds(Event, MAYBE, MAYBE, MAYBE),
    changes=MAYBE,
    notes=st.dictionaries(st.sampled_from(["une", "deux"]), LINE),
)
RECIPIENTS = st.builds(
    Recipient,
    # Letters beyond ASCII before the @ need SMTPUTF8, whose headers are UTF-8 by right: see test_headers.
    address=st.sampled_from(["a@journal.example", "x@été.example"]).map(parse_address),
    name=MAYBE,
    civility=st.sampled_from(["", "Mme", "M.", "Dr", "?"]),
    first_name=MAYBE,
    last_name=MAYBE,
    language=st.sampled_from(["", "fr", "en", "ar", "xx"]),
    lists=st.sampled_from([(), ("une",), ("deux", "une")]),
    note=MAYBE,
    familiarity=st.sampled_from(["", "tu", "vous"]),
)


@cache
def shipped() -> TemplateSet:
    return templates(**{"texts.ar.yaml": "immediate: للنشر الفوري\n"})


class Page(HTMLParser):
    """What a page shows, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shown = ""
        self.targets = ""
        self._hidden = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.targets += f" {found.get('href') or ''}"
        self._hidden += tag in {"title", "style"} or (tag == "div" and found.get("aria-hidden") == "true")
        self.shown += "" if tag in {"b", "em", "strong", "a", "code", "bdi"} else " "

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= bool(self._hidden) and tag in {"title", "style", "div"}

    def handle_data(self, data: str) -> None:
        self.shown += "" if self._hidden else data


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.upper().casefold())


def letters(text: str) -> str:
    return "".join(words(text))


def parts_of(message: Part) -> tuple[str, Page]:
    text, html = (part.content.decode("utf-8") for part in message.parts)
    return re.sub("[\u2068\u2069]", "", text), Page(html)


@settings(max_examples=30 * LONG)
@given(RELEASES, RECIPIENTS)
@example(RELEASE_FR, ANNE)
@example(replace(RELEASE_FR, lang="ar", headline="İ" * 300), replace(ANNE, name="é" * 300, last_name="語" * 200))
def test_every_message_keeps_the_rules_and_says_the_same_twice(release: Release, recipient: Recipient) -> None:
    raw = Composer(release, SENDER, shipped(), timezone=PARIS).compose(recipient, STAMP)
    message = read_message(raw)  # 7-bit, CRLF, lines within 998, each header once, encoded-words whole and within 75
    assert b"?==?=" not in raw
    assert b"?q??=" not in raw.lower()
    assert b"?b??=" not in raw.lower()
    text, page = parts_of(message)
    rest = iter(letters(text))
    assert all(letter in rest for letter in letters(page.shown)), "the text part leaves out something the page shows"
    told = letters(page.shown + page.targets)
    assert all(word in told or word.isdigit() for word in words(text)), "the text part says something the page does not"


def test_the_sample_body_is_whole_in_both_parts() -> None:
    text, page = parts_of(read_message(Composer(RELEASE_FR, SENDER, shipped(), timezone=PARIS).compose(ANNE, STAMP)))
    for word in words(re.sub(r"[|>*\[\]()-]", " ", BODY_FR)):
        assert word in letters(text)
        assert word in letters(page.shown + page.targets)
