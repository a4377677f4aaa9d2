"""Everything that is held on one person, table by table (RGPD, article 15)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, or_, select
from sqlmodel import Session, SQLModel

from distributor.clock import now
from distributor.contacts.lists import press_lists
from distributor.models import Contact
from distributor.privacy.redaction import Redaction
from distributor.privacy.subject import Subject
from distributor.tokens import Keyring

_TABLES = SQLModel.metadata.tables
_NAMED = {
    "outlet": ("name", "kind", "region", "website", "deadline"),
    "sector": ("name",),
    "media_list": ("name",),
    "release_version": ("headline",),
}
"""What a reference is shown by, beside its number."""


@dataclass(frozen=True, slots=True)
class Held:
    """All that is held on one person: table → its rows about them, columns named as in the base.

    `lists` are the press lists they stand on today, those included that choose their members by a filter.
    """

    subject: Subject
    collected_at: datetime
    lists: tuple[str, ...]
    rows: dict[str, list[dict[str, Any]]]

    def as_json(self) -> dict[str, Any]:
        """One object: `label`, `addresses`, `generated_at`, `lists`, and one array per table."""
        return {
            "label": self.subject.label,
            "addresses": [str(address) for address in (*self.subject.addresses, *self.subject.shared)],
            "generated_at": self.collected_at,
            "lists": list(self.lists),
            **self.rows,
        }


def collect(session: Session, keyring: Keyring, subject: Subject) -> Held:
    """Read everything that is held on a person: by reference, by address, by keyed hash, and by name in the audit.

    Every table with a reference to a contact or a delivery is read, whatever it is called; an empty one is named too.
    """
    rows = {"contact": _read(session, Contact.metadata.tables["contact"], _of_contact(subject))}
    delivery_ids = [row["id"] for row in _read(session, _TABLES["delivery"], subject.owns_delivery())]
    for table in SQLModel.metadata.sorted_tables:
        if table.name in rows:
            continue
        wanted = [column.in_(subject.contact_ids) for column in references(table, "contact")]
        wanted += [column.in_(delivery_ids) for column in references(table, "delivery")]
        if table.name == "delivery":
            wanted = [subject.owns_delivery()]
        if wanted:
            rows[table.name] = _read(session, table, or_(*wanted))
    hashes = [keyring.address_hash(address.key) for address in subject.addresses]
    suppression = _TABLES["suppression"]
    rows["suppression"] = _read(session, suppression, suppression.c.address_hash.in_(hashes))
    rows["audit"] = _audit(session, subject, hashes)
    _add_tests(session, subject, rows)
    lists = press_lists.lists_of(session, subject.contact_ids[0], keyring) if subject.contact_ids else []
    return Held(subject, now(), tuple(lists), rows)


def references(table: Table, target: str) -> list[Column[Any]]:
    """The columns of a table that refer to a row of `target`."""
    return [key.parent for key in table.foreign_keys if key.column.table.name == target]


def _of_contact(subject: Subject) -> ColumnElement[bool]:
    contact = _TABLES["contact"]
    return or_(contact.c.id.in_(subject.contact_ids), contact.c.same_as_id.in_(subject.contact_ids))


def _read(session: Session, table: Table, which: ColumnElement[bool]) -> list[dict[str, Any]]:
    """Rows as they stand, and beside each number of an outlet, sector, list or release what it is called."""
    statement = select(table).where(which).order_by(*table.primary_key)
    rows = [{name: _shown(value) for name, value in row.items()} for row in session.execute(statement).mappings()]
    for target, columns in _NAMED.items():
        for column in references(table, target):
            _name(session, rows, column, columns)
    return rows


def _name(session: Session, rows: list[dict[str, Any]], column: Column[Any], columns: tuple[str, ...]) -> None:
    target = next(iter(column.foreign_keys)).column.table
    ids = {row[column.name] for row in rows if row[column.name] is not None}
    found = session.execute(
        select(target.c.id, *(target.c[name] for name in columns)).where(target.c.id.in_(ids))
    ).all()
    by_id = {row[0]: row[1:] for row in found}
    noun = column.name.removesuffix("_id")
    for row in rows:
        for name, value in zip(columns, by_id.get(row[column.name], ()), strict=False):
            if value:
                row[noun if name == columns[0] else f"{noun}_{name}"] = value


def _shown(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _audit(session: Session, subject: Subject, hashes: list[str]) -> list[dict[str, Any]]:
    """What was logged about the person: under their hash, their address, or their name."""
    mentions = Redaction((*subject.addresses, *subject.shared), subject.names)
    audit = _TABLES["audit"]
    rows = session.execute(select(audit).order_by(audit.c.id)).mappings()
    return [
        dict(row)
        for row in rows
        if row["subject"] in hashes
        or mentions.mentions_in([row["subject"], row["details"]]) != [row["subject"], row["details"]]
    ]


def _add_tests(session: Session, subject: Subject, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Test messages went to somebody else, but were written with this person's fields."""
    delivery, dispatch = _TABLES["delivery"], _TABLES["dispatch"]
    tests = select(dispatch.c.id).where(dispatch.c.is_test.is_(True))
    known = {row["id"] for row in rows["delivery"]}
    rows["delivery"] += [
        row
        for row in _read(session, delivery, delivery.c.dispatch_id.in_(tests))
        if row["id"] not in known and (row["merge"].get("first_name"), row["merge"].get("last_name")) in subject.names
    ]
