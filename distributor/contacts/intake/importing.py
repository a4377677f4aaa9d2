"""Importing a press list: every row new, updated, unchanged, merged, split or rejected, in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Required, TypedDict, Unpack

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from distributor.clock import now
from distributor.contacts.cleaning.columns import ColumnMap, map_columns
from distributor.contacts.cleaning.row import read_sectors
from distributor.contacts.cleaning.typed import read_list_name
from distributor.contacts.intake import mappings
from distributor.contacts.intake.merging import Provenance
from distributor.contacts.intake.report import ImportReport
from distributor.contacts.intake.screening import Screen
from distributor.contacts.intake.store import ContactStore, SectorTree
from distributor.contacts.intake.taking import ImportRun
from distributor.contacts.sources.rows import SourceRow, SourceTable
from distributor.db.engine import Database
from distributor.errors import BadInput, StorageTrouble
from distributor.folding import fold, slugify
from distributor.models import Audit, MediaList, Sector
from distributor.moments import require_aware
from distributor.tokens import Keyring

LEGAL_BASIS = "legitimate interest: professional address of a journalist"
"""What a contact is kept for, unless the import says otherwise."""


_SAMPLE = 50  # rows asked what an ambiguous column is about
IMPORT_LOCK = 0x70726573
"""The advisory lock that an import takes on a server, so that there is one at a time; any number of ours would do."""
_SILENT_S = 1.0  # a wait shorter than this is not worth a word
_PATIENCE_S = 30


@dataclass(frozen=True, slots=True)
class Columns:
    """What the user says of a file's columns: column as written → target, a mapping to use, a name to save it under."""

    choices: Mapping[str, str] = field(default_factory=dict)
    mapping: str = ""
    save_as: str = ""


class Terms(TypedDict, total=False):
    """What may be said of an import besides its file; see `import_contacts`."""

    list_name: str
    sector: str
    source: str
    collected_at: datetime | None
    legal_basis: str
    columns: Columns | None
    keyring: Required[Keyring]
    actor: str
    dry_run: bool


def import_contacts(
    database: Database,
    *tables: SourceTable,
    on_wait: Callable[[], None] = lambda: None,
    **terms: Unpack[Terms],
) -> ImportReport:
    """Import the rows of a file's tables into the list `list_name` (made if need be), and say what became of each.

    Without a list name the contacts go on no list. `sector` is covered by every contact of the file, besides what its
    rows say. `source` (the file's name by default), `collected_at` (now) and `legal_basis` are the provenance of
    contacts that are new or have none. `columns` is what the user says of them. Who asked to be erased is not brought
    back: `keyring` tells whose address that is. `actor` stands in the audit. A dry run writes nothing. `on_wait` is
    called, from another thread, when another command is writing and this one has to wait.

    One address is one contact: a second row or file adds to it. Importing the same file again changes nothing.

    Raises `BadInput` for a file without an address column or without a row, an unknown column or mapping, a list name
    without a letter, or a smart list; `StorageTrouble` when the other command does not end; `Refused` when `keyring` is
    not the one that objections are kept under. Whatever is raised, nothing of the file is kept.
    """
    with database.session() as session:
        alone(session, database, on_wait)
        return import_within(session, *tables, **terms)


def import_within(
    session: Session,
    *tables: SourceTable,
    list_name: str = "",
    sector: str = "",
    source: str = "",
    collected_at: datetime | None = None,
    legal_basis: str = "",
    columns: Columns | None = None,
    keyring: Keyring,
    actor: str = "",
    dry_run: bool = False,
    may_be_empty: bool = False,
) -> ImportReport:
    """As `import_contacts`, in a session of the caller, who has called `alone` and commits.

    With `may_be_empty` a file of column names alone is a list of nobody rather than a mistake.
    An import that has nothing to write rolls the session back: give it one of its own, on a savepoint.
    """
    list_name = read_list_name(list_name) if list_name else ""
    moment = now()
    name = tables[0].name
    provenance = Provenance(
        source=source or name,
        legal_basis=legal_basis or LEGAL_BASIS,
        collected_at=require_aware(collected_at) if collected_at else moment,
    )
    connection = session.connection()
    tree = SectorTree(connection)
    covered = read_sectors(sector)
    media_list, remarks = _open_list(session, tree, list_name, covered[0] if covered else "")
    store = ContactStore(
        connection,
        tree,
        media_list_id=media_list.id if media_list else None,
        source=provenance.source,
        moment=moment,
    )
    run = ImportRun(
        store, provenance, sectors=covered, joins_list=media_list is not None, screen=Screen(session, keyring)
    )
    maps, told, saved = _take_tables(session, run, tables, columns or Columns(), moment)
    if not may_be_empty and not any(run.spool.counts.values()):
        raise BadInput("There is no contact under the column names.", file=name or None)
    report = _report(run, tables, maps, media_list, told=(*told, *remarks), tree=tree, dry_run=dry_run)
    if dry_run or not (run.wrote or tree.changed or saved):
        session.rollback()
    elif run.wrote or tree.changed:
        details = {result.value: many for result, many in report.counts.items()} | {"file": name}
        session.add(Audit(actor=actor, action="contacts.import", subject=report.list_slug, details=details))
    return report


def _take_tables(
    session: Session, run: ImportRun, tables: Sequence[SourceTable], columns: Columns, moment: datetime
) -> tuple[list[ColumnMap], list[str], bool]:
    """Read every table under what its columns mean; return the meanings, remarks, and whether a mapping was saved."""
    given = mappings.find_mapping(session, columns.mapping) if columns.mapping else None
    _check_choices(columns.choices, tables)
    maps, remarks, saved = [], [], False
    for table in tables:
        sample = list(islice(table.rows, _SAMPLE))
        known = given or mappings.mapping_for(session, table.header)
        chosen = {**(known.columns if known else {}), **columns.choices}
        folded = {fold(column): target for column, target in chosen.items()}
        cells = [row.cells for row in sample if isinstance(row, SourceRow)]
        found = map_columns(table.header, cells, file=table.name, chosen=folded)
        maps.append(found)
        if known:
            remarks.append(f"Columns read by the saved mapping «{known.name}».")
        if columns.save_as:
            saved |= mappings.save_mapping(session, columns.save_as, table.header, chosen, moment=moment)
        run.take(chain(sample, table.rows), found)
    return maps, list(dict.fromkeys(remarks)), saved


def _check_choices(choices: Mapping[str, str], tables: Sequence[SourceTable]) -> None:
    seen = {fold(name): name for table in tables for name in table.header}
    for column in choices:
        if fold(column) not in seen:
            named = ", ".join(f"«{name}»" for name in seen.values())
            raise BadInput(f"There is no column «{column}».", mend=f"The columns are: {named}.", field="--map")


@contextmanager
def _patience(on_wait: Callable[[], None]) -> Iterator[None]:
    """Say so when what is inside takes more than a moment."""
    timer = threading.Timer(_SILENT_S, on_wait)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def alone(session: Session, database: Database, on_wait: Callable[[], None] = lambda: None) -> None:
    """Wait until no other import is running, and keep others waiting until the session's transaction ends.

    On SQLite nobody else writes from then on. `on_wait` is called, from another thread, when that takes more than a
    moment; `StorageTrouble` says that the other import does not end.
    """
    with _patience(on_wait):
        _lock(session.connection(), database)


def _lock(connection: Connection, database: Database) -> None:
    if not database.is_sqlite:
        try:
            connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE_S}s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": IMPORT_LOCK})
            connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != "55P03":  # lock_not_available
                raise
            raise StorageTrouble(
                f"Another import has been running for {_PATIENCE_S} seconds.", mend="Try again when it is done."
            ) from error


def _open_list(session: Session, tree: SectorTree, name: str, sector_name: str) -> tuple[MediaList | None, list[str]]:
    """The list of that name, made if need be, under its sector; None without a name."""
    sector_id = tree.ensure(sector_name)
    if not name:
        return None, []
    remarks = []
    slug = slugify(name)
    media_list = session.exec(select(MediaList).where(MediaList.slug == slug)).one_or_none()
    if media_list and media_list.query:
        raise BadInput(f"«{name}» is a smart list: its members come from its query.", mend="Choose another list name.")
    media_list = media_list or MediaList(slug=slug, name=name)
    if sector_id is not None:
        if media_list.sector_id not in (None, sector_id):
            sector = session.get_one(Sector, sector_id)
            remarks.append(f"The list «{media_list.name}» is now of the sector {sector.name}.")
        media_list.sector_id = sector_id
    session.add(media_list)
    session.flush()
    return media_list, remarks


def _report(
    run: ImportRun,
    tables: Sequence[SourceTable],
    maps: Sequence[ColumnMap],
    media_list: MediaList | None,
    *,
    told: Iterable[str],
    tree: SectorTree,
    dry_run: bool,
) -> ImportReport:
    recognised: dict[str, tuple[str, ...]] = {}
    for one in maps:
        for target, names in one.recognised.items():
            recognised[target.value] = tuple(dict.fromkeys((*recognised.get(target.value, ()), *names)))
    kept = {name: key for one in maps for name, key in one.kept.items() if key in run.keys_with_values}
    ignored = tuple(dict.fromkeys(name for one in maps for name in one.ignored))
    remarks = [*(remark for table in tables for remark in table.remarks), *told, *tree.remarks]
    if kept:
        named = ", ".join(f"«{name}» ({key})" for name, key in kept.items())
        remarks.append(f"Columns kept as extra fields, for templates: {named}.")
    if ignored:
        remarks.append("Columns passed over: " + ", ".join(f"«{name}»" for name in ignored) + ".")
    if tree.new:
        remarks.append("New sectors: " + ", ".join(tree.new) + ".")
    first = tables[0]
    return ImportReport(
        file=first.name,
        list_name=media_list.name if media_list else "",
        list_slug=media_list.slug if media_list else "",
        headers={table.sheet: table.header for table in tables},
        format=first.format,
        delimiter=first.delimiter,
        encoding=first.encoding,
        recognised=recognised,
        kept=kept,
        ignored=ignored,
        outcomes=run.spool.outcomes,
        rejected=run.spool.rejected,
        counts=run.spool.counts,
        new_sectors=tuple(tree.new),
        remarks=tuple(dict.fromkeys(remarks)),
        dry_run=dry_run,
    )
