"""Reading and writing contacts in batches: prepared statements and bulk look-ups, no object of the ORM per row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from distributor.contacts.cleaning.drafts import DEFAULTS, ContactDraft, Post
from distributor.contacts.cleaning.names import name_key
from distributor.contacts.intake.binding import BulkInsert, Ids
from distributor.contacts.intake.merging import LEVELS, KnownAffiliation, KnownContact
from distributor.folding import outlet_key, slugify
from distributor.models import Contact

_TABLES = Contact.metadata.tables
_contact, _outlet, _affiliation = _TABLES["contact"], _TABLES["outlet"], _TABLES["affiliation"]
_sector, _contact_sector = _TABLES["sector"], _TABLES["contact_sector"]
_member = _TABLES["media_list_member"]

_OUTLETS_KEPT = 20_000
_PROVENANCE = ("source", "legal_basis", "collected_at")
_INSERTED = (
    "id", "same_as_id", "address", "address_key", *DEFAULTS, "name_key", "notes", "fields", "flag", *_PROVENANCE,
    "created_at", "updated_at",
)  # fmt: skip
_LOADED = ("id", "same_as_id", "address_key", "address", "notes", "fields", "flag", *_PROVENANCE, *DEFAULTS)
_UPDATED = (*DEFAULTS, "name_key", "notes", "fields", "flag", *_PROVENANCE, "updated_at")
_UPDATE_CONTACT = (
    update(_contact)
    .where(_contact.c.id == bindparam("key"))
    .values({name: bindparam(f"new_{name}") for name in _UPDATED})
)
_POST = ("role", "desk", "address", "valid_from", "valid_to")
_UPDATE_AFFILIATION = (
    update(_affiliation)
    .where(_affiliation.c.id == bindparam("key"))
    .values({name: bindparam(f"new_{name}") for name in _POST})
)
_UPDATE_MEMBER = (
    update(_member)
    .where(_member.c.media_list_id == bindparam("of_list"), _member.c.contact_id == bindparam("of_contact"))
    .values(affiliation_id=bindparam("new_affiliation_id"))
)


class SectorTree:
    """The sectors of the base, two levels deep, and those that are new."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        rows = connection.execute(select(_sector.c.slug, _sector.c.id, _sector.c.parent_id)).all()
        self.ids: dict[str, int] = {slug: key for slug, key, _ in rows}
        self._parents: dict[int, int | None] = {key: parent for _, key, parent in rows}
        self.slugs = {key: slug for slug, key in self.ids.items()}
        self.new: list[str] = []
        self.remarks: list[str] = []
        self.changed = False

    def ensure(self, name: str) -> int | None:
        """The id of the sector of that name («Sport > Cyclisme»: of the child), made if need be; None for no name.

        A sector that stood alone moves under its parent; what the tree says already, a file does not change.
        """
        parent_name, _, child_name = name.rpartition(LEVELS)
        slug = slugify(child_name)
        if not slug:
            return None
        key = self.ids.get(slug)
        if key is None:
            parent = self._parent(parent_name, name)
            return self.ids.get(slug) or self._add(slug, name, parent)  # «Sport > Sport» is made by now
        if parent_name and self._parents[key] != self.ids.get(slugify(parent_name), 0):
            if self._parents[key] is not None or key in self._parents.values():
                self._remark(name)
            elif (parent := self._parent(parent_name, name)) is not None and parent != key:
                self._connection.execute(update(_sector).where(_sector.c.id == key).values(parent_id=parent))
                self._parents[key] = parent
                self.changed = True
        return key

    def _parent(self, parent_name: str, name: str) -> int | None:
        """The sector above, unless it has one above itself: the tree is two levels deep."""
        parent = self.ensure(parent_name)
        if parent is None or self._parents[parent] is None:
            return parent
        self._remark(name)
        return None

    def _add(self, slug: str, name: str, parent: int | None) -> int:
        row = {"slug": slug, "name": name.rpartition(LEVELS)[2].strip(), "parent_id": parent}
        key: int = self._connection.execute(insert(_sector).values(row).returning(_sector.c.id)).scalar_one()
        self.ids[slug], self.slugs[key], self._parents[key] = key, slug, parent
        self.new.append(name.strip())
        self.changed = True
        return key

    def _remark(self, name: str) -> None:
        remark = f"The tree of sectors says otherwise than «{name}» and stays as it is."
        if remark not in self.remarks:
            self.remarks.append(remark)


class ContactStore:
    """The contact base during one import (into the list `media_list_id`, or none), inside the caller's transaction.

    `moment` stamps all that is written; `source` is the provenance of list memberships.
    """

    def __init__(
        self,
        connection: Connection,
        sectors: SectorTree,
        *,
        media_list_id: int | None,
        source: str,
        moment: datetime,
    ) -> None:
        self._connection = connection
        self._sectors = sectors
        self._media_list_id = media_list_id
        self._source = source
        self._moment = moment
        self._outlets: dict[str, dict[str, Any]] = {}
        self._ids = {table.name: Ids(connection, table) for table in (_contact, _affiliation)}
        self._contacts = BulkInsert(connection, _contact, _INSERTED)
        self._affiliations = BulkInsert(
            connection, _affiliation, ("id", "contact_id", "outlet_id", *_POST, "is_primary")
        )
        self._covers = BulkInsert(connection, _contact_sector, ("contact_id", "sector_id"))
        self._members = BulkInsert(
            connection, _member, ("media_list_id", "contact_id", "affiliation_id", "source", "added_at")
        )
        self._now = self._contacts.bind("created_at", moment)
        self._no_fields = self._contacts.bind("fields", {})

    # Reading

    def load(self, address_keys: Iterable[str]) -> dict[str, KnownContact]:
        """Whose each of these addresses is, in a handful of statements however many there are."""
        if len(self._outlets) > _OUTLETS_KEPT:
            self._outlets.clear()
        rows = self._select_contacts(_contact.c.address_key.in_(list(address_keys)))
        owners = {address_key: same_as_id or key for key, same_as_id, address_key, *_ in rows}
        missing = set(owners.values()).difference([row[0] for row in rows])
        if missing:
            rows += self._select_contacts(_contact.c.id.in_(missing))
        by_id = {row[0]: _known(row) for row in rows if row[1] is None}
        if by_id:
            self._load_relations(by_id)
        return {key: by_id[owner] for key, owner in owners.items()}

    def _select_contacts(self, which: Any) -> list[Any]:
        return list(self._connection.execute(select(*(_contact.c[name] for name in _LOADED)).where(which)).all())

    def _load_relations(self, by_id: dict[int, KnownContact]) -> None:
        ids = list(by_id)
        of_affiliation: dict[int, KnownAffiliation] = {}
        columns = ("contact_id", *_POST, "is_primary", "id")
        held: Iterable[Any] = self._connection.execute(
            select(_outlet.c.key, *(_affiliation.c[name] for name in columns))
            .join(_affiliation, _outlet.c.id == _affiliation.c.outlet_id)
            .where(_affiliation.c.contact_id.in_(ids))
            .order_by(_affiliation.c.id)
        ).all()
        for outlet, contact_id, role, desk, address, valid_from, valid_to, is_primary, key in held:
            known = KnownAffiliation(outlet, role, desk, address, valid_from, valid_to, is_primary, key)
            by_id[contact_id].affiliations.append(known)
            of_affiliation[key] = known
        for contact_id, sector_id in self._connection.execute(
            select(_contact_sector.c.contact_id, _contact_sector.c.sector_id).where(
                _contact_sector.c.contact_id.in_(ids)
            )
        ).all():
            by_id[contact_id].sectors.add(self._sectors.slugs[sector_id])
        if self._media_list_id is not None:
            for contact_id, affiliation_id in self._connection.execute(
                select(_member.c.contact_id, _member.c.affiliation_id).where(
                    _member.c.media_list_id == self._media_list_id, _member.c.contact_id.in_(ids)
                )
            ).all():
                known_contact = by_id[contact_id]
                known_contact.on_list = known_contact.was_on_list = True
                known_contact.list_affiliation = of_affiliation.get(affiliation_id)

    # What contacts refer to

    def prepare(self, drafts: Sequence[ContactDraft], sectors: Iterable[str]) -> bool:
        """Make sure the outlets and sectors these drafts name exist; return whether an outlet learned something."""
        for names in dict.fromkeys([tuple(sectors), *(draft.sectors for draft in drafts)]):
            for name in names:
                self._sectors.ensure(name)
        posts = [draft.post for draft in drafts if draft.post is not None]
        unknown = dict.fromkeys(key for post in posts if (key := outlet_key(post.outlet)) not in self._outlets)
        if unknown:
            self._find_outlets(list(unknown))
            named = {outlet_key(post.outlet): post.outlet for post in reversed(posts)}
            missing = [key for key in unknown if key not in self._outlets]
            if missing:
                blank = {"kind": "", "region": "", "website": "", "created_at": self._moment}
                rows = [blank | {"key": key, "name": named[key]} for key in missing]
                self._connection.execute(insert(_outlet), rows)
                self._find_outlets(missing)
        return self._fill_outlets(posts)

    def _find_outlets(self, keys: Sequence[str]) -> None:
        columns = (_outlet.c.key, _outlet.c.id, _outlet.c.kind, _outlet.c.region, _outlet.c.website)
        for row in self._connection.execute(select(*columns).where(_outlet.c.key.in_(keys))).mappings():
            self._outlets[row["key"]] = dict(row)

    def _fill_outlets(self, posts: Sequence[Post]) -> bool:
        """Fill up what is not known of an outlet; what is known stays: rows about people are no authority on it."""
        learned: dict[str, dict[str, Any]] = {}
        for post in posts:
            if post.kind or post.region or post.website:
                outlet = self._outlets[outlet_key(post.outlet)]
                for name in ("kind", "region", "website"):
                    value = getattr(post, name)
                    if value and not outlet[name]:
                        outlet[name] = value
                        learned[outlet["key"]] = outlet
        for outlet in learned.values():
            self._connection.execute(update(_outlet).where(_outlet.c.id == outlet["id"]).values(outlet))
        return bool(learned)

    # Writing

    def save(self, contacts: Sequence[KnownContact]) -> None:
        """Write what is new or changed in these contacts, a handful of statements for all of them."""
        changed = [self._contact_update(one) for one in contacts if one.changed and one.id is not None]
        self._insert_contacts(contacts)
        self._run(_UPDATE_CONTACT, changed)
        self._save_affiliations(contacts)
        sector_ids = self._sectors.ids
        self._covers.run([(one.id, sector_ids[slug]) for one in contacts for slug in one.new_sectors])
        self._save_members([one for one in contacts if one.list_changed])

    def _run(self, statement: Any, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(statement, rows)

    def _insert_contacts(self, contacts: Sequence[KnownContact]) -> None:
        new = [one for one in contacts if one.id is None]
        for one, key in zip(new, self._ids["contact"].take(len(new)), strict=True):
            one.id = key
        rows = [self._contact_row(one) for one in new]
        seconds = [(one, address) for one in contacts for address in one.new_addresses]
        for (one, address), key in zip(seconds, self._ids["contact"].take(len(seconds)), strict=True):
            second = KnownContact(
                address.spec, address.key, key, source=one.source, legal_basis=one.legal_basis,
                collected_at=one.collected_at,
            )  # fmt: skip
            rows.append(self._contact_row(second, same_as=one.id))
        self._contacts.run(rows)

    def _contact_row(self, one: KnownContact, *, same_as: int | None = None) -> tuple[Any, ...]:
        *values, confirmed_at = one.values.values()
        bind = self._contacts.bind
        return (
            one.id,
            same_as,
            one.address,
            one.address_key,
            *values,
            bind("confirmed_at", confirmed_at),
            name_key(one.values["first_name"], one.values["last_name"]),  # type: ignore[arg-type]  # both are text
            one.notes,
            bind("fields", one.fields) if one.fields else self._no_fields,
            one.flag,
            one.source,
            one.legal_basis,
            bind("collected_at", one.collected_at),
            self._now,
            self._now,
        )

    def _contact_update(self, one: KnownContact) -> dict[str, Any]:
        row = {name: getattr(one, name) for name in ("notes", "fields", "flag", *_PROVENANCE)} | one.values
        row["name_key"] = name_key(one.values["first_name"], one.values["last_name"])  # type: ignore[arg-type]  # text
        row["updated_at"] = self._moment
        return {"key": one.id, **{f"new_{name}": row[name] for name in _UPDATED}}

    def _save_affiliations(self, contacts: Sequence[KnownContact]) -> None:
        known = [(one, affiliation) for one in contacts for affiliation in one.affiliations]
        # Updates first: a post that a contact leaves may be the one another row takes.
        changed = [affiliation for _, affiliation in known if affiliation.changed]
        self._run(
            _UPDATE_AFFILIATION,
            [{"key": one.id, **{f"new_{name}": getattr(one, name) for name in _POST}} for one in changed],
        )
        new = [(one, affiliation) for one, affiliation in known if affiliation.id is None]
        bind, outlets = self._affiliations.bind, self._outlets
        rows = []
        for (one, affiliation), key in zip(new, self._ids["affiliation"].take(len(new)), strict=True):
            affiliation.id = key
            rows.append((
                key,
                one.id,
                outlets[affiliation.outlet_key]["id"],
                affiliation.role,
                affiliation.desk,
                affiliation.address,
                bind("valid_from", affiliation.valid_from),
                bind("valid_to", affiliation.valid_to),
                affiliation.is_primary,
            ))  # fmt: skip
        self._affiliations.run(rows)

    def _save_members(self, contacts: Sequence[KnownContact]) -> None:
        stands = [
            (one.id, one.list_affiliation.id if one.list_affiliation else None, one.was_on_list) for one in contacts
        ]
        of_list, source, now = self._media_list_id, self._source, self._now
        self._members.run([(of_list, one, through, source, now) for one, through, was_there in stands if not was_there])
        self._run(
            _UPDATE_MEMBER,
            [
                {"of_list": of_list, "of_contact": one, "new_affiliation_id": through}
                for one, through, was_there in stands
                if was_there
            ],
        )


def _known(row: Any) -> KnownContact:
    key, _, address_key, address, notes, fields, flag, source, legal_basis, collected_at, *values = row
    return KnownContact(
        address,
        address_key,
        key,
        dict(zip(DEFAULTS, values, strict=True)),
        notes,
        fields,
        flag,
        source,
        legal_basis,
        collected_at,
    )
