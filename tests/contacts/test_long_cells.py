"""Cells that are too long to be what they should be are read or refused in a moment, whatever they hold."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from distributor.addresses import BadAddress
from distributor.contacts.cleaning.cells import clean_text
from distributor.contacts.cleaning.columns import map_columns
from distributor.contacts.cleaning.mailboxes import read_address_cell
from distributor.contacts.cleaning.particulars import Field

PIECES = (
    "a",
    "a@",
    "a@a",
    " ",
    " ;",
    "; ",
    '"',
    '"a" ',
    "a;",
    "a@b,",
    "<",
    "< a",
    "( ",
    "(at",
    " (",
    " et ",
    ".",
    "\t",
)
LENGTH = 60_000
"""Of each cell: a search that begins anew from every character would take some ten seconds for one of them."""


@pytest.mark.parametrize("end", ["", "@", "x@y.example a@b.example"])
def test_an_address_cell_of_any_length(end: str) -> None:
    started = time.process_time()
    for piece in PIECES:
        with suppress(BadAddress):
            assert str(read_address_cell(f"a{piece * (LENGTH // len(piece))}{end}").found[-1][1]) == "a@b.example"
    assert time.process_time() - started < 5


def test_a_text_cell_of_any_length() -> None:
    started = time.process_time()
    for piece in (" ", "\t", " \t", "=?", "=?a?", "a ", "\r\n", "\u2028 ", "Ã", "\u00a0"):
        text = f"a{piece * (LENGTH // len(piece))}\x01b"
        clean_text(text)
        clean_text(text, multiline=True)
    assert time.process_time() - started < 5


def test_a_column_name_of_any_length() -> None:
    started = time.process_time()
    for piece in ("1", " ", "(1", "n° "):
        name = f"Divers{piece * (LENGTH // len(piece))}x"
        assert map_columns(("Mail", name), []).recognised == {Field.ADDRESS: ("Mail",)}
    assert time.process_time() - started < 5


def test_separators_inside_a_quoted_name_separate_nothing() -> None:
    cell = read_address_cell('"Aubry, Hélène; Le Jour" <helene@jour.example>, paul@soir.example | ines@fil,fr')
    assert [(name, str(address)) for name, address in cell.found] == [
        ("Aubry, Hélène; Le Jour", "helene@jour.example"),
        ("", "paul@soir.example"),
        ("", "ines@fil.fr"),
    ]
