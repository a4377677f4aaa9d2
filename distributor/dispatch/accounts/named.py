"""Sending accounts by name, as the database keeps them: how each is set, and never a secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select
from sqlmodel import Session, col

from distributor.account_settings import DEFAULT_ACCOUNT
from distributor.db.upserts import upsert
from distributor.errors import BadInput
from distributor.models import Account, Audit, Dispatch
from distributor.states import NOT_OVER


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """An account's name and how it is set; `id` is None for «default» before anything was sent through it."""

    name: str
    config: Mapping[str, str]
    id: int | None


def named_accounts(connection: Connection) -> list[NamedAccount]:
    """Every account that there is, «default» first."""
    rows = connection.execute(select(col(Account.id), col(Account.name), col(Account.config)).order_by(col(Account.id)))
    found = [NamedAccount(row[1], row[2], row[0]) for row in rows]
    own = next((one for one in found if one.name == DEFAULT_ACCOUNT), NamedAccount(DEFAULT_ACCOUNT, {}, None))
    return [own, *(one for one in found if one.config and one.name != DEFAULT_ACCOUNT)]


def find_account(connection: Connection, name: str) -> NamedAccount:
    """The account of that name; `BadInput` when there is none."""
    accounts = named_accounts(connection)
    for one in accounts:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in accounts)
    raise BadInput(
        f"There is no account «{name}».", mend=f"Name one of: {known}; or make it: distributor accounts add {name}"
    )


def accounts_of(connection: Connection, dispatch_ids: Iterable[int]) -> set[str]:
    """The names of the accounts that these dispatches go through."""
    rows = connection.execute(
        select(col(Account.name))
        .join(Dispatch, col(Dispatch.account_id) == col(Account.id))
        .where(col(Dispatch.id).in_(list(dispatch_ids)))
    )
    return set(rows.scalars())


def account_id(session: Session, name: str) -> int:
    """The number of an account's row; that of «default» is made when it is first needed."""
    named = select(col(Account.id)).where(col(Account.name) == name)
    number = session.scalar(named)
    if number is None:  # another command may be making it at this moment
        new = Account(name=name).model_dump(exclude={"id"})
        connection = session.connection()
        connection.execute(upsert(connection, Account.__table__).values(new).on_conflict_do_nothing())
        number = session.scalar(named)
    assert number is not None
    return number


def add_account(session: Session, name: str, config: Mapping[str, str], actor: str) -> None:
    """Make an account, or one that was removed anew; `BadInput` when there is one of that name."""
    account = session.scalars(select(Account).where(col(Account.name) == name)).one_or_none()
    if account is not None and account.config:
        raise BadInput(f"There is an account «{name}» already.", mend=f"Change it: distributor accounts edit {name}")
    account = account or Account(name=name)
    account.config = dict(config)
    session.add(account)
    session.add(Audit(actor=actor, action="accounts.add", subject=name, details=dict(config)))


def edit_account(session: Session, name: str, config: Mapping[str, str], actor: str) -> None:
    """Set an account otherwise, from now on; `BadInput` when there is none of that name."""
    find_account(session.connection(), name)
    account = session.scalars(select(Account).where(col(Account.name) == name).with_for_update()).one()
    before, account.config = account.config, dict(config)
    changed = {one: config.get(one, "") for one in before.keys() | config.keys() if before.get(one) != config.get(one)}
    session.add(account)
    session.add(Audit(actor=actor, action="accounts.edit", subject=name, details=changed))


def remove_account(session: Session, name: str, actor: str) -> None:
    """Take an account away. What was sent through it stays known; `BadInput` while a dispatch still names it."""
    found = find_account(session.connection(), name)
    account = session.get_one(Account, found.id)  # only «default» may have no row, and it is never removed
    is_named = (col(Dispatch.account_id) == account.id) | (col(Dispatch.then_account_id) == account.id)
    waiting = session.scalars(select(col(Dispatch.id)).where(is_named, col(Dispatch.state).in_(NOT_OVER))).first()
    if waiting is not None:
        raise BadInput(
            f"Dispatch {waiting} goes through «{name}» and is not done.",
            mend=f"Let it finish, or cancel it: distributor dispatches cancel {waiting}",
        )
    if session.scalars(select(func.count()).select_from(Dispatch).where(is_named)).one():
        account.config = {}
        session.add(account)
    else:
        session.delete(account)
    session.add(Audit(actor=actor, action="accounts.remove", subject=name))
