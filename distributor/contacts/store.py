"""Reading and writing contacts in batches: prepared statements and bulk look-ups, no object of the ORM per row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from distributor.contacts.cleaning import ContactDraft
from distributor.contacts.merging import VALUES, KnownAffiliation, KnownContact, outlet_key
from distributor.folding import slugify
from distributor.models import Contact

_TABLES = Contact.metadata.tables
_contact, _outlet, _affiliation = _TABLES["contact"], _TABLES["outlet"], _TABLES["affiliation"]
_sector, _contact_sector = _TABLES["sector"], _TABLES["contact_sector"]
_media_list, _member = _TABLES["media_list"], _TABLES["media_list_member"]

_UPDATED = (*VALUES, "notes", "fields", "flag", "updated_at")
_UPDATE_CONTACT = (
    update(_contact)
    .where(_contact.c.id == bindparam("key"))
    .values({name: bindparam(f"new_{name}") for name in _UPDATED})
)
_UPDATE_AFFILIATION = (
    update(_affiliation)
    .where(_affiliation.c.id == bindparam("key"))
    .values(role=bindparam("new_role"), desk=bindparam("new_desk"))
)
_UPDATE_MEMBER = (
    update(_member)
    .where(_member.c.media_list_id == bindparam("of_list"), _member.c.contact_id == bindparam("of_contact"))
    .values(affiliation_id=bindparam("new_affiliation_id"))
)


class ContactStore:
    """The contact base during one import into one list, inside the caller's transaction.

    `moment` stamps all that is written; `source` is the provenance of list memberships.
    """

    def __init__(self, connection: Connection, *, media_list_id: int, source: str, moment: datetime) -> None:
        self._connection = connection
        self._media_list_id = media_list_id
        self._source = source
        self._moment = moment
        self._outlet_ids: dict[str, int] = {}
        self._outlet_details: dict[str, dict[str, str]] = {}
        rows = connection.execute(select(_sector.c.slug, _sector.c.id))
        self._sector_ids: dict[str, int] = dict(rows.all())
        self.new_sectors: list[str] = []

    def load(self, address_keys: Iterable[str]) -> dict[str, KnownContact]:
        """What the base knows under these address keys, in four statements however many there are."""
        rows = self._connection.execute(select(_contact).where(_contact.c.address_key.in_(list(address_keys))))
        by_id: dict[int, KnownContact] = {}
        for row in rows.mappings():
            by_id[row["id"]] = KnownContact(
                address=row["address"],
                address_key=row["address_key"],
                id=row["id"],
                values={name: row[name] for name in VALUES},
                notes=row["notes"],
                fields=dict(row["fields"]),
                flag=row["flag"],
                source=row["source"],
                legal_basis=row["legal_basis"],
                collected_at=row["collected_at"],
            )
        if by_id:
            self._load_relations(by_id)
        return {known.address_key: known for known in by_id.values()}

    def _load_relations(self, by_id: dict[int, KnownContact]) -> None:
        ids = list(by_id)
        of_affiliation: dict[int, KnownAffiliation] = {}
        for row in self._connection.execute(
            select(_affiliation, _outlet.c.key.label("outlet_key"))
            .join(_outlet, _outlet.c.id == _affiliation.c.outlet_id)
            .where(_affiliation.c.contact_id.in_(ids))
            .order_by(_affiliation.c.id)
        ):
            self._outlet_ids[row.outlet_key] = row.outlet_id
            known = KnownAffiliation(row.outlet_key, row.role, row.desk, row.id, row.is_primary)
            by_id[row.contact_id].affiliations.append(known)
            of_affiliation[row.id] = known
        for contact_id, slug in self._connection.execute(
            select(_contact_sector.c.contact_id, _sector.c.slug)
            .join(_sector, _sector.c.id == _contact_sector.c.sector_id)
            .where(_contact_sector.c.contact_id.in_(ids))
        ):
            by_id[contact_id].sectors.add(slug)
        for contact_id, affiliation_id in self._connection.execute(
            select(_member.c.contact_id, _member.c.affiliation_id).where(
                _member.c.media_list_id == self._media_list_id, _member.c.contact_id.in_(ids)
            )
        ):
            by_id[contact_id].on_list = by_id[contact_id].was_on_list = True
            by_id[contact_id].list_affiliation = of_affiliation.get(affiliation_id)

    def prepare(self, drafts: Sequence[ContactDraft], sectors: Iterable[str]) -> bool:
        """Make sure the outlets and sectors these drafts name exist; return whether an outlet learned something."""
        for name in dict.fromkeys([*sectors, *(name for draft in drafts for name in draft.sectors)]):
            self._ensure_sector(name)
        wanted = {outlet_key(draft.outlet): draft for draft in reversed(drafts) if draft.outlet}
        unknown = [key for key in wanted if key not in self._outlet_ids]
        self._find_outlets(unknown)
        missing = [key for key in reversed(unknown) if key not in self._outlet_ids]
        if missing:
            new = [
                {
                    "key": key,
                    "name": wanted[key].outlet,
                    "kind": "",
                    "region": "",
                    "website": "",
                    "created_at": self._moment,
                }
                for key in missing
            ]
            self._connection.execute(insert(_outlet), new)
            self._find_outlets(missing)
        return self._fill_outlets(drafts)

    def _find_outlets(self, keys: Sequence[str]) -> None:
        if keys:
            for row in self._connection.execute(select(_outlet).where(_outlet.c.key.in_(list(keys)))):
                self._outlet_ids[row.key] = row.id
                self._outlet_details[row.key] = {"kind": row.kind, "website": row.website}

    def _fill_outlets(self, drafts: Sequence[ContactDraft]) -> bool:
        """Fill up what is not known of an outlet; what is known stays: rows about people are no authority on it."""
        learned: dict[str, dict[str, str]] = {}
        for draft in drafts:
            if draft.outlet and (draft.outlet_kind or draft.website):
                key = outlet_key(draft.outlet)
                if key not in self._outlet_details:
                    self._find_outlets([key])
                details = self._outlet_details[key]
                for name, value in (("kind", draft.outlet_kind), ("website", draft.website)):
                    if value and not details[name]:
                        details[name] = value
                        learned[key] = details
        for key, details in learned.items():
            self._connection.execute(update(_outlet).where(_outlet.c.id == self._outlet_ids[key]).values(details))
        return bool(learned)

    def _ensure_sector(self, name: str) -> None:
        slug = slugify(name)
        if slug and slug not in self._sector_ids:
            result = self._connection.execute(insert(_sector).values(slug=slug, name=name).returning(_sector.c.id))
            self._sector_ids[slug] = result.scalar_one()
            self.new_sectors.append(name)

    def save(self, contacts: Sequence[KnownContact]) -> None:
        """Write what is new or changed in these contacts, a handful of statements for all of them."""
        self._insert_contacts([one for one in contacts if one.id is None])
        changed = [self._contact_update(one) for one in contacts if one.changed]
        self._run(_UPDATE_CONTACT, changed)
        self._save_affiliations(contacts)
        self._run(
            insert(_contact_sector),
            [
                {"contact_id": one.id, "sector_id": self._sector_ids[slug]}
                for one in contacts
                for slug in one.new_sectors
            ],
        )
        self._save_members([one for one in contacts if one.list_changed])

    def _run(self, statement: Any, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(statement, rows)

    def _insert_contacts(self, contacts: Sequence[KnownContact]) -> None:
        if not contacts:
            return
        self._run(insert(_contact), [self._contact_row(one) for one in contacts])
        keys = [one.address_key for one in contacts]
        rows = self._connection.execute(
            select(_contact.c.address_key, _contact.c.id).where(_contact.c.address_key.in_(keys))
        )
        ids: dict[str, int] = dict(rows.all())
        for one in contacts:
            one.id = ids[one.address_key]
            one.changed = False

    def _contact_row(self, one: KnownContact) -> dict[str, Any]:
        return {
            **one.values,
            "address": one.address,
            "address_key": one.address_key,
            "notes": one.notes,
            "fields": one.fields,
            "flag": one.flag,
            "attachments": "yes",
            "embargo_trust": False,
            "source": one.source,
            "legal_basis": one.legal_basis,
            "collected_at": one.collected_at,
            "created_at": self._moment,
            "updated_at": self._moment,
        }

    def _contact_update(self, one: KnownContact) -> dict[str, Any]:
        row = self._contact_row(one)
        return {"key": one.id, **{f"new_{name}": row[name] for name in _UPDATED}}

    def _save_affiliations(self, contacts: Sequence[KnownContact]) -> None:
        # Updates first: a post that a contact leaves may be the one another row takes.
        self._run(
            _UPDATE_AFFILIATION,
            [
                {"key": known.id, "new_role": known.role, "new_desk": known.desk}
                for one in contacts
                for known in one.affiliations
                if known.changed
            ],
        )
        new = {
            (one.id, self._outlet_ids[known.outlet_key], known.role, known.desk): known
            for one in contacts
            for known in one.affiliations
            if known.id is None
        }
        if not new:
            return
        self._run(
            insert(_affiliation),
            [
                {
                    "contact_id": contact_id,
                    "outlet_id": outlet_id,
                    "role": role,
                    "desk": desk,
                    "address": "",
                    "is_primary": known.is_primary,
                }
                for (contact_id, outlet_id, role, desk), known in new.items()
            ],
        )
        columns = (_affiliation.c.contact_id, _affiliation.c.outlet_id, _affiliation.c.role, _affiliation.c.desk)
        owners = {place[0] for place in new}
        for row in self._connection.execute(
            select(*columns, _affiliation.c.id).where(_affiliation.c.contact_id.in_(owners))
        ):
            known = new.get((row[0], row[1], row[2], row[3]))
            if known is not None:
                known.id = row[4]

    def _save_members(self, contacts: Sequence[KnownContact]) -> None:
        rows = [
            (one.id, one.list_affiliation.id if one.list_affiliation else None, one.was_on_list) for one in contacts
        ]
        self._run(
            insert(_member),
            [
                {
                    "media_list_id": self._media_list_id,
                    "contact_id": contact_id,
                    "affiliation_id": affiliation_id,
                    "source": self._source,
                    "added_at": self._moment,
                }
                for contact_id, affiliation_id, was_on_list in rows
                if not was_on_list
            ],
        )
        self._run(
            _UPDATE_MEMBER,
            [
                {"of_list": self._media_list_id, "of_contact": contact_id, "new_affiliation_id": affiliation_id}
                for contact_id, affiliation_id, was_on_list in rows
                if was_on_list
            ],
        )
