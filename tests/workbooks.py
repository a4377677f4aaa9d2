"""Workbooks for tests, made here cell by cell: honest ones, and those that lie about their size."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

import xlsxwriter

Rows = Sequence[Sequence[object]]

_ODS = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink">'
    '<office:automatic-styles><style:style style:name="off" style:family="table">'
    '<style:table-properties table:display="false"/></style:style></office:automatic-styles>'
    "<office:body><office:spreadsheet>{}</office:spreadsheet></office:body></office:document-content>"
)


def xlsx(sheets: Mapping[str, Rows], *, finish: Callable[[xlsxwriter.Workbook], None] = lambda _: None) -> bytes:
    """An XLSX workbook of these sheets; `finish` may add to it what rows cannot say."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    for name, rows in sheets.items():
        page = book.add_worksheet(name)
        for index, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                page.write_string(index, column, cell) if isinstance(cell, str) else page.write(index, column, cell)
    finish(book)
    book.close()
    return out.getvalue()


def ods(tables: Mapping[str, str], *, hidden: Sequence[str] = (), **members: str) -> bytes:
    """An ODS workbook whose tables are given as XML; see `cell` and `row`."""
    styles = dict.fromkeys(hidden, ' table:style-name="off"')
    body = "".join(
        f"<table:table table:name={quoteattr(name)}{styles.get(name, '')}>{rows}</table:table>"
        for name, rows in tables.items()
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return archive({"mimetype": kind, "content.xml": _ODS.format(body), "META-INF/manifest.xml": "<m/>", **members})


def row(*cells: str, attributes: str = "") -> str:
    """One row of an ODS table, of cells as `cell` makes them or of plain texts."""
    inside = "".join(one if one.startswith("<table:") else cell(one) for one in cells)
    return f"<table:table-row {attributes}>{inside}</table:table-row>"


def cell(text: str, attributes: str = "", *, link: str = "", kind: str = "string") -> str:
    """One cell of an ODS table."""
    shown = escape(text)
    if link:
        shown = f"<text:a xlink:href={quoteattr(link)}>{shown}</text:a>"
    return f'<table:table-cell office:value-type="{kind}" {attributes}><text:p>{shown}</text:p></table:table-cell>'


def archive(members: Mapping[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as written:
        for name, content in members.items():
            written.writestr(name, content)
    return out.getvalue()


def altered(workbook: bytes, member: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same workbook with one part changed."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as read:
        parts: dict[str, str | bytes] = {name: read.read(name) for name in read.namelist()}
    part = parts[member]
    assert isinstance(part, bytes)
    changed = change(part)
    assert changed != part
    return archive(parts | {member: changed})
