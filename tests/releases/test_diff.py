"""What changed between two versions, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from distributor.releases.diff import Change, ChangeKind, compare, compare_words
from distributor.releases.draft import PressContact, ReleaseDraft

BODY = "La halle rouvre lundi.\n\nElle a coûté trois millions d’euros.\n\nLe maire viendra à midi."
OLD = ReleaseDraft(
    "La halle rouvre", BODY, dateline_place="Brest", dateline_date=date(2026, 3, 12), contacts=(PressContact("Anne"),)
)


def said(changes: list[Change]) -> list[tuple[str, str, int | None, str, str]]:
    return [(one.field, one.kind.value, one.paragraph, one.old, one.new) for one in changes]


def test_the_same_is_no_change() -> None:
    assert compare(OLD, OLD, {"a.pdf": "1"}, {"a.pdf": "1"}) == []


def test_fields_paragraphs_and_files() -> None:
    new = replace(
        OLD,
        headline="La halle rouvre enfin",
        dateline_date=date(2026, 3, 13),
        standfirst="Après deux ans.",
        body="La halle rouvre mardi.\n\nElle a coûté trois millions d’euros.\n\nUn texte tout à fait neuf ici.",
        contacts=(PressContact("Anne", phone="02"),),
        extra={"event": {"place": "Quai", "date": ""}},
    )
    changes = compare(OLD, new, {"a.pdf": "1", "b.pdf": "2", "d.pdf": "4"}, {"a.pdf": "1", "b.pdf": "9", "c.pdf": "3"})
    assert said(changes) == [
        ("headline", "changed", None, "La halle rouvre", "La halle rouvre enfin"),
        ("dateline", "changed", None, "Brest, 2026-03-12", "Brest, 2026-03-13"),
        ("standfirst", "added", None, "", "Après deux ans."),
        ("body", "changed", 1, "La halle rouvre lundi.", "La halle rouvre mardi."),
        ("body", "added", 3, "", "Un texte tout à fait neuf ici."),
        ("body", "removed", 3, "Le maire viendra à midi.", ""),
        ("press contact", "changed", None, "Anne", "Anne, 02"),
        ("event", "added", None, "", "place: Quai"),
        ("attachment", "changed", None, "b.pdf", "b.pdf"),
        ("attachment", "removed", None, "d.pdf", ""),
        ("attachment", "added", None, "", "c.pdf"),
    ]
    assert [(piece.kind, piece.text) for piece in changes[3].pieces] == [
        (None, "La halle rouvre "),
        (ChangeKind.REMOVED, "lundi"),
        (ChangeKind.ADDED, "mardi"),
        (None, "."),
    ]


def test_a_paragraph_that_moved_is_said_once() -> None:
    first, second, third = BODY.split("\n\n")
    changes = compare(OLD, replace(OLD, body="\n\n".join([third, first, second])))
    assert said(changes) == [("body", "moved", 1, third, third)]


@given(st.text("ab ,.\n", max_size=60), st.text("ab ,.\n", max_size=60))
def test_the_pieces_are_both_texts(old: str, new: str) -> None:
    pieces = list(compare_words(old, new))
    assert "".join(piece.text for piece in pieces if piece.kind != ChangeKind.REMOVED) == new
    kept = "".join(piece.text for piece in pieces if piece.kind != ChangeKind.ADDED)
    assert kept == old


@given(
    st.lists(st.sampled_from(["un a b", "deux a b", "trois", "quatre c"]), max_size=6),
    st.lists(st.sampled_from(["un a b", "deux a c", "trois"]), max_size=6),
)
def test_every_difference_of_paragraphs_is_said(before: list[str], after: list[str]) -> None:
    changes = compare(replace(OLD, body="\n\n".join(before)), replace(OLD, body="\n\n".join(after)))
    assert bool(changes) == (before != after)
