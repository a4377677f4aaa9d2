"""The last sign of life: mail from the journalist, else a check by the office, else the day of collection."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from distributor.db.engine import Database
from distributor.models import Contact
from distributor.privacy.staleness import Sign, stale_contacts, years_before

BEFORE = datetime(2023, 3, 1, tzinfo=UTC)
OLD, NEW = datetime(2021, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)


def add(session: Session, name: str, **values: object) -> int:
    contact = Contact(address=f"{name}@x.example", address_key=f"{name}@x.example", first_name=name, **values)
    session.add(contact)
    session.flush()
    assert contact.id is not None
    return contact.id


def test_the_last_sign_of_life_decides(database: Database) -> None:
    with database.session() as session:
        add(session, "collected", collected_at=OLD)
        add(session, "new", collected_at=NEW)
        add(session, "confirmed", collected_at=OLD, confirmed_at=NEW)
        add(session, "confirmed-long-ago", collected_at=OLD, confirmed_at=OLD.replace(month=2))
        add(session, "wrote", collected_at=OLD, last_inbound_at=NEW)
        add(session, "wrote-long-ago", collected_at=NEW, last_inbound_at=OLD.replace(month=3))
        add(session, "undated", created_at=OLD.replace(year=2020))
        other = add(session, "wrote-from-elsewhere", collected_at=OLD)
        add(session, "alias", same_as_id=other, last_inbound_at=NEW, collected_at=OLD)
        found = stale_contacts(session, BEFORE)
    assert [(one.name, one.sign) for one in found] == [
        ("undated", Sign.RECORDED),
        ("collected", Sign.COLLECTED),
        ("confirmed-long-ago", Sign.CONFIRMED),
        ("wrote-long-ago", Sign.HEARD),
    ]


@pytest.mark.parametrize(("day", "then"), [((2024, 2, 29), (2021, 2, 28)), ((2024, 3, 1), (2021, 3, 1))])
def test_three_years_before_a_leap_day_is_a_day_there_was(
    day: tuple[int, int, int], then: tuple[int, int, int]
) -> None:
    assert years_before(datetime(*day, tzinfo=UTC), 3) == datetime(*then, tzinfo=UTC)
