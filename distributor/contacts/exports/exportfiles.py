"""Contacts as files: CSV for spreadsheets, XLSX, and vCard 4.0; every one can be imported again."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from distributor.contacts.cleaning.particulars import CANONICAL, EXTRA_PREFIX, Field
from distributor.contacts.sources.rejects import MAX_CELL
from distributor.contacts.sources.vcard import OWN_PREFIX
from distributor.errors import BadInput
from distributor.formulas import defused, shielded

_MAX_WIDTH = 40
_FOLD_AT = 75  # octets of a line (RFC 6350 §3.2)
_PLAIN_KEY = re.compile(r"[a-z0-9_]+")
_ESCAPED = str.maketrans({"\\": "\\\\", ",": "\\,", ";": "\\;", "\n": "\\n", "\r": ""})

_PROPERTIES: Mapping[Field, str] = {
    Field.ROLE: "TITLE",
    Field.PHONE: "TEL",
    Field.WEBSITE: "URL",
    Field.LANGUAGE: "LANG",
    Field.NOTES: "NOTE",
}
_ELSEWHERE = frozenset(
    {
        Field.CIVILITY, Field.FIRST_NAME, Field.LAST_NAME, Field.ADDRESS, Field.OTHER_ADDRESS, Field.OUTLET, Field.DESK,
        Field.SECTOR,
    }
)  # fmt: skip
_FIELD_OF = {name: field for field, name in CANONICAL.items()}


def write_csv(header: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """UTF-8 with a byte-order mark and semicolons, as Excel opens it; what could run as a formula is defused."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([defused(row.get(name, "")) for name in header] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def write_xlsx(header: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """A workbook of text cells, the column names frozen and filtered.

    Text cells are never run, so they stand as they are. Raises `BadInput` for a text that no cell can hold.
    """
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - ships no types; slow to import, seldom needed

    out = io.BytesIO()
    rows = list(rows)
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_urls": False}) as book:
        text = book.add_format({"num_format": "@", "valign": "top"})
        sheet = book.add_worksheet("Contacts")
        for column, name in enumerate(header):
            widest = max((len(row.get(name, "")) for row in rows[:200]), default=0)
            sheet.set_column(column, column, min(max(widest, len(name)) + 2, _MAX_WIDTH), text)
            sheet.write_string(0, column, name, book.add_format({"bold": True, "num_format": "@"}))
        for line, row in enumerate(rows, start=1):
            for column, name in enumerate(header):
                if value := row.get(name, ""):
                    _check_length(value, name, row)
                    sheet.write_string(line, column, shielded(value), text)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(rows), 1), len(header) - 1)
    return out.getvalue()


def _check_length(value: str, name: str, row: Mapping[str, str]) -> None:
    if len(shielded(value)) > MAX_CELL:
        who = row.get(CANONICAL[Field.ADDRESS], "")
        raise BadInput(
            f"{who}: «{name}» is longer than the cell of a spreadsheet can hold.", mend="Export it with --format csv."
        )


def write_vcards(rows: Iterable[Mapping[str, str]]) -> bytes:
    """One vCard 4.0 (RFC 6350) per row; what the standard has no property for is an `X-DISTRIBUTOR-` one."""
    return b"".join(_folded(line) for row in rows for line in ("BEGIN:VCARD", "VERSION:4.0", *_lines(row), "END:VCARD"))


def unwritable_in_vcards(header: Iterable[str]) -> list[str]:
    """The extra columns whose names no property can have: its letters are those of English."""
    keys = [name.removeprefix(EXTRA_PREFIX) for name in header if name.startswith(EXTRA_PREFIX)]
    return [key for key in keys if not _PLAIN_KEY.fullmatch(key)]


def _lines(row: Mapping[str, str]) -> Iterator[str]:
    said = {_FIELD_OF[name]: shielded(text) for name, text in row.items() if name in _FIELD_OF}

    def text(field: Field) -> str:
        return said.get(field, "").translate(_ESCAPED)

    first, last, address = text(Field.FIRST_NAME), text(Field.LAST_NAME), text(Field.ADDRESS)
    yield f"FN:{f'{first} {last}'.strip() or address}"
    if "," in first + last:  # between commas stand several names (RFC 6350 §6.2.2), and readers differ on «\,»
        yield f"N:;;;{text(Field.CIVILITY)};"
        yield from _own(Field.FIRST_NAME, first)
        yield from _own(Field.LAST_NAME, last)
    else:
        yield f"N:{last};{first};;{text(Field.CIVILITY)};"
    yield f"EMAIL;PREF=1:{address}"
    for number, other in enumerate(filter(None, said.get(Field.OTHER_ADDRESS, "").split("; ")), start=2):
        yield f"EMAIL;PREF={min(number, 100)}:{other.translate(_ESCAPED)}"
    if outlet := text(Field.OUTLET):
        yield f"ORG:{outlet}" + (f";{desk}" if (desk := text(Field.DESK)) else "")
    if sectors := said.get(Field.SECTOR):
        yield "CATEGORIES:" + ",".join(name.translate(_ESCAPED) for name in sectors.split("; "))
    for field, value in said.items():
        if field in _PROPERTIES:
            yield f"{_PROPERTIES[field]}:{text(field)}"
        elif field not in _ELSEWHERE and value:
            yield from _own(field, text(field))
    for name, value in row.items():
        key = name.removeprefix(EXTRA_PREFIX)
        if key != name and _PLAIN_KEY.fullmatch(key):
            yield f"{OWN_PREFIX}FIELDS-{key.replace('_', '-').upper()}:{shielded(value).translate(_ESCAPED)}"


def _own(field: Field, escaped: str) -> Iterator[str]:
    if escaped:
        yield f"{OWN_PREFIX}{field.value.replace('_', '-').upper()}:{escaped}"


def _folded(line: str) -> bytes:
    """The line in pieces of 75 octets at most, never within a character; each further one begins with a blank."""
    pieces: list[bytes] = []
    piece = b""
    for char in line:
        octets = char.encode()
        if len(piece) + len(octets) > _FOLD_AT:
            pieces.append(piece)
            piece = b" "
        piece += octets
    return b"\r\n".join([*pieces, piece]) + b"\r\n"
