"""The contact base by hand: somebody added, somebody's particulars changed; each told as old → new, and audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session, col

from distributor.clock import now
from distributor.contacts.cleaning.drafts import DEFAULTS, OPTED_OUT, ContactDraft
from distributor.contacts.cleaning.mailboxes import is_role_address
from distributor.contacts.cleaning.names import name_key
from distributor.contacts.cleaning.particulars import Field
from distributor.contacts.cleaning.row import read_sectors
from distributor.contacts.cleaning.typed import Typed, read_extra, read_typed
from distributor.contacts.intake.importing import LEGAL_BASIS
from distributor.contacts.intake.merging import LEVELS, Provenance, Said, first_meeting, merge
from distributor.contacts.intake.store import ContactStore, SectorTree
from distributor.contacts.lists import listmaking, press_lists
from distributor.contacts.objections import suppression
from distributor.contacts.objections.objectors import Objectors
from distributor.contacts.people import ownership
from distributor.contacts.people.affiliating import end_post, put_post, resolve_outlet
from distributor.contacts.people.changes import Change, shown
from distributor.contacts.people.outlets import near_outlets, outlet_called
from distributor.contacts.people.readdressing import add_address, remove_address, use_address
from distributor.errors import BadInput, Refused, did_you_mean
from distributor.models import Audit, Contact, ContactSector, Sector
from distributor.tokens import Keyring

_POST_FIELDS = frozenset(
    {
        Field.OUTLET,
        Field.ROLE,
        Field.DESK,
        Field.OUTLET_KIND,
        Field.AFFILIATION_ADDRESS,
        Field.VALID_FROM,
        Field.VALID_TO,
    }
)
_PROVENANCE = ("source", "legal_basis", "collected_at")
_TOLD_IN_AUDIT = frozenset(
    {"civility", "language", "other_languages", "familiarity", "channel", "attachments", "embargo_trust", "sector"}
    | {"outlet", "role", "desk", "source", "legal_basis"}
)
"""Of these the audit keeps old and new, of all else (phone, notes, fields …) only that it was changed: an audit
outlives the contact, and must not become a second file on them."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be changed in a contact. An empty text erases.

    `said` are texts as typed, by field; `extra` fields of the user's own. `address` becomes the main one. `sectors` are
    added, `without_sectors` taken away; `ended` names outlets where the contact no longer works.
    """

    said: Mapping[Field, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    more_addresses: Sequence[str] = ()
    fewer_addresses: Sequence[str] = ()
    sectors: Sequence[str] = ()
    without_sectors: Sequence[str] = ()
    ended: Sequence[str] = ()
    confirmed: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        return self == Edit()


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a contact: `changes` as old → new, `remarks` about what was cleaned or should be thought about."""

    contact_id: int
    changes: tuple[Change, ...]
    remarks: tuple[str, ...] = ()


def add_contact(
    session: Session,
    keyring: Keyring,
    address: str,
    said: Mapping[Field, str],
    *,
    extra: Mapping[str, str] | None = None,
    sectors: Sequence[str] = (),
    lists: Sequence[str] = (),
    actor: str,
) -> Kept:
    """Add a contact that nobody knows yet, cleaned as an import cleans it; without a source, as entered by `actor`.

    Raises `BadInput` when the address is somebody's already, or an outlet's detail, sector or list cannot be used;
    `Refused` for an address that was erased at its owner's request.
    """
    typed = read_typed(address, _filled(said), {key: text for key, text in read_extra(extra or {}).items() if text})
    draft, moment = typed.draft, now()
    _require_nobodys(session, keyring, draft)
    slugs = _sector_names(session, sectors)
    provenance = Provenance(
        source=draft.source or f"entered by hand by {actor}",
        legal_basis=draft.legal_basis or LEGAL_BASIS,
        collected_at=draft.collected_at or moment,
    )
    remarks = [*typed.changes, *typed.warnings, *_outlet_remarks(session, draft)]
    connection = session.connection()
    store = ContactStore(
        connection, SectorTree(connection), media_list_id=None, source=provenance.source, moment=moment
    )
    store.prepare([draft], ())
    known = first_meeting(draft, provenance)
    known.said = Said("", created=True)
    merge(known, draft, tuple(slugs), provenance, joins_list=False)
    known.values["confirmed_at"] = known.values["confirmed_at"] or moment
    store.save([known])
    session.flush()
    assert known.id is not None
    remarks += _own_post_address(session, keyring, session.get_one(Contact, known.id), draft, actor)
    session.add(Audit(actor=actor, action="contacts.add", subject=known.address, details={"contact": known.id}))
    for name in lists:
        listmaking.add_members(session, press_lists.find_list(session, name), [known.address], actor=actor)
    remarks += [f"No mail leaves: {told.because}." for told in Objectors(session, keyring).of(known.id, known.address)]
    return Kept(known.id, tuple(_as_changes(known.values, draft, known.source, lists, slugs)), tuple(remarks))


def edit_contact(session: Session, keyring: Keyring, contact_id: int, edit: Edit, *, actor: str) -> Kept:
    """Change a contact's particulars, its addresses, where it works and what it covers; return old → new.

    Raises `BadInput` for what cannot be read, an address that belongs to somebody else, or an unknown outlet or sector.
    What was changed already is no change.
    """
    contact = session.get_one(Contact, contact_id)
    said = dict(edit.said)
    if _POST_FIELDS & said.keys():
        said[Field.OUTLET] = resolve_outlet(session, contact_id, said.get(Field.OUTLET, ""))
    extra = read_extra(edit.extra)
    typed = read_typed(contact.address or "", _filled(said), {key: text for key, text in extra.items() if text})
    remarks = [*typed.changes, *typed.warnings]
    changes = [*_set_values(contact, said, typed, confirmed=edit.confirmed), *_set_extra(contact, extra, typed)]
    changes += _set_texts(contact, said, typed)
    changes += _set_sectors(session, contact_id, edit)
    if typed.draft.post is not None:
        remarks += _outlet_remarks(session, typed.draft)
        changes += _set_post(session, contact, said, typed.draft)
        remarks += _own_post_address(session, keyring, contact, typed.draft, actor)
    for outlet in edit.ended:
        changes.append(end_post(session, contact_id, outlet))
    session.add(contact)
    session.flush()
    for change, told in _set_addresses(session, keyring, contact, edit, actor):
        changes += change
        remarks += told
    if changes:
        contact.updated_at = now()
        session.add(contact)
        session.add(
            Audit(
                actor=actor,
                action="contacts.edit",
                subject=contact.address or "",
                details=_details(contact_id, changes),
            )
        )
        session.flush()
    return Kept(contact_id, tuple(changes), tuple(remarks))


# Adding


def _filled(said: Mapping[Field, str]) -> dict[Field, str]:
    return {one: text for one, text in said.items() if text.strip()}


def _require_nobodys(session: Session, keyring: Keyring, draft: ContactDraft) -> None:
    key = draft.address.key
    owner = ownership.owner_of(session, key)
    if owner is not None:
        known = session.get_one(Contact, owner)
        name = f"{known.first_name} {known.last_name}".strip() or "a contact of the base"
        raise BadInput(
            f"«{draft.address}» belongs to {name} already.",
            mend=f"Change it with: distributor contacts edit {draft.address}",
        )
    if keyring.address_hash(key) in suppression.erased_hashes(session, keyring):
        raise Refused(
            f"«{draft.address}» was erased at their request, and is not taken in again.",
            mend="If they asked for it: distributor suppressions remove ADDRESS --reason …",
        )


def _as_changes(
    values: Mapping[str, Any], draft: ContactDraft, source: str, lists: Sequence[str], sectors: Sequence[str]
) -> list[Change]:
    found = [Change("address", "", str(draft.address))]
    found += [Change(name, "", shown(value)) for name, value in values.items() if value != DEFAULTS[name]]
    found += [Change(key, "", text) for key, text in draft.fields.items()]
    if draft.notes:
        found.append(Change("notes", "", draft.notes))
    if draft.post is not None:
        post = (draft.post.outlet, draft.post.role, draft.post.desk)
        found.append(Change("outlet", "", ", ".join(part for part in post if part)))
    found += [Change("sector", "", name) for name in sectors]
    found += [Change("list", "", name) for name in lists]
    return [*found, Change("source", "", source)]


# Editing


def _set_values(contact: Contact, said: Mapping[Field, str], typed: Typed, *, confirmed: bool) -> list[Change]:
    values: dict[str, Any] = dict(typed.draft.values)
    values |= {name: default for name, default in DEFAULTS.items() if not said.get(Field(name), "x").strip()}
    if confirmed:
        values["confirmed_at"] = now()
    changes = []
    for name, new in values.items():
        old = getattr(contact, name)
        if old != new:
            setattr(contact, name, new)
            changes.append(Change(name, shown(old), shown(new)))
    contact.name_key = name_key(contact.first_name, contact.last_name)
    return changes


def _set_extra(contact: Contact, extra: Mapping[str, str], typed: Typed) -> list[Change]:
    fields, changes = dict(contact.fields), []
    for key in extra:
        old, new = fields.get(key, ""), typed.draft.fields.get(key, "")
        if old != new:
            fields[key] = new
            changes.append(Change(key, old, new))
    contact.fields = {key: text for key, text in fields.items() if text}
    return changes


def _set_texts(contact: Contact, said: Mapping[Field, str], typed: Typed) -> list[Change]:
    """Notes, provenance, and the flag: a note that asks for no more mail is heeded."""
    draft, changes = typed.draft, []
    for name in ("notes", *_PROVENANCE):
        if Field(name) not in said:
            continue
        old, new = getattr(contact, name), getattr(draft, name)
        if name in _PROVENANCE and not new:
            raise BadInput(f"A contact without {name.replace('_', ' ')} may not be mailed.", mend="Give another one.")
        if old != new:
            setattr(contact, name, new)
            changes.append(Change(name, shown(old), shown(new)))
    if draft.flag == OPTED_OUT != contact.flag:
        changes.append(Change("flag", contact.flag, OPTED_OUT))
        contact.flag = OPTED_OUT
    return changes


def _set_sectors(session: Session, contact_id: int, edit: Edit) -> list[Change]:
    covered = {
        row.slug: row
        for row in session.scalars(
            select(Sector)
            .join(ContactSector, col(ContactSector.sector_id) == col(Sector.id))
            .where(col(ContactSector.contact_id) == contact_id)
        )
    }
    changes = []
    for name in _sector_names(session, edit.sectors):
        sector = press_lists.find_sector(session, name)
        if sector.slug not in covered:
            assert sector.id is not None
            session.add(ContactSector(contact_id=contact_id, sector_id=sector.id))
            changes.append(Change("sector", "", sector.name))
    for name in _sector_names(session, edit.without_sectors):
        sector = press_lists.find_sector(session, name)
        if sector.slug in covered:
            session.execute(
                delete(ContactSector).where(
                    col(ContactSector.contact_id) == contact_id, col(ContactSector.sector_id) == sector.id
                )
            )
            changes.append(Change("sector", sector.name, ""))
    session.flush()
    return changes


def _sector_names(session: Session, texts: Sequence[str]) -> list[str]:
    """The sectors that options name, each of which the base knows; of a child («Sport > Cyclisme») its own name."""
    names = [name.rpartition(LEVELS)[2] for text in texts for name in read_sectors(text)]
    return [press_lists.find_sector(session, name).slug for name in names]


def _set_post(session: Session, contact: Contact, said: Mapping[Field, str], draft: ContactDraft) -> list[Change]:
    assert draft.post is not None
    assert contact.id is not None
    connection = session.connection()
    store = ContactStore(connection, SectorTree(connection), media_list_id=None, source="", moment=now())
    store.prepare([draft], ())
    return put_post(session, contact.id, draft.post, {one.value for one in said if one in _POST_FIELDS})


def _own_post_address(
    session: Session, keyring: Keyring, contact: Contact, draft: ContactDraft, actor: str
) -> list[str]:
    """Make the address used at an outlet the contact's own, unless it is a desk's: that one several people share."""
    address = draft.post.address if draft.post else None
    if address is None or address.key == contact.address_key or is_role_address(address):
        return []
    return add_address(session, keyring, contact, str(address), actor)[1]


def _outlet_remarks(session: Session, draft: ContactDraft) -> list[str]:
    """Said of an outlet that nobody has worked for yet: it may be a slip of the pen."""
    if draft.post is None or outlet_called(session, draft.post.outlet) is not None:
        return []
    near = near_outlets(session, draft.post.outlet)
    return [f"«{draft.post.outlet}» is a new outlet. {did_you_mean(near)}".rstrip()]


def _set_addresses(
    session: Session, keyring: Keyring, contact: Contact, edit: Edit, actor: str
) -> list[tuple[list[Change], list[str]]]:
    found = [add_address(session, keyring, contact, one, actor) for one in edit.more_addresses]
    if edit.address:
        found.append(use_address(session, keyring, contact, edit.address, actor, taken_off=edit.fewer_addresses))
    return found + [remove_address(session, keyring, contact, one, actor) for one in edit.fewer_addresses]


def _details(contact_id: int, changes: Sequence[Change]) -> dict[str, Any]:
    told = [{"field": one.what, "old": one.old, "new": one.new} for one in changes if one.what in _TOLD_IN_AUDIT]
    return {"contact": contact_id, "fields": sorted({one.what for one in changes}), "changes": told}
