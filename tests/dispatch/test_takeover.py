"""A second account takes over once, whoever of several workers is refused first, and what was decided stays."""

from __future__ import annotations

import pytest
from ledgerbase import START, add_deliveries
from sqlmodel import col, select

from distributor.db.engine import Database
from distributor.dispatch.accounts.named import (
    account_id,
    add_account,
    edit_account,
    find_account,
    named_accounts,
    remove_account,
)
from distributor.dispatch.accounts.takeover import account_of, take_over
from distributor.errors import BadInput
from distributor.models import Account, Audit, Dispatch
from distributor.states import DispatchState

CONFIG = {"smtp_host": "mail.example.org"}


@pytest.fixture
def dispatch_id(database: Database) -> int:
    """A running dispatch that «relais» may take over."""
    number, _ = add_deliveries(database, 1)
    with database.session() as session:
        session.add(Account(id=2, name="relais", config=CONFIG))
        session.flush()
        dispatch = session.get(Dispatch, number)
        assert dispatch is not None
        dispatch.state = DispatchState.RUNNING
        dispatch.then_account_id = account_id(session, "relais")
        session.add(dispatch)
    return number


def refused(database: Database, dispatch_id: int, ran: str, because: str = "535 no") -> str:
    """Whom a worker that was refused at `ran` goes on with; "": nobody."""
    with database.session() as session:
        takeover = take_over(session, dispatch_id, ran, because=because, actor="anne", now=START)
        return takeover.second if takeover else ""


def test_it_happens_once_and_every_worker_goes_along(database: Database, dispatch_id: int) -> None:
    with database.session(reads_only=True) as session:
        first = account_of(session, dispatch_id)
    assert refused(database, dispatch_id, first) == "relais"
    assert refused(database, dispatch_id, first, "550 quota") == "relais", "another worker, a moment later"
    assert refused(database, dispatch_id, "relais") == "", "nothing goes back"
    with database.session(reads_only=True) as session:
        dispatch = session.get(Dispatch, dispatch_id)
        assert dispatch is not None
        assert account_of(session, dispatch_id) == "relais"
        assert dispatch.then_account_id is None
        assert dispatch.takeover == {"from": first, "to": "relais", "at": START.isoformat(), "because": "535 no"}
        audited = session.exec(select(Audit).where(Audit.action == "dispatches.takeover")).all()
        assert [one.subject for one in audited] == [str(dispatch_id)]


@pytest.mark.parametrize("state", [DispatchState.PAUSED, DispatchState.CANCELLED])
def test_what_a_person_halted_is_not_taken_over(database: Database, dispatch_id: int, state: DispatchState) -> None:
    with database.session() as session:
        dispatch = session.get(Dispatch, dispatch_id)
        assert dispatch is not None
        dispatch.state = state
        session.add(dispatch)
        first = account_of(session, dispatch_id)
    assert refused(database, dispatch_id, first) == ""


def test_an_account_that_is_to_take_over_is_not_removed(database: Database, dispatch_id: int) -> None:
    with pytest.raises(BadInput, match=f"Dispatch {dispatch_id} goes through «relais»"), database.session() as session:
        remove_account(session, "relais", "anne")
    with database.session() as session:
        dispatch = session.get(Dispatch, dispatch_id)
        assert dispatch is not None
        dispatch.state = DispatchState.DONE
        session.add(dispatch)
        session.flush()
        remove_account(session, "relais", "anne")
    with database.reading() as connection, pytest.raises(BadInput, match="no account «relais»"):
        find_account(connection, "relais")
    with database.session() as session:
        add_account(session, "relais", CONFIG, "anne")
    with database.session() as session:
        edit_account(session, "relais", CONFIG | {"smtp_port": "25"}, "anne")
    with database.reading() as connection:
        assert find_account(connection, "relais").config == CONFIG | {"smtp_port": "25"}


def test_one_that_nothing_went_through_goes_without_a_trace(database: Database) -> None:
    with database.session() as session:
        add_account(session, "essai", CONFIG, "anne")
    with pytest.raises(BadInput, match="already"), database.session() as session:
        add_account(session, "essai", CONFIG, "anne")
    with database.session() as session:
        remove_account(session, "essai", "anne")
    with database.session(reads_only=True) as session:
        assert [one.name for one in named_accounts(session.connection())] == ["default"]
        done = session.exec(select(Audit.action).order_by(col(Audit.id))).all()
        assert list(done) == ["accounts.add", "accounts.remove"]
