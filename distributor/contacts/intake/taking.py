"""One import under way: a file's rows cleaned, joined to the contacts they are about, and written, batch by batch."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice

from distributor.contacts.cleaning.columns import ColumnMap
from distributor.contacts.cleaning.drafts import CleanRow, ContactDraft
from distributor.contacts.cleaning.names import name_key
from distributor.contacts.cleaning.row import RowCleaner
from distributor.contacts.intake.merging import KnownContact, Provenance, Said, add_addresses, first_meeting, merge
from distributor.contacts.intake.report import Result
from distributor.contacts.intake.screening import ERASED, Screen
from distributor.contacts.intake.spool import Spool
from distributor.contacts.intake.store import ContactStore
from distributor.contacts.sources.rows import RejectedRow, SourceRow, place

_BATCH = 1000


@dataclass(slots=True)
class ImportRun:
    """One import under way, into the base behind `store`; `sectors` are covered by everybody in the file.

    `spool` holds what became of the rows, `wrote` says that something changed, `keys_with_values` are the extra fields
    that the file has filled.
    """

    store: ContactStore
    provenance: Provenance
    sectors: tuple[str, ...]
    joins_list: bool
    screen: Screen
    spool: Spool = field(default_factory=Spool)
    keys_with_values: set[str] = field(default_factory=set)
    wrote: bool = False

    def take(self, rows: Iterator[SourceRow | RejectedRow], columns: ColumnMap) -> None:
        """Clean, merge and write all rows of a table, a batch at a time."""
        clean = RowCleaner(columns).clean
        is_more = True
        while is_more:
            with _without_collector():
                batch = [clean(row) if isinstance(row, SourceRow) else row for row in islice(rows, _BATCH)]
                is_more = bool(batch)
                self._take_batch([_screened(row, self.screen) for row in batch])

    def _take_batch(self, rows: Sequence[CleanRow | RejectedRow]) -> None:
        drafts = [draft for row in rows if isinstance(row, CleanRow) for draft in row.drafts]
        owners: dict[str, KnownContact] = {}
        if drafts:
            owners = self._load(drafts)
            self.wrote |= self.store.prepare(drafts, self.sectors)
        for row in rows:
            if isinstance(row, RejectedRow):
                if row.reason is not ERASED:  # a rejects file would hold them once more
                    self.spool.reject(row)
                self.spool.outcome(row.line, Result.REJECTED, reason=_reason(row), sheet=row.sheet)
            else:
                for draft in row.drafts:
                    self._merge(row, draft, owners)
        contacts = list({id(known): known for known in owners.values()}.values())
        self.store.save(contacts)
        self.spool.flush(contacts)

    def _load(self, drafts: Sequence[ContactDraft]) -> dict[str, KnownContact]:
        """Whose the addresses of these drafts are, and what the file has said about them so far."""
        keys = {draft.address.key for draft in drafts}
        for draft in drafts:
            if draft.others:
                keys.update(address.key for address in draft.others)
            if draft.post is not None and draft.post.address is not None:
                keys.add(draft.post.address.key)
        owners = self.store.load(keys)
        by_id = {known.id: known for known in owners.values() if known.id is not None}
        if by_id:
            for contact_id, (said, told) in self.spool.recall(by_id).items():
                by_id[contact_id].said = said
                for affiliation in by_id[contact_id].affiliations:
                    affiliation.is_told = affiliation.id in told
        return owners

    def _merge(self, row: CleanRow, draft: ContactDraft, owners: dict[str, KnownContact]) -> None:
        key = draft.address.key
        known = owners.get(key) or _same_person(draft, owners)
        created = known is None
        if known is None:
            known = owners[key] = first_meeting(draft, self.provenance)
        said = known.said
        again = said is not None
        if said is None:
            said = known.said = Said(place(row.line, row.sheet), created)
        sectors = draft.sectors + self.sectors
        changed, changes = merge(known, draft, sectors, self.provenance, joins_list=self.joins_list)
        if key != known.address_key:
            changes.insert(0, f"«{draft.address}» is a second address of {known.name} <{known.address}>")
        if draft.others or key != known.address_key or (draft.post is not None and draft.post.address):
            changed |= add_addresses(known, draft, owners, changes)
        if draft.fields:
            self.keys_with_values.update(draft.fields)
        self.wrote |= changed
        if again and (said.created or changed):
            result = Result.MERGED
            changes.insert(0, f"same address as {said.place}: one contact")
        elif created:
            result = Result.SPLIT if len(row.drafts) > 1 else Result.NEW
        else:
            result = Result.UPDATED if changed else Result.UNCHANGED
        told = (*row.changes, *changes)
        self.spool.outcome(row.line, result, address=str(draft.address), name=draft.name, changes=told, sheet=row.sheet)


@contextmanager
def _without_collector() -> Iterator[None]:
    """A batch makes tens of thousands of objects and no cycle: the collector would look at each, again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _screened(row: CleanRow | RejectedRow, screen: Screen) -> CleanRow | RejectedRow:
    """The row without contacts who were erased at their own request."""
    if isinstance(row, RejectedRow):
        return row
    drafts = tuple(draft for one in row.drafts if (draft := screen.admit(one)) is not None)
    return replace(row, drafts=drafts) if drafts else RejectedRow(row.line, "", "", ERASED, (), row.sheet)


def _same_person(draft: ContactDraft, owners: Mapping[str, KnownContact]) -> KnownContact | None:
    """The contact of that name who is known under one of the row's further addresses."""
    named = name_key(str(draft.values.get("first_name", "")), str(draft.values.get("last_name", "")))
    for address in draft.others:
        owner = owners.get(address.key)
        if owner and named and named == name_key(str(owner.values["first_name"]), str(owner.values["last_name"])):
            return owner
    return None


def _reason(row: RejectedRow) -> str:
    return f"{row.column}: «{row.value}»: {row.reason}" if row.value else row.reason
