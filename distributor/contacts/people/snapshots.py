"""Contacts with all that hangs on them as values, and putting such values back where nothing was changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import Column, Date, Table, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from distributor.models import Contact, Moment

Row: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[Any, ...]
Snapshot: TypeAlias = dict[str, list[Row]]
"""Table → its rows about some contacts, as JSON keeps them."""

_TABLES = Contact.metadata.tables
_RELATIONS = ("affiliation", "contact_sector", "media_list_member", "media_list_departure")
_SILENT = frozenset({"updated_at", "name_key"})
"""Columns that follow from others: that they were changed since is not worth a word."""


def take(session: Session, contact_ids: Sequence[int]) -> Snapshot:
    """All rows of these contacts: themselves, their further addresses, affiliations, sectors, lists."""
    session.flush()
    contact = _TABLES["contact"]
    found = {
        "contact": _rows(session, contact, or_(contact.c.id.in_(contact_ids), contact.c.same_as_id.in_(contact_ids)))
    }
    for name in _RELATIONS:
        table = _TABLES[name]
        found[name] = _rows(session, table, table.c.contact_id.in_(contact_ids))
    return found


def restore(session: Session, before: Snapshot, after: Snapshot) -> list[str]:
    """Undo what turned `before` into `after`; return, in words, what was changed since and stays as it is.

    Raises nothing for a row, outlet, sector or list that is gone since: that is told.
    """
    session.flush()
    work = _Restoring(session, before, after)
    told = [*work.values("contact"), *work.values("media_list_departure"), *work.values("affiliation")]
    told += work.missing("affiliation")
    for name in ("contact_sector", "media_list_member"):
        told += work.values(name)
        told += work.missing(name)
    session.expire_all()
    return told


class _Restoring:
    """One snapshot on its way back."""

    def __init__(self, session: Session, before: Snapshot, after: Snapshot) -> None:
        self._session = session
        self._before = {name: _by_key(_TABLES[name], rows) for name, rows in before.items()}
        self._after = {name: _by_key(_TABLES[name], rows) for name, rows in after.items()}
        self._new_ids: dict[Any, Any] = {}

    def values(self, name: str) -> Iterator[str]:
        """Put the values of rows back that were there before and after."""
        table = _TABLES[name]
        for key, old in self._before[name].items():
            made = self._after[name].get(key)
            if made is None or made == old:
                continue
            present = self._present(table, key)
            if present is None:
                yield f"{_called(table, old)} is gone since"
                continue
            changed = {column for column in old if old[column] != made[column]}
            values = {column: old[column] for column in changed if present[column] == made[column]}
            if values and not self._try(update(table).where(_is(table, key)).values(_decoded(table, values))):
                yield f"{_called(table, old)} could not be put back beside what was added since"
            for column in sorted(changed - values.keys() - _SILENT):
                yield f"{_called(table, old)}: {column.replace('_', ' ')} was changed since, and stays"

    def missing(self, name: str) -> Iterator[str]:
        """Put rows back that were there before only, and take those away that were made."""
        table = _TABLES[name]
        made = [key for key in self._after[name] if key not in self._before[name]]
        standing = {key for key in self._after[name] if self._present(table, key) is not None}
        for key, old in self._before[name].items():
            if key in self._after[name]:
                continue
            if name in ("contact_sector", "media_list_member") and not self._still(name, old, standing):
                yield f"{_called(table, old)} was taken away since"
            elif not self._insert(table, old):
                yield f"{_called(table, old)} could not be put back: what it refers to is gone"
        for key in made:
            self._session.execute(delete(table).where(_is(table, key)))

    def _still(self, name: str, old: Row, standing: set[Key]) -> bool:
        """Whether the merged contact still stands on the list, or covers the sector, that `old` is about."""
        column = "media_list_id" if name == "media_list_member" else "sector_id"
        table = _TABLES[name]
        return any(dict(zip(_key_names(table), key, strict=True))[column] == old[column] for key in standing)

    def _insert(self, table: Table, row: Row) -> bool:
        row = dict(row)
        if table.name == "affiliation" and self._present(table, (row["id"],)) is not None:
            former = row.pop("id")  # its number was given to another one
            with self._session.begin_nested():
                made = self._session.execute(insert(table).values(_decoded(table, row)).returning(table.c.id))
                self._new_ids[former] = made.scalar_one()
            return True
        if row.get("affiliation_id") is not None:
            row["affiliation_id"] = self._new_ids.get(row["affiliation_id"], row["affiliation_id"])
        return self._try(insert(table).values(_decoded(table, row)))

    def _try(self, statement: Any) -> bool:
        try:
            with self._session.begin_nested():
                self._session.execute(statement)
        except IntegrityError:
            return False
        return True

    def _present(self, table: Table, key: Key) -> Row | None:
        return next(iter(_rows(self._session, table, _is(table, key))), None)


def _rows(session: Session, table: Table, which: Any) -> list[Row]:
    rows = session.execute(select(table).where(which).order_by(*table.primary_key)).mappings()
    return [{name: _encoded(value) for name, value in row.items()} for row in rows]


def _by_key(table: Table, rows: Sequence[Row]) -> dict[Key, Row]:
    names = _key_names(table)
    return {tuple(row[name] for name in names): row for row in rows}


def _key_names(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]


def _is(table: Table, key: Key) -> Any:
    return and_(*(column == value for column, value in zip(table.primary_key, key, strict=True)))


def _encoded(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _decoded(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(table.c[name], value) for name, value in row.items()}


def _value(column: Column[Any], value: Any) -> Any:
    if isinstance(value, str) and isinstance(column.type, Moment):
        return datetime.fromisoformat(value)
    if isinstance(value, str) and isinstance(column.type, Date):
        return date.fromisoformat(value)
    return value


def _called(table: Table, row: Row) -> str:
    if table.name == "contact":
        return str(row["address"] or row["last_name"])
    nouns = {"contact_sector": "a sector", "media_list_member": "a place on a list", "affiliation": "an affiliation"}
    return nouns.get(table.name, "the history of a list")
