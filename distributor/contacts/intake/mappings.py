"""What the columns of somebody's files mean, as the user said: read from the command line, saved under a name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.contacts.cleaning.columns import REJECTION_COLUMN, read_target
from distributor.errors import BadInput
from distributor.folding import fold, slugify
from distributor.models import Audit, ColumnMapping


@dataclass(frozen=True, slots=True)
class SavedMapping:
    """A mapping in a listing: column as written → field, `fields.KEY`, or "" for a column passed over."""

    name: str
    columns: Mapping[str, str]
    updated_at: datetime


def read_choices(pairs: Iterable[str]) -> dict[str, str]:
    """`COLUMN=field`, as `--map` takes them → column: target. Raises `BadInput` for one without «=», or no field."""
    choices: dict[str, str] = {}
    for pair in pairs:
        column, sign, target = pair.rpartition("=")
        if not sign or not column.strip():
            raise BadInput(
                f"«{pair}» does not say which field a column fills.", mend="Write COLUMN=field.", field="--map"
            )
        choices[column.strip()] = read_target(target)
    return choices


def find_mapping(session: Session, name: str) -> SavedMapping:
    """The mapping saved under a name; raise `BadInput` with those there are when there is none."""
    row = _row(session, name)
    if row is None:
        every = list(session.scalars(select(col(ColumnMapping.name)).order_by(col(ColumnMapping.name))))
        near = difflib.get_close_matches(slugify(name), every, n=3, cutoff=0.5) or every[:20]
        said = f"There are: {', '.join(near)}." if near else "Save one with: --map COLUMN=field --save-mapping NAME"
        raise BadInput(f"No column mapping is saved as «{name}».", mend=said)
    return SavedMapping(row.name, row.columns, row.updated_at)


def mapping_for(session: Session, header: Sequence[str]) -> SavedMapping | None:
    """The mapping saved for a file with these very column names, the newest of several; None when there is none."""
    rows = session.scalars(select(ColumnMapping).order_by(col(ColumnMapping.updated_at).desc()))
    names = _folded(header)
    row = next((row for row in rows if row.header == names), None)
    return SavedMapping(row.name, row.columns, row.updated_at) if row else None


def mappings(session: Session) -> list[SavedMapping]:
    """Every saved mapping, by name."""
    rows = session.scalars(select(ColumnMapping).order_by(col(ColumnMapping.name)))
    return [SavedMapping(row.name, row.columns, row.updated_at) for row in rows]


def save_mapping(
    session: Session, name: str, header: Sequence[str], columns: Mapping[str, str], *, moment: datetime
) -> bool:
    """Keep what the columns of a file with this header mean; return whether that is new. `BadInput` for no name."""
    slug = slugify(name)
    if not slug:
        raise BadInput(f"«{name}» cannot name a mapping.", mend="Give it a name with letters.", field="--save-mapping")
    row = _row(session, slug)
    said, names = dict(columns), _folded(header)
    if row is None:
        session.add(ColumnMapping(name=slug, header=names, columns=said, updated_at=moment))
    elif row.header == names and row.columns == said:
        return False
    else:
        row.header, row.columns, row.updated_at = names, said, moment
    session.flush()
    return True


def forget_mapping(session: Session, name: str, *, actor: str) -> SavedMapping:
    """Delete a saved mapping and return it; raise `BadInput` when there is none of that name."""
    found = find_mapping(session, name)
    session.delete(_row(session, name))
    session.add(Audit(actor=actor, action="contacts.mapping.forget", subject=found.name))
    return found


def _row(session: Session, name: str) -> ColumnMapping | None:
    return session.scalars(select(ColumnMapping).where(col(ColumnMapping.name) == slugify(name))).one_or_none()


def _folded(header: Sequence[str]) -> list[str]:
    # A mended rejects file is a file of the same source, with one column more.
    return [fold(name) for name in header if name != REJECTION_COLUMN]
