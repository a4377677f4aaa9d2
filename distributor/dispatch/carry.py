"""One run of one dispatch, from its row to its row: recover, compose, send, and say how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import exists, not_, select, update
from sqlmodel import Session, col

from distributor import clock
from distributor.db.engine import Database
from distributor.deliveries.log import ClaimedDelivery, DeliveryLog, Recovery, Standing
from distributor.dispatch.composing import EnvelopeWriter, Identity, make_composer, read_attachments
from distributor.dispatch.retry import RetryPolicy
from distributor.dispatch.runner import Runner, RunResult
from distributor.dispatch.workers import is_alive
from distributor.errors import BadInput
from distributor.models import Delivery, Dispatch, Release, ReleaseVersion
from distributor.releases.store import attachments_of
from distributor.rendering.templates import TemplateSet
from distributor.settings import InDoubtPolicy
from distributor.states import OPEN_STATES, DeliveryState, DispatchState, Outcome
from distributor.tokens import Keyring
from distributor.transport.base import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Carries dispatches of one workspace."""

    database: Database
    log: DeliveryLog
    keyring: Keyring
    workspace: Path
    timezone: ZoneInfo
    retry: RetryPolicy
    connections: int
    in_doubt: InDoubtPolicy
    now: Callable[[], datetime] = clock.now

    def recover(self) -> Recovery:
        """Settle what killed commands left behind, dispatches that only their last word was missing from included."""
        recovery = self.log.recover(is_alive)
        waiting = exists().where(
            col(Delivery.dispatch_id) == col(Dispatch.id), col(Delivery.state).in_(list(OPEN_STATES))
        )
        with self.database.transaction() as connection:
            connection.execute(
                update(Dispatch)
                .where(col(Dispatch.state) == DispatchState.RUNNING, not_(waiting))
                .values(state=DispatchState.DONE, finished_at=self.now())
            )
        self._withhold_cancelled()
        return recovery

    def pause(self, dispatch_id: int, reason: str) -> None:
        """Set a dispatch aside that cannot go on as it stands, and keep why."""
        with self.database.transaction() as connection:
            connection.execute(
                update(Dispatch)
                .where(col(Dispatch.id) == dispatch_id, col(Dispatch.state) != DispatchState.CANCELLED)
                .values(state=DispatchState.PAUSED, pause_reason=reason)
            )

    def _withhold_cancelled(self) -> None:
        """Withhold whom a stopped command gave back to a dispatch that was cancelled meanwhile."""
        with self.database.reading() as connection:
            rows = connection.execute(
                select(col(Dispatch.id))
                .join(Delivery, col(Delivery.dispatch_id) == col(Dispatch.id))
                .where(
                    col(Dispatch.state) == DispatchState.CANCELLED,
                    col(Delivery.state).in_([DeliveryState.QUEUED, DeliveryState.DEFERRED]),
                )
                .distinct()
            ).all()
        for (dispatch_id,) in rows:
            if dispatch_id is not None:
                self.log.withhold(dispatch_id, "cancelled")

    def due(self) -> list[int]:
        """The dispatches that have something to send now, oldest first; paused and cancelled ones excepted."""
        with self.database.reading() as connection:
            rows = connection.execute(
                select(col(Delivery.dispatch_id))
                .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
                .where(
                    col(Dispatch.state).in_([DispatchState.PLANNED, DispatchState.RUNNING]),
                    (col(Delivery.state) == DeliveryState.QUEUED)
                    | ((col(Delivery.state) == DeliveryState.DEFERRED) & (col(Delivery.next_attempt_at) <= self.now())),
                )
                .distinct()
                .order_by(col(Delivery.dispatch_id))
            )
            return [row[0] for row in rows]

    async def carry(
        self,
        dispatch_id: int,
        transport: Transport,
        stop: asyncio.Event,
        on_outcome: Callable[[ClaimedDelivery, Outcome], None] = lambda _claimed, _outcome: None,
    ) -> RunResult:
        """Send what is due of one dispatch, and leave its row saying how it stands.

        Raises `BadInput` for a dispatch that is cancelled or unknown.
        """
        writer = self._open(dispatch_id)
        self._apply_policy(dispatch_id)
        runner = Runner(
            log=self.log,
            transport=transport,
            compose=writer.write,
            retry=self.retry,
            connections=self.connections,
            on_outcome=on_outcome,
            now=self.now,
        )
        result = await runner.run(dispatch_id, stop)
        self._close(dispatch_id, result)
        return result

    def standing(self, dispatch_id: int) -> Standing:
        """How a dispatch stands."""
        return self.log.standing(dispatch_id)

    def _open(self, dispatch_id: int) -> EnvelopeWriter:
        with self.database.session() as session:
            dispatch = session.get(Dispatch, dispatch_id)
            if dispatch is None:
                raise BadInput(f"There is no dispatch {dispatch_id}.", mend="See: distributor dispatches list")
            if dispatch.state == DispatchState.CANCELLED:
                raise BadInput(f"Dispatch {dispatch_id} was cancelled.", mend="Send the release again.")
            dispatch.state = DispatchState.RUNNING
            dispatch.pause_reason = ""
            dispatch.started_at = dispatch.started_at or self.now()
            session.add(dispatch)
            return self._writer(session, dispatch)

    def _writer(self, session: Session, dispatch: Dispatch) -> EnvelopeWriter:
        version, slug = session.exec(
            select(ReleaseVersion, col(Release.slug))  # type: ignore[call-overload]
            .join(Release, col(Release.id) == col(ReleaseVersion.release_id))
            .where(col(ReleaseVersion.id) == dispatch.release_version_id)
        ).one()
        identity = Identity(**dispatch.identity)
        composer = make_composer(
            version,
            slug,
            identity,
            TemplateSet.from_sources(dispatch.templates),
            attachments=read_attachments(self.workspace, attachments_of(session, version)),
            timezone=self.timezone,
            is_test=dispatch.is_test,
        )
        return EnvelopeWriter(composer, identity, self.keyring, dispatch.message_date)

    def _apply_policy(self, dispatch_id: int) -> None:
        """Settle deliveries in doubt as the operator's policy says; `hold` leaves them to a person."""
        settled = {
            InDoubtPolicy.RESEND: DeliveryState.QUEUED,
            InDoubtPolicy.ASSUME_SENT: DeliveryState.ACCEPTED,
        }.get(self.in_doubt)
        if settled is None:
            return
        with self.database.reading() as connection:
            doubtful = connection.execute(
                select(col(Delivery.id)).where(
                    col(Delivery.dispatch_id) == dispatch_id, col(Delivery.state) == DeliveryState.IN_DOUBT
                )
            ).scalars()
            numbers = [number for number in doubtful if number is not None]
        for number in numbers:
            self.log.settle_doubt(number, settled, f"policy {self.in_doubt}")

    def _close(self, dispatch_id: int, result: RunResult) -> None:
        counts = self.log.standing(dispatch_id).counts
        is_over = not any(counts.get(state) for state in OPEN_STATES)
        if result.paused_because:
            state = DispatchState.PAUSED
        else:
            state = DispatchState.DONE if is_over else DispatchState.RUNNING
        with self.database.transaction() as connection:
            connection.execute(
                update(Dispatch)
                .where(col(Dispatch.id) == dispatch_id, col(Dispatch.state) != DispatchState.CANCELLED)
                .values(
                    state=state,
                    pause_reason=result.paused_because,
                    finished_at=self.now() if state == DispatchState.DONE else None,
                )
            )
        self._withhold_cancelled()
