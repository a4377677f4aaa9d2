"""A press list as the file and the entry of a folder: the same list gives the same bytes, in whichever base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from sqlmodel import Session

from distributor.contacts.cleaning.particulars import CANONICAL, Field
from distributor.contacts.exports.exportfiles import write_csv
from distributor.contacts.exports.exporting import export_contacts
from distributor.contacts.lists.listfolder import ListEntry
from distributor.folding import fold, slugify
from distributor.models import MediaList, Sector
from distributor.tokens import Keyring

_ADDRESS = CANONICAL[Field.ADDRESS]
_NAMES = (CANONICAL[Field.LAST_NAME], CANONICAL[Field.FIRST_NAME])


def write_list(session: Session, media_list: MediaList, keyring: Keyring) -> tuple[ListEntry, bytes]:
    """The entry of a list in `lists.toml`, and its CSV file with people by name; b"" for a smart list.

    Members without an address are not in the file: no import could take them back. Raises `Refused` when objections are
    kept under another key.
    """
    sector = session.get(Sector, media_list.sector_id) if media_list.sector_id else None
    about = "" if sector is None else sector.name if slugify(sector.name) == sector.slug else sector.slug
    if media_list.query:
        return ListEntry(media_list.slug, "", media_list.name, about, media_list.query), b""
    found = export_contacts(session, keyring, list_name=media_list.slug)
    entry = ListEntry(media_list.slug, f"{media_list.slug}.csv", media_list.name, about)
    return entry, write_csv(found.header, _by_name(found.rows))


def _by_name(rows: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The rows, people in the order of their names; the rows of one person stay as they are."""
    people = [list(group) for _, group in groupby(rows, key=lambda row: row[_ADDRESS])]
    people.sort(key=lambda group: (*(fold(group[0].get(name, "")) for name in _NAMES), group[0][_ADDRESS]))
    return [row for group in people for row in group]
