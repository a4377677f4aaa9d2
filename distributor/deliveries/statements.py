"""The ledger's statements for what every message costs, compiled once for a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from sqlalchemy import (
    Connection,
    Dialect,
    Text,
    Update,
    and_,
    bindparam,
    case,
    cast,
    func,
    not_,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from distributor.db.plain import Insertion, Statement
from distributor.db.prepared import Prepared, PreparedInsert, among, looked_up
from distributor.deliveries.conditions import going_on, may_leave, objected, why_withheld
from distributor.deliveries.leases import lease_end, present
from distributor.models import Attempt, Contact, Delivery
from distributor.states import DeliveryState

_delivery = Delivery.__table__
_attempt = Attempt.__table__
_contact = Contact.__table__

CLAIMED_COLUMNS = (
    "id", "address", "name", "domain", "message_id", "attempts", "refusals", "expires_at", "merge", "wave",
    "not_before", "embargo_until",
)  # fmt: skip
ATTEMPT_COLUMNS = (
    "delivery_id", "number", "started_at", "duration_ms", "phase", "verdict", "state", "code", "enhanced_code", "reply",
    "server", "tls", "worker", "account",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statements:
    """What a claim or a commit runs: a handful of statements, however many deliveries it speaks of.

    `steps.Steps` names them, and runs them through SQLAlchemy (`on` a connection) or without it (`plain`).
    """

    expire: Prepared
    """Deferred → expired, of those who have no attempt left before their deadline."""
    wake: Prepared
    """Deferred → queued, of those whose next attempt is due, or was reckoned by a clock that ran far ahead."""
    due: Prepared
    """Whose time has come, oldest first, with all that their message is made from, and whether they objected."""
    is_due: Prepared
    """Somebody whose time has come, also where another transaction holds their row: `due` passes that over."""
    claim: Prepared
    """Queued → claimed."""
    withhold: Prepared
    """Queued → withheld, of those who objected, or whose mail came back."""
    begin: Prepared
    """Claimed → sending of our own, unless an objection, the dispatch's end or a later hour came first: these."""
    held: Prepared
    """How deliveries stand, locked until the end of the transaction."""
    doubted: Prepared
    """Of which deliveries a worker had a message on the wire when others took it for dead."""
    attempt: PreparedInsert
    """More rows of the attempt log."""
    verdict: Prepared
    """What attempts came to becomes the state of deliveries; they have all in common but `replies`, by number."""
    count: Prepared
    """An attempt whose verdict is no longer ours to say is counted all the same."""
    dispatches: Prepared
    """Which dispatches deliveries belong to."""
    inform: Prepared
    """The journalists whom accepted deliveries of a dispatch reached count as informed of their rights."""

    def on(self, connection: Connection) -> OnConnection:
        """What runs them on a connection, in its transaction."""
        return OnConnection(self, connection)

    def plain(self) -> dict[str, Statement | Insertion]:
        """All of them by name, for who runs them without SQLAlchemy."""
        return {one.name: getattr(self, one.name).plain for one in fields(self)}

    @classmethod
    def prepare(cls, dialect: Dialect, *, shared_clock: bool) -> Self:
        """Compile them. With `shared_clock` the database's clock says when leases end and whose time has come.

        Without it that is said by the moments bound to `lease` and `now`.
        """
        lease, moment = lease_end(shared_clock=shared_clock), present(shared_clock=shared_clock)
        its_dispatch_goes_on, its_time_has_come = going_on(moment), may_leave(moment)
        c = _delivery.c
        in_time = (
            c.dispatch_id == bindparam("dispatch"),
            c.state == DeliveryState.QUEUED.value,
            its_dispatch_goes_on,
            its_time_has_come,
        )
        due = (
            select(*(cast(c[one], Text) if one == "merge" else c[one] for one in CLAIMED_COLUMNS), objected())
            .where(*in_time)
            .order_by(c.id)
            .limit(bindparam("limit", type_=c.id.type))
            .with_for_update(of=_delivery, skip_locked=True)
        )
        now = bindparam("now", type_=c.updated_at.type)
        moved = {"updated_at": now}
        waiting = and_(c.dispatch_id == bindparam("dispatch"), c.state == DeliveryState.DEFERRED.value)
        expire = _leave(waiting, c.expires_at <= now, c.next_attempt_at > c.expires_at).values(
            state=DeliveryState.EXPIRED.value, **moved
        )
        by_wrong_clock = c.updated_at > bindparam("ahead", type_=c.updated_at.type)
        wake = _leave(waiting, or_(c.next_attempt_at <= now, c.next_attempt_at.is_(None), by_wrong_clock)).values(
            state=DeliveryState.QUEUED.value,
            expires_at=case((by_wrong_clock, null()), else_=c.expires_at),
            **moved,
        )
        claim = (
            update(_delivery)
            .where(among(c.id, "ids", dialect))
            .values(
                state=DeliveryState.CLAIMED.value,
                worker=bindparam("by"),
                lease_until=lease,
                **moved,
            )
        )
        withhold = (
            update(_delivery)
            .where(among(c.id, "ids", dialect))
            .values(
                state=DeliveryState.WITHHELD.value,
                reason=why_withheld(),
                **moved,
            )
        )
        begin = (
            update(_delivery)
            .where(
                among(c.id, "ids", dialect),
                c.state == DeliveryState.CLAIMED.value,
                c.worker == bindparam("by"),
                its_dispatch_goes_on,
                its_time_has_come,
                not_(objected()),
            )
            .values(
                state=DeliveryState.SENDING.value,
                lease_until=lease,
                **moved,
            )
            .returning(c.id)
        )
        held = (
            select(c.id, c.state, c.worker, c.attempts, c.refusals).where(among(c.id, "ids", dialect)).with_for_update()
        )
        a = _attempt.c
        doubted = (
            select(a.delivery_id)
            .where(among(a.delivery_id, "ids", dialect), a.worker == bindparam("by"))
            .where(a.state == DeliveryState.IN_DOUBT.value)
            .distinct()
        )
        verdict = (
            update(_delivery)
            .where(among(c.id, "ids", dialect))
            .values({one: bindparam(f"new_{one.name}", type_=one.type) for one in (
                c.state, c.verdict, c.phase, c.code, c.enhanced_code, c.next_attempt_at, c.updated_at
            )})
            .values(
                reply=looked_up(c.id, "replies", dialect),
                attempts=c.attempts + 1,
                refusals=c.refusals + bindparam("new_refusals", type_=c.refusals.type),
                reason="",
                worker="",
                lease_until=None,
                accepted_at=func.coalesce(bindparam("new_accepted_at", type_=c.accepted_at.type), c.accepted_at),
                expires_at=func.coalesce(bindparam("new_expires_at", type_=c.expires_at.type), c.expires_at),
            )
        )  # fmt: skip
        count = update(_delivery).where(among(c.id, "ids", dialect)).values(attempts=c.attempts + 1)
        return cls(
            expire=Prepared(expire, dialect),
            wake=Prepared(wake, dialect),
            due=Prepared(due, dialect),
            is_due=Prepared(select(c.id).where(*in_time).limit(1), dialect),
            claim=Prepared(claim, dialect),
            withhold=Prepared(withhold, dialect),
            begin=Prepared(begin, dialect),
            held=Prepared(held, dialect, in_one_piece=True),
            doubted=Prepared(doubted, dialect),
            attempt=PreparedInsert(_attempt, ATTEMPT_COLUMNS, dialect),
            verdict=Prepared(verdict, dialect),
            count=Prepared(count, dialect),
            dispatches=Prepared(select(c.dispatch_id).where(among(c.id, "ids", dialect)).distinct(), dialect),
            inform=Prepared(informed(among(c.id, "ids", dialect)), dialect),
        )


@dataclass(frozen=True, slots=True)
class OnConnection:
    """Runs the statements by their name, on a connection of SQLAlchemy's."""

    statements: Statements
    connection: Connection

    def rows(self, name: str, values: Mapping[str, Any]) -> list[list[Any]]:
        """What a SELECT finds, or a statement returns."""
        return self._statement(name).read(self.connection, values)

    def change(self, name: str, values: Mapping[str, Any]) -> int:
        """How many rows an UPDATE changes."""
        return self._statement(name).run(self.connection, values).rowcount

    def insert(self, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows, each with its values in the order of the statement's columns."""
        insertion: PreparedInsert = getattr(self.statements, name)
        insertion.run(self.connection, rows)

    def _statement(self, name: str) -> Prepared:
        statement: Prepared = getattr(self.statements, name)
        return statement


def _leave(waiting: ColumnElement[bool], *when: ColumnElement[bool]) -> Update:
    """Out of «deferred», of those who wait and of whom that is true.

    Two workers that move the same rows never wait for one another, nor lock them crosswise.
    """
    c = _delivery.c
    free = select(c.id).where(waiting, *when).with_for_update(skip_locked=True)
    return update(_delivery).where(c.id.in_(free), c.state == DeliveryState.DEFERRED.value).values(next_attempt_at=None)


def informed(*which: ColumnElement[bool]) -> Update:
    """The day on which whom the accepted deliveries of a dispatch reached was informed; one that is known stands."""
    person = _contact.alias()
    told = (
        select(func.coalesce(person.c.same_as_id, person.c.id))
        .select_from(_delivery.join(person, person.c.id == _delivery.c.contact_id))
        .where(*which, _delivery.c.state == DeliveryState.ACCEPTED.value)
        .where(_delivery.c.dispatch_id == bindparam("dispatch"))
    )
    # Skipping what another worker holds: that one writes the same day, and waiting for each other would be a knot.
    first = (
        select(_contact.c.id)
        .where(_contact.c.notice_sent_at.is_(None), _contact.c.id.in_(told))
        .with_for_update(skip_locked=True)
    )
    day = bindparam("now", type_=_contact.c.notice_sent_at.type)
    return update(_contact).where(_contact.c.id.in_(first)).values(notice_sent_at=day)
