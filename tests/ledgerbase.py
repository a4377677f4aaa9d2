"""A small ledger to test on: a release, a dispatch, its deliveries, and a clock that is set by hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlmodel
from sqlalchemy import select, update
from sqlmodel import Session

from distributor.contacts.objections.objectors import Objectors
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import AttemptRecord
from distributor.dispatch.pacer import Pacer
from distributor.dispatch.pacing import PacingBook
from distributor.models import Account, Contact, Dispatch, Release, ReleaseVersion
from distributor.states import DeliveryState, Outcome, Phase, Verdict
from distributor.tokens import Keyring
from distributor.transport.throttle import NO_LIMITS, Limits

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEYRING = Keyring(b"an invented key, long enough for tests")

ACCEPTED = Outcome(DeliveryState.ACCEPTED, Verdict.ACCEPTED, Phase.BODY, 250, "2.0.0", "2.0.0 Ok: queued as 4XyZ")
REJECTED = Outcome(DeliveryState.REJECTED, Verdict.UNKNOWN, Phase.RCPT, 550, "5.1.1", "5.1.1 User unknown")
DEFERRED = Outcome(DeliveryState.DEFERRED, Verdict.RETRY, Phase.RCPT, 450, "4.2.0", "4.2.0 Greylisted")
DROPPED = Outcome(DeliveryState.DEFERRED, Verdict.CONNECTION, Phase.RCPT, reply="connection reset")
SILENT = Outcome(DeliveryState.IN_DOUBT, Verdict.NO_ANSWER, Phase.BODY, reply="no answer")
NO_LOGIN = Outcome(DeliveryState.QUEUED, Verdict.CREDENTIALS, Phase.MAIL, 535, "5.7.8", "5.7.8 Authentication failed")
QUOTA = Outcome(DeliveryState.QUEUED, Verdict.QUOTA, Phase.BODY, 452, "4.5.3", "4.5.3 Daily limit reached")

_TABLES = Contact.metadata.tables
DELIVERY, ATTEMPT = _TABLES["delivery"], _TABLES["attempt"]


@dataclass(slots=True)
class HandClock:
    """A clock that stands still until it is moved."""

    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **by: float) -> None:
        self.moment += timedelta(**by)


def add_version(database: Database, slug: str = "ouverture", headline: str = "La halle rouvre lundi") -> int:
    """A release of one version; return the version's number in its table."""
    with database.session() as session:
        release = Release(slug=slug, kind="release")
        session.add(release)
        session.flush()
        assert release.id is not None
        version = ReleaseVersion(
            release_id=release.id,
            number=1,
            content_hash=uuid.uuid4().hex,
            headline=headline,
            lang="fr",
            kind="release",
            body="La halle rouvre.",
        )
        session.add(version)
        session.flush()
        assert version.id is not None
        return version.id


def add_dispatch(database: Database, version_id: int, **values: Any) -> int:
    """A dispatch without deliveries; return its number."""
    with database.session() as session:
        account = session.exec(sqlmodel.select(Account)).first() or Account(id=1, name="default")
        session.add(account)
        session.flush()
        assert account.id is not None
        dispatch = Dispatch(release_version_id=version_id, account_id=account.id, created_at=START, **values)
        session.add(dispatch)
        session.flush()
        assert dispatch.id is not None
        return dispatch.id


def delivery_row(dispatch_id: int, version_id: int, number: int, **values: Any) -> dict[str, Any]:
    """What `plan` writes for the `number`-th journalist of a dispatch."""
    address = f"j{number}@journal{number % 3}.example"
    return {
        "dispatch_id": dispatch_id,
        "release_version_id": version_id,
        "contact_id": None,
        "address": address,
        "address_key": address,
        "address_hash": KEYRING.address_hash(address),
        "domain": address.partition("@")[2],
        "name": f"Journaliste {number}",
        "outlet": "Le Journal",
        "sector": "Santé",
        "sector_slug": "sante",
        "lists": ["sante"],
        "merge": {"name": f"Journaliste {number}"},
        "message_id": f"<{number}.{dispatch_id}@halle.example>",
        "state": DeliveryState.QUEUED,
        "reason": "",
        "updated_at": START,
    } | values


def add_deliveries(database: Database, count: int, **values: Any) -> tuple[int, list[int]]:
    """A dispatch to that many journalists; return its number and theirs, in order."""
    version_id = add_version(database, slug=f"ouverture-{uuid.uuid4().hex[:6]}")
    dispatch_id = add_dispatch(database, version_id)
    log = DeliveryLog(database, "planner")
    with database.transaction() as connection:
        log.plan(connection, [delivery_row(dispatch_id, version_id, number, **values) for number in range(count)])
        ids = connection.execute(
            select(DELIVERY.c.id).where(DELIVERY.c.dispatch_id == dispatch_id).order_by(DELIVERY.c.id)
        ).scalars()
        return dispatch_id, list(ids)


def paced(
    database: Database,
    at: Callable[[], datetime],
    limits: Limits = NO_LIMITS,
    *,
    kind: type[Pacer] = Pacer,
    **more: Any,
) -> Pacer:
    """The pace of the account that the dispatches go through, as a run of `w1` keeps it."""
    with database.reading() as connection:
        account_id = connection.execute(select(_TABLES["account"].c.id)).scalar_one()
    return kind(PacingBook(database, account_id, "w1", at), limits, now=at, **({"wish": 2} | more))


def is_left_alone(session: Session, address: str, *sectors: str, keyring: Keyring = KEYRING) -> bool:
    """Whether no mail leaves to that address, or none of these sectors."""
    return Objectors(session, keyring).against(None, address, sectors) is not None


def delivery(database: Database, delivery_id: int) -> Any:
    """One delivery's row."""
    with database.reading() as connection:
        return connection.execute(select(DELIVERY).where(DELIVERY.c.id == delivery_id)).one()


def states(database: Database, ids: Sequence[int]) -> list[str]:
    """The deliveries' states, in the order of `ids`."""
    with database.reading() as connection:
        rows = connection.execute(select(DELIVERY.c.id, DELIVERY.c.state).where(DELIVERY.c.id.in_(ids)))
        found = {row.id: row.state for row in rows}
    return [found[number] for number in ids]


def attempts(database: Database, delivery_id: int) -> list[Any]:
    """A delivery's attempts, first one first."""
    with database.reading() as connection:
        return list(
            connection.execute(
                select(ATTEMPT).where(ATTEMPT.c.delivery_id == delivery_id).order_by(ATTEMPT.c.number, ATTEMPT.c.id)
            ).all()
        )


def put(database: Database, delivery_id: int, **values: Any) -> None:
    """Set a delivery's columns by hand, past the log: only to stage what a test starts from."""
    with database.transaction() as connection:
        connection.execute(update(DELIVERY).where(DELIVERY.c.id == delivery_id).values(**values))


def record_of(delivery_id: int, outcome: Outcome, **values: Any) -> AttemptRecord:
    """The record of an attempt that came to `outcome`."""
    return AttemptRecord(delivery_id, outcome, values.pop("started_at", START), **values)
