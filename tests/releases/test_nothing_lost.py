"""The rule of reading: every word of the source ends in a field, in the body, or in a remark that quotes it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from databases import LONG
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from distributor.errors import BadInput
from distributor.releases.readers.decoding import decode_source
from distributor.releases.readers.document import ReleaseDraft, read_release
from distributor.releases.readers.paragraphs import to_markdown
from distributor.releases.readers.sheet import Sheet

from .communiques import BODY_EN, BODY_FR, SAMPLES

PARIS = ZoneInfo("Europe/Paris")

LINES = st.sampled_from(
    [
        *("", "", "", "   "),
        *(line for _, source, _ in SAMPLES for line in source.split("\n") if line not in {BODY_FR, BODY_EN}),
        *(
            "Contact",
            "CONTACTS :",
            "Contact : ",
            "@ateliers.example",
            "j.martin@",
            "**Jeanne",
            "MARTIN**",
            "Tél. :",
            "Fax 01",
        ),
        *(
            "###",
            "FIN",
            "---",
            "====",
            "* * *",
            "- un",
            "– deux",
            "1. trois",
            "# Titre",
            "## Contact",
            "> cité",
            "    retrait",
        ),
        *(
            "À propos",
            "About us",
            "Chapô :",
            "Le 3 mars",
            "Paris",
            "Paris, le",
            "le 31 février 2026",
            "2026-03-12",
            "\\",
            "**",
            "[a](b)",
        ),
        *(
            "Responsable, Pôle Mer, Jeanne Martin, Direction",
            "Mme",
            "M. Paul DURAND",
            "x@y.example / z@y.example",
            "https://x.example/a_b",
        ),
    ]
)
FREE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)
DOCUMENTS = st.lists(st.one_of(LINES, LINES, LINES, FREE), min_size=2, max_size=24).map("\n".join)


def said_by(draft: ReleaseDraft) -> Iterator[str]:
    """Everything a draft says, body included, with Markdown's escapes undone."""

    def texts(value: object) -> Iterator[str]:
        if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                yield from texts(getattr(value, field.name))
        elif isinstance(value, dict):
            yield from texts([*value.keys(), *value.values()])
        elif isinstance(value, list | tuple):
            for item in value:
                yield from texts(item)
        elif isinstance(value, date):
            yield value.isoformat()
        elif isinstance(value, str):
            yield re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", value)

    yield from texts(draft)


def words(text: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"[^\W_]+", text)}


def check_nothing_lost(source: str, file: str, keys: frozenset[str] | set[str] = frozenset()) -> None:
    try:
        draft = read_release(source.encode(), file=file, timezone=PARIS, today=date(2026, 3, 2))
    except BadInput:
        return
    text = decode_source(source.encode()).text
    assert words(text) - keys <= words("\n".join(said_by(draft)))


@settings(max_examples=200 * LONG)
@given(DOCUMENTS)
def test_no_word_of_a_plain_text_is_lost(source: str) -> None:
    check_nothing_lost(source, "communique.txt")


@settings(max_examples=75 * LONG)
@given(DOCUMENTS, st.sampled_from(["", "---\ntitle: Un titre\nrubrique: essai\n---\n"]))
def test_no_word_of_a_markdown_text_is_lost(source: str, front: str) -> None:
    check_nothing_lost(front + source, "communique.md", keys=words(front))


@pytest.mark.parametrize("source", [sample[1] for sample in SAMPLES], ids=[sample[0] for sample in SAMPLES])
def test_no_word_of_a_real_shape_is_lost(source: str) -> None:
    check_nothing_lost(source, "communique.txt")


@settings(max_examples=150 * LONG)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        draft = read_release(raw, file="x", timezone=PARIS)
    except BadInput:  # any other exception fails the test
        return
    assert draft.headline
    assert draft.body


@settings(max_examples=200 * LONG)
@given(st.text("aé b.,*_`<>[]()#&;!~\\-+=1.)\t|'\"@:/", min_size=1, max_size=60))
def test_a_plain_paragraph_renders_as_it_reads(row: str) -> None:
    """Escaped for Markdown, a line of plain text comes out of a CommonMark renderer as the same characters."""
    if not any(map(str.isalnum, row)) or "**" in row or row.lstrip()[:2] in {"- ", "-\t", "* ", "*\t"}:
        return  # rules, bullets and the author's own bold are meant to become Markdown
    blocks = Sheet([(1, row)]).blocks()
    tokens = MarkdownIt("commonmark").parse(to_markdown(blocks))
    shown = "".join(
        child.content if child.type == "text" else f"<{child.type}>"
        for token in tokens
        for child in token.children or []
    )
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert " ".join(shown.split()) == " ".join(row.split())
