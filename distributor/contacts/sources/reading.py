"""Opening a press list, whatever it is: by what the file holds, never by what it is called."""

from __future__ import annotations

import re
from collections.abc import Collection

from distributor.contacts.sources.csvfile import read_csv
from distributor.contacts.sources.rows import SourceTable
from distributor.errors import BadInput

_WORKBOOKS = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")  # zip, an empty zip, OLE
_CARD = re.compile(rb"^[ \t]*BEGIN[ \t]*:[ \t]*VCARD[ \t]*$", re.IGNORECASE | re.MULTILINE)
_LDIF = re.compile(rb"\s*(?:version\s*:\s*\d+\s+)?dn::? ", re.IGNORECASE)
_OPENED = re.compile(r"~\$(.+)|\.~lock\.(.+)#")  # Excel's, LibreOffice's
_HEAD = 1 << 16


def read_source(data: bytes, *, name: str = "", columns: Collection[str] = ()) -> tuple[SourceTable, ...]:
    """The tables of a press list given as bytes: CSV and its cousins, a workbook (XLSX, XLSM, XLSB, XLS, ODS), vCards.

    There is one table at least. `name` is the file's, for messages. `columns` are column names that the user gave a
    meaning to (`--map`): a row that holds them is the row of column names, whatever else is known of it. Rows are read
    as they are asked for, each table's once; tables may be read in any order.

    Raises `BadInput` for a file that is empty, damaged, encrypted, no list at all, or larger than we read; while rows
    are read, for too many of them.
    """
    if opened := _OPENED.fullmatch(name.rpartition("/")[2]):
        raise BadInput(
            "It is no list, but the mark that a spreadsheet leaves while it has one open.",
            mend=f"Import {opened[1] or opened[2]} itself; save it first.",
            file=name,
        )
    # Workbooks and vCards bring readers of their own, which a CSV file does without.
    if data.startswith(_WORKBOOKS):
        from distributor.contacts.sources.workbook import read_workbook  # noqa: PLC0415 - see above

        return read_workbook(data, name=name, columns=columns)
    # In UTF-16 a zero stands beside every letter, and a mark before the first.
    head = data[:_HEAD].replace(b"\0", b"").replace(b"\r", b"\n").lstrip(b"\xef\xbb\xbf\xff\xfe")
    if _CARD.search(head):
        from distributor.contacts.sources.vcard import read_vcards  # noqa: PLC0415 - see above

        return (read_vcards(data, name=name),)
    if _LDIF.match(head):
        raise BadInput(
            "It is an address book in LDIF, which is not read.",
            mend="Export it from the mail program as vCard (.vcf) or as CSV.",
            file=name or None,
        )
    return (read_csv(data, name=name, columns=columns),)
