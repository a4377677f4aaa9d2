"""Importing a press list: every row new, updated, unchanged, merged or rejected, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice

from sqlalchemy import text
from sqlmodel import Session, select

from distributor.clock import now, require_aware
from distributor.contacts.cleaning import CleanRow, ContactDraft, clean_row
from distributor.contacts.columns import ColumnMap, map_columns
from distributor.contacts.merging import KnownContact, Said, merge
from distributor.contacts.report import ImportReport, LineOutcome, Result
from distributor.contacts.rows import RejectedRow, SourceRow, SourceTable
from distributor.contacts.store import ContactStore
from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.folding import slugify
from distributor.models import Audit, MediaList, Sector

LEGAL_BASIS = "legitimate interest: professional address of a journalist"
"""What a contact is kept for, unless the import says otherwise."""

_BATCH = 1000
_SAMPLE = 50  # rows asked what an ambiguous column is about
_IMPORT_LOCK = 0x70726573  # any number of ours: one import at a time on a server


def import_contacts(
    database: Database,
    table: SourceTable,
    *,
    list_name: str,
    sector: str = "",
    source: str = "",
    collected_at: datetime | None = None,
    legal_basis: str = LEGAL_BASIS,
    actor: str = "",
    dry_run: bool = False,
) -> ImportReport:
    """Import the rows of `table` into the list `list_name` (made if need be), and say what became of each.

    `sector` is covered by every contact of the file, besides what its rows say. `source` (the file's name by default),
    `collected_at` (now) and `legal_basis` are the provenance of contacts that are new. One address is one contact: a
    second row or file adds to it. Importing the same file again changes nothing. A dry run writes nothing.

    Raises `BadInput` for a file without an address column or without a row, a list name without a letter, or a smart
    list; whatever is raised, nothing of the file is kept.
    """
    slug = slugify(list_name)
    if not slug:
        raise BadInput(f"«{list_name}» cannot name a list.", mend="Give it a name with letters, as in: --list economie")
    sample = list(islice(table.rows, _SAMPLE))
    if not sample:
        raise BadInput("There is no contact under the column names.", file=table.name or None)
    columns = map_columns(table.header, [row.cells for row in sample if isinstance(row, SourceRow)], file=table.name)
    moment = now()
    provenance = Provenance(
        source=source or table.name,
        legal_basis=legal_basis,
        collected_at=require_aware(collected_at) if collected_at else moment,
    )
    with database.session() as session:
        if not database.is_sqlite:  # SQLite has the write lock already
            session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK})
        media_list, list_remarks = _open_list(session, slug, list_name, sector)
        assert media_list.id is not None
        store = ContactStore(session.connection(), media_list_id=media_list.id, source=provenance.source, moment=moment)
        run = _Run(store, columns, provenance, sectors=(sector,) if sector.strip() else ())
        run.take(chain(sample, table.rows))
        report = _report(run, table, media_list, tuple(list_remarks), dry_run=dry_run)
        if dry_run or not run.wrote:
            session.rollback()
        else:
            details = {result.value: count for result, count in report.counts.items()} | {"file": table.name}
            session.add(Audit(actor=actor, action="contacts.import", subject=slug, details=details))
    return report


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where contacts come from, and why they may be kept."""

    source: str
    legal_basis: str
    collected_at: datetime


@dataclass(slots=True)
class _Run:
    """One import under way."""

    store: ContactStore
    columns: ColumnMap
    provenance: Provenance
    sectors: tuple[str, ...]
    outcomes: list[LineOutcome] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    keys_with_values: set[str] = field(default_factory=set)
    wrote: bool = False
    _said: dict[str, Said] = field(default_factory=dict)
    _names: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)

    def take(self, rows: Iterator[SourceRow | RejectedRow]) -> None:
        """Clean, merge and write all rows, a batch at a time."""
        while batch := list(islice(rows, _BATCH)):
            self._take_batch([clean_row(row, self.columns) if isinstance(row, SourceRow) else row for row in batch])

    def _take_batch(self, rows: list[CleanRow | RejectedRow]) -> None:
        drafts = [draft for row in rows if isinstance(row, CleanRow) for draft in row.drafts]
        contacts: dict[str, KnownContact] = {}
        if drafts:
            contacts = self.store.load({draft.address.key for draft in drafts})
            self.wrote |= self.store.prepare(drafts, self.sectors)
        for row in rows:
            if isinstance(row, RejectedRow):
                self.rejected.append(row)
                self.outcomes.append(LineOutcome(row.line, Result.REJECTED, reason=_reason(row)))
            else:
                for draft in row.drafts:
                    self.outcomes.append(self._merge(row, draft, contacts))
        self.store.save(list(contacts.values()))

    def _merge(self, row: CleanRow, draft: ContactDraft, contacts: dict[str, KnownContact]) -> LineOutcome:
        key = draft.address.key
        known = contacts.get(key)
        created = known is None
        if known is None:
            known = contacts[key] = self._new(draft)
        said = self._said.get(key)
        again = said is not None
        if said is None:
            said = self._said[key] = Said(row.line, created)
        sectors = draft.sectors + self.sectors
        changed, changes = merge(known, draft, sectors, said)
        # A hundred thousand contacts say one of a few sets of things: keep each set once.
        said.names = self._names.setdefault(said.names, said.names)
        self.keys_with_values.update(draft.fields)
        self.wrote |= changed
        if again and (said.created or changed):
            result = Result.MERGED
            changes.insert(0, f"same address as line {said.line}: one contact")
        else:
            result = Result.NEW if created else Result.UPDATED if changed else Result.UNCHANGED
        name = f"{draft.first_name} {draft.last_name}".strip()
        return LineOutcome(row.line, result, str(draft.address), name, (*row.changes, *changes))

    def _new(self, draft: ContactDraft) -> KnownContact:
        return KnownContact(
            address=draft.address.spec,
            address_key=draft.address.key,
            source=draft.source or self.provenance.source,
            legal_basis=self.provenance.legal_basis,
            collected_at=self.provenance.collected_at,
        )


def _open_list(session: Session, slug: str, name: str, sector_name: str) -> tuple[MediaList, list[str]]:
    """The list of that slug, made if need be, under its sector."""
    remarks = []
    media_list = session.exec(select(MediaList).where(MediaList.slug == slug)).one_or_none()
    if media_list and media_list.query:
        raise BadInput(f"«{name}» is a smart list: its members come from its query.", mend="Choose another list name.")
    media_list = media_list or MediaList(slug=slug, name=name.strip())
    sector_slug = slugify(sector_name)
    if sector_slug:
        sector = session.exec(select(Sector).where(Sector.slug == sector_slug)).one_or_none()
        if sector is None:
            sector = Sector(slug=sector_slug, name=sector_name.strip())
            session.add(sector)
            session.flush()
            remarks.append(f"New sector: {sector.name}.")
        if media_list.sector_id not in (None, sector.id):
            remarks.append(f"The list «{media_list.name}» is now of the sector {sector.name}.")
        media_list.sector_id = sector.id
    session.add(media_list)
    session.flush()
    return media_list, remarks


def _reason(row: RejectedRow) -> str:
    return f"{row.column}: «{row.value}»: {row.reason}" if row.value else row.reason


def _report(
    run: _Run, table: SourceTable, media_list: MediaList, list_remarks: tuple[str, ...], *, dry_run: bool
) -> ImportReport:
    columns = run.columns
    kept = {name: key for name, key in columns.kept.items() if key in run.keys_with_values}
    remarks = [*table.remarks, *list_remarks]
    if kept:
        named = ", ".join(f"«{name}» ({key})" for name, key in kept.items())
        remarks.append(f"Columns kept as extra fields, for templates: {named}.")
    if columns.ignored:
        remarks.append("Columns passed over: " + ", ".join(f"«{name}»" for name in columns.ignored) + ".")
    if run.store.new_sectors:
        remarks.append("New sectors: " + ", ".join(run.store.new_sectors) + ".")
    return ImportReport(
        file=table.name,
        list_name=media_list.name,
        list_slug=media_list.slug,
        header=table.header,
        delimiter=table.delimiter,
        encoding=table.encoding,
        recognised={target.value: names for target, names in columns.recognised.items()},
        kept=kept,
        ignored=columns.ignored,
        outcomes=tuple(run.outcomes),
        rejected=tuple(run.rejected),
        new_sectors=tuple(run.store.new_sectors),
        remarks=tuple(remarks),
        dry_run=dry_run,
    )
