"""Rows that another command deletes between our reading and our writing: nothing is written, and no defect told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlmodel import Session, col, select

from distributor.contacts.lists import listmaking
from distributor.contacts.lists.press_lists import find_list
from distributor.contacts.people.members import find_contact
from distributor.db.engine import Database
from distributor.errors import StorageTrouble
from distributor.models import Audit, Contact, MediaList

ADDRESS = "odile@journal.example"


def _delete(session: Session, one: MediaList) -> None:
    listmaking.delete_list(session, one, actor="anne")


def _edit(session: Session, one: MediaList) -> None:
    one.name = "Grande"
    session.add(one)


def _put_on(session: Session, one: MediaList) -> None:
    find_contact(session, ADDRESS)
    listmaking.add_members(session, one, [ADDRESS], actor="anne")


@pytest.mark.parametrize("write", [_delete, _edit, _put_on])
def test_what_is_gone_is_written_by_nobody(
    server_database: Database, write: Callable[[Session, MediaList], None]
) -> None:
    with server_database.session() as session:
        session.add_all([MediaList(slug="petite", name="Petite"), Contact(address=ADDRESS, address_key=ADDRESS)])

    def late() -> None:
        with server_database.session() as ours:
            found = find_list(ours, "petite")
            with server_database.session() as other:
                _delete(other, find_list(other, "petite"))
            write(ours, found)

    with pytest.raises(StorageTrouble, match="Another command was at the same rows"):
        late()
    with server_database.session(reads_only=True) as session:
        assert list(session.scalars(select(col(Audit.action)))) == ["lists.delete"]
