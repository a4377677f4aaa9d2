"""Forgetting people: out of the database, out of its file and journal, out of the workspace's other files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.db.engine import Database
from distributor.db.sweeping import overwrite_deleted
from distributor.models import Audit
from distributor.privacy.erasure import Erasure, erase
from distributor.privacy.subject import Subject
from distributor.privacy.traces import Tracer, Traces
from distributor.tokens import Keyring

_EXPORTS = ("contacts.export", "lists.export")


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was made from the base, and may lie anywhere by now."""

    at: datetime
    file: str
    actor: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What forgetting people came to: in the database, in the workspace's files, and which exports to look for."""

    erasure: Erasure
    traces: Traces
    exports: tuple[Exported, ...]


def forget(
    database: Database, keyring: Keyring, folder: Path, find: Callable[[Session], Sequence[Subject]], *, actor: str
) -> Forgotten:
    """Erase the people that `find` finds, in the transaction, from the base and the files in `folder`.

    The database's part is one transaction; what comes after it (the database's file rewritten, copies of messages and
    rows of lists deleted) is done again by the same command, should it have been cut short. Raises as `find`
    does, `Refused` as `erase` does, `StorageTrouble` when a file cannot be rewritten.
    """
    with database.session() as session:
        people = find(session)
        exports = _exports(session)
        erasure = erase(session, keyring, people, actor=actor)
    overwrite_deleted(database)
    addresses = [address for subject in people for address in subject.addresses]
    ours = [folder / one.file for one in exports if one.file != "-"]
    tracer = Tracer(addresses, erasure.message_ids, database.file, ours)
    traces = tracer.find(folder)
    tracer.clear(traces)
    return Forgotten(erasure, traces, exports)


def _exports(session: Session) -> tuple[Exported, ...]:
    rows = session.scalars(select(Audit).where(col(Audit.action).in_(_EXPORTS)).order_by(col(Audit.id).desc()))
    return tuple(
        Exported(row.at, str(row.details.get("file") or row.details["folder"]), row.actor)  # of lists: a folder
        for row in rows
    )
