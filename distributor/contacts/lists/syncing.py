"""Making the base agree with a folder of press lists: one transaction, planned first; nobody is ever deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from distributor import clock
from distributor.addresses import parse_address
from distributor.contacts.filters.language import format_filter, parse_filter
from distributor.contacts.intake.importing import alone, import_within
from distributor.contacts.intake.report import ImportReport, Result
from distributor.contacts.lists import membership, press_lists
from distributor.contacts.lists.listfolder import ListEntry
from distributor.contacts.sources.rows import SourceTable
from distributor.db.engine import Database
from distributor.db.pieces import in_pieces
from distributor.errors import BadInput, Refused
from distributor.folding import slugify
from distributor.models import Audit, Contact, MediaList, MediaListMember, Sector
from distributor.tokens import Keyring


@dataclass(frozen=True, slots=True)
class ListChange:
    """What agreeing with the folder does to one list.

    `about` says what becomes of the list itself; `added` and `removed` are contacts, as people read them; `changed` are
    contacts with what the file says otherwise than the base; `created` counts those the base does not know yet.
    """

    slug: str
    about: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    created: int = 0

    @property
    def is_nothing(self) -> bool:
        """Whether the list agrees with its file already."""
        return not (self.about or self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What agreeing with a folder does, list by list; `only_here` are lists of the base that the folder has not."""

    lists: tuple[ListChange, ...]
    only_here: tuple[str, ...]
    deletes: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether the base agrees with the folder already."""
        return all(one.is_nothing for one in self.lists) and not (self.deletes and self.only_here)


def sync_lists(
    database: Database,
    entries: Sequence[ListEntry],
    open_file: Callable[[str], Sequence[SourceTable]],
    *,
    keyring: Keyring,
    actor: str,
    delete: bool = False,
    agreed: SyncPlan | None = None,
) -> SyncPlan:
    """Make the base agree with a folder whose lists are `entries`; return what that does.

    Without an `agreed` plan nothing is written: the same steps are taken, and undone. With one, they must come to the
    same. `open_file` reads the file of that name; `delete` deletes lists that the folder does not have.

    What a file says of its contacts is imported by the rules of every import: an empty cell erases nothing. Whoever
    stands on a list and not in its file leaves the list. Raises `BadInput` for a row that cannot be read (else that
    journalist would be taken off), a query that cannot be answered and the like; `Refused` when the base has changed
    since the plan. Whatever is raised, nothing is kept.
    """
    with database.session() as session:
        alone(session, database)
        with_members = [one for one in entries if not one.query]
        changes = [_sync_members(session, one, open_file(one.file_name), keyring, actor) for one in with_members]
        smart = [entry for entry in entries if entry.query]
        changes += [_sync_query(session, entry) for entry in smart]
        session.flush()
        for entry in smart:  # when all of them are there: one may ask for another
            _require_answer(session, entry, keyring)
        only_here = _others(session, entries)
        for slug in only_here if delete else ():
            session.delete(press_lists.find_list(session, slug))
        session.flush()
        plan = SyncPlan(tuple(sorted(changes, key=lambda one: one.slug)), tuple(only_here), delete)
        if agreed is None or plan.is_nothing:
            session.rollback()
        elif plan != agreed:
            raise Refused("The base has changed since this plan was made; nothing was written.", mend="Run it again.")
        else:
            details = {"lists": [one.slug for one in plan.lists if not one.is_nothing]}
            session.add(Audit(actor=actor, action="lists.sync", subject="lists", details=details))
    return plan


def _sync_members(
    session: Session, entry: ListEntry, tables: Sequence[SourceTable], keyring: Keyring, actor: str
) -> ListChange:
    media_list, about = _list_itself(session, entry)
    if media_list.query:
        raise BadInput(
            f"«{entry.slug}» is a smart list in the base, and a file here.",
            mend=f"Give it members first: distributor lists edit {entry.slug} --freeze",
        )
    assert media_list.id is not None
    before = _members(session, media_list.id)
    membership.settle_affiliations(session, media_list.id)
    # A savepoint of its own: an import that has nothing to write rolls back what it did, and only that.
    with Session(session.connection(), join_transaction_mode="create_savepoint") as inner, inner.begin():
        report = import_within(
            inner,
            *tables,
            list_name=entry.slug,
            source=entry.file_name,
            keyring=keyring,
            actor=actor,
            may_be_empty=True,
        )
    _require_every_row(report)
    named = _named(session, report)
    gone = [one for one in before if one not in named]
    membership.leave_list(
        session, media_list.id, gone, source=entry.file_name, reason="not in the file any more", moment=clock.now()
    )
    after = _members(session, media_list.id)
    return ListChange(
        slug=entry.slug,
        about=(*about, *_sector(session, media_list, entry)),
        added=tuple(person for one, person in after.items() if one not in before),
        removed=tuple(before[one] for one in gone),
        changed=tuple(_changes(report)),
        created=report.counts[Result.NEW] + report.counts[Result.SPLIT],
    )


def _sync_query(session: Session, entry: ListEntry) -> ListChange:
    text = format_filter(parse_filter(entry.query))
    media_list, about = _list_itself(session, entry)
    assert media_list.id is not None
    if not media_list.query and _members(session, media_list.id):
        raise BadInput(
            f"«{entry.slug}» has members in the base, and a query here.",
            mend=f"Delete it first: distributor lists delete {entry.slug}",
        )
    if media_list.query != text:
        about.append(f"query: {text}")
        media_list.query = text
    return ListChange(entry.slug, (*about, *_sector(session, media_list, entry)))


def _list_itself(session: Session, entry: ListEntry) -> tuple[MediaList, list[str]]:
    media_list = session.scalars(select(MediaList).where(col(MediaList.slug) == entry.slug)).one_or_none()
    about = []
    if media_list is None:
        media_list = MediaList(slug=entry.slug, name=entry.name or entry.slug)
        session.add(media_list)
        about.append("new list")
    elif entry.name is not None and entry.name != media_list.name:
        about.append(f"name: «{media_list.name}» → «{entry.name}»")
        media_list.name = entry.name
    session.flush()
    return media_list, about


def _sector(session: Session, media_list: MediaList, entry: ListEntry) -> list[str]:
    """Set a list's sector as the folder says; a sector that is not there yet is made, as by an import."""
    if entry.sector is None:
        return []
    slug = slugify(entry.sector)
    sector = session.scalars(select(Sector).where(col(Sector.slug) == slug)).one_or_none() if slug else None
    if slug and sector is None:
        sector = Sector(slug=slug, name=entry.sector)
        session.add(sector)
        session.flush()
    wanted = sector.id if sector else None
    if media_list.sector_id == wanted:
        return []
    media_list.sector_id = wanted
    return [f"sector: {sector.name if sector else '(none)'}"]


def _require_every_row(report: ImportReport) -> None:
    for row in report.rejected:
        raise BadInput(
            f"{row.reason} Nothing was changed: whoever cannot be read would be taken off the list.",
            mend="Mend the row, or take it out.",
            file=report.file,
            line=row.line,
            field=row.column or None,
        )


def _require_answer(session: Session, entry: ListEntry, keyring: Keyring) -> None:
    try:
        press_lists.filtering(session, keyring).on_list(press_lists.find_list(session, entry.slug))
    except BadInput as error:
        raise BadInput(f"The query of «{entry.slug}» cannot be answered: {error.message}", mend=error.mend) from None


def _members(session: Session, media_list_id: int) -> dict[int, str]:
    """The members of a list who have an address, and so a row in its file: contact → as people read them."""
    rows = session.execute(
        select(col(Contact.id), col(Contact.first_name), col(Contact.last_name), col(Contact.address))
        .join(MediaListMember, col(MediaListMember.contact_id) == col(Contact.id))
        .where(col(MediaListMember.media_list_id) == media_list_id, col(Contact.address).is_not(None))
        .order_by(col(Contact.name_key), col(Contact.address_key))
    )
    return {number: f"{first} {last} <{address}>".strip() for number, first, last, address in rows}


def _named(session: Session, report: ImportReport) -> set[int]:
    """The contacts that a file names."""
    keys = list({parse_address(one.address).key for one in report.outcomes if one.address})
    found: set[int] = set()
    for piece in in_pieces(keys):
        named = col(Contact.address_key).in_(piece)
        rows = session.execute(select(col(Contact.id), col(Contact.same_as_id)).where(named))
        found.update(same_as or number for number, same_as in rows)
    return found


def _changes(report: ImportReport) -> Iterator[tuple[str, tuple[str, ...]]]:
    for one in report.outcomes:
        if one.result in (Result.UPDATED, Result.MERGED):
            yield f"{one.name} <{one.address}>".strip(), one.changes


def _others(session: Session, entries: Iterable[ListEntry]) -> list[str]:
    named = {entry.slug for entry in entries}
    every = session.scalars(select(col(MediaList.slug)).order_by(col(MediaList.slug)))
    return [slug for slug in every if slug not in named]
