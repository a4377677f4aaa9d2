"""Carrying the dispatches of a workspace: each is run from its row to its row."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlmodel import col

from distributor.deliveries.records import ClaimedDelivery
from distributor.dispatch.accounts.takeover import Takeover, account_of, take_over
from distributor.dispatch.accounts.ways import Way, Ways
from distributor.dispatch.calling import CallOff, read_call
from distributor.dispatch.closing import close
from distributor.dispatch.messages.composing import EnvelopeWriter
from distributor.dispatch.opening import Opening
from distributor.dispatch.pacer import Bounds, Pacer
from distributor.dispatch.pacing import PacingBook
from distributor.dispatch.recipients.lapsing import Lapsing
from distributor.dispatch.result import CalledOff, CutOff, GivesWay, Paused, RanOut, RunResult, StandsStill
from distributor.dispatch.retry import RetryPolicy
from distributor.dispatch.runner import Runner
from distributor.dispatch.scribe import Standby
from distributor.dispatch.upkeep import Upkeep
from distributor.errors import AccountTrouble, BadInput
from distributor.models import Delivery, Dispatch
from distributor.settings import InDoubtPolicy
from distributor.states import OPEN_STATES, DeliveryState, Outcome
from distributor.tokens import Keyring
from distributor.transport.presets import provider_of

_APART_FROM = 2_000
"""So many recipients are worth the process for the delivery log, which takes some 15 MB."""
_TOLD = {Paused: "paused", StandsStill: "waits", GivesWay: "gives_way", CutOff: "cut_off", CalledOff: "called_off"}
"""Why a run ended, in the event log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier(Upkeep):
    """Carries dispatches of one workspace.

    `connections` are those of this worker; without a number each account has its own. From `apart_from` recipients on,
    a process of its own writes the delivery log.
    """

    keyring: Keyring
    workspace: Path
    retry: RetryPolicy
    connections: int | None
    apart_from: int = _APART_FROM
    standby: Standby = field(default_factory=Standby)

    @contextmanager
    def prepared(self, recipients: int) -> Iterator[None]:
        """Within it that many are about to be planned and carried: what takes long to start is started meanwhile."""
        if recipients >= self.apart_from and self.log.errand() is not None:
            self.standby.start()
        try:
            yield
        finally:
            self.standby.dismiss()

    async def carry(
        self,
        dispatch_id: int,
        ways: Ways,
        stop: asyncio.Event,
        on_outcome: Callable[[ClaimedDelivery, Outcome], None] = lambda _claimed, _outcome: None,
        in_doubt: InDoubtPolicy | None = None,
        *,
        resumes: bool = True,
        gives_way: bool = False,
        sits_out: bool = False,
    ) -> RunResult:
        """Send what is due of one dispatch through its account, and leave its row saying how it stands.

        Where the account is refused, and no recipient, the second one that the dispatch names takes over.
        `in_doubt` is the operator's word, for this time, about who is in doubt; without it the setting decides. One
        that is paused goes on only if this `resumes` it: a stop that came a moment before holds.

        With `gives_way` it ends, to be gone on with, when the hour of another one has come meanwhile. With `sits_out`
        it waits, once nobody else is left, for a provider that is soon to be sent to again. Cancelled after `stop`, it
        drops the connections, and ends in order all the same: stopped, whoever was on the wire in doubt.

        Raises as `Opening.open` and `require_right_clock`.
        """
        self.require_right_clock()
        opening = Opening(
            log=self.log, keyring=self.keyring, workspace=self.workspace, timezone=self.timezone,
            operator=self.operator, now=self.now,
        )  # fmt: skip
        with self.database.session() as session:
            writer = opening.open(session, dispatch_id, resumes=resumes)
            if isinstance(writer, RunResult):
                return writer
            self.roster.beat_with(session.connection(), dispatch_id, 0)  # it runs, and so somebody carries it
        self.log.note_informed(dispatch_id)
        policy = in_doubt or self.in_doubt
        self.settle_doubts(dispatch_id, policy, asked=in_doubt is not None)
        self.events.tell("dispatch.started", dispatch_id=dispatch_id)
        carriage = _Carriage(
            carrier=self,
            dispatch_id=dispatch_id,
            ways=ways,
            stop=stop,
            writer=writer,
            on_outcome=on_outcome,
            policy=policy,
            since=self.moment() if gives_way else None,
            sits_out=sits_out,
            lapsing=Lapsing(
                database=self.database, log=self.log, keyring=self.keyring, zone=self.timezone, dispatch_id=dispatch_id,
                actor=self.operator, now=self.now,
            ),
        )  # fmt: skip
        return await carriage.run()


@dataclass(slots=True, kw_only=True)
class _Carriage:
    """One run of one dispatch, taken up already: through its account, or a second one, and put down in its row.

    It gives way to another one whose hour has come after `since`, if that is said.
    """

    carrier: Carrier
    dispatch_id: int
    ways: Ways
    stop: asyncio.Event
    writer: EnvelopeWriter
    on_outcome: Callable[[ClaimedDelivery, Outcome], None]
    policy: InDoubtPolicy
    lapsing: Lapsing
    since: datetime | None
    sits_out: bool
    outcomes: Counter[DeliveryState] = field(default_factory=Counter)
    takeovers: list[Takeover] = field(default_factory=list)

    async def run(self) -> RunResult:
        """As `Carrier.carry` says."""
        self.lapsing.look()
        try:
            result = await self._go_through_accounts()
        except asyncio.CancelledError:
            if not self.stop.is_set():
                raise
            result = RunResult(stopped=True)  # told twice: what was on the wire is settled, and this is its end
        result.outcomes, result.takeovers, result.lapsed = self.outcomes, self.takeovers, self.lapsing.withheld
        if self.takeovers and isinstance(result.end, Paused):
            last = self.takeovers[-1]
            because = f"{last.because} Then, through «{last.second}»: {result.end.because}"
            result.end = replace(result.end, because=because)
        self._close(result)
        self._tell_end(result)
        return result

    async def _go_through_accounts(self) -> RunResult:
        while True:
            with self.carrier.database.session(reads_only=True) as session:
                account = account_of(session, self.dispatch_id)
            result = await self._go_through(account)
            takeover = None if self.stop.is_set() else self._take_over(account, result)
            if takeover is None:
                return result
            self.takeovers.append(takeover)

    async def _go_through(self, account: str) -> RunResult:
        """Send through one account until nobody may be sent to, in doubt or left by a dead worker neither."""
        try:
            way = self.ways.way(account)
        except (AccountTrouble, BadInput) as error:
            return RunResult(end=Paused(error.complaint, error.mend))
        runner = self._runner(account, way)
        result = await runner.run(self.dispatch_id, self.stop)
        while self._goes_on(result):
            result = await runner.run(self.dispatch_id, self.stop)
        return result

    def _runner(self, account: str, way: Way) -> Runner:
        carrier, dispatch_id = self.carrier, self.dispatch_id
        connections = carrier.connections or way.connections
        carrier.roster.beat(dispatch_id, connections)
        return Runner(
            log=carrier.log,
            transport=way.transport,
            compose=self.writer.write,
            retry=carrier.retry,
            connections=connections,
            account=account,
            pacer=self._pacer(way),
            called=self._read_call,
            attend=carrier.attend,
            on_recorded=self._recorded,
            on_outcome=self.on_outcome,
            now=carrier.now,
            sits_out=self.sits_out,
            apart=carrier.standby if self._is_large() else None,
            on_heartbeat=lambda accepted: carrier.roster.beat(dispatch_id, connections, accepted),
        )

    def _pacer(self, way: Way) -> Pacer:
        """The pace of the account that the dispatch goes through."""
        carrier = self.carrier

        def bounds() -> Bounds:
            """What the account bears by now; as long as it is set to something that cannot be, what it bore before."""
            nonlocal way
            with suppress(AccountTrouble, BadInput):
                way = self.ways.way(way.account)
            return way.limits, way.domain_limits, carrier.connections or way.connections

        with carrier.database.reading() as connection:
            account_id = connection.execute(
                select(col(Dispatch.account_id)).where(col(Dispatch.id) == self.dispatch_id)
            ).scalar_one()
        return Pacer(
            PacingBook(carrier.database, account_id, carrier.log.worker),
            way.limits,
            wish=carrier.connections or way.connections,
            scope_of=provider_of,
            domain_limits=way.domain_limits,
            bounds=bounds,
            now=carrier.now,
        )

    def _is_large(self) -> bool:
        """Whether so many wait that a process of its own pays for the delivery log; no more than so many are read."""
        waiting = (
            select(col(Delivery.id))
            .where(col(Delivery.dispatch_id) == self.dispatch_id, col(Delivery.state).in_(list(OPEN_STATES)))
            .limit(self.carrier.apart_from)
            .subquery()
        )
        with self.carrier.database.reading() as connection:
            many: int = connection.execute(select(func.count()).select_from(waiting)).scalar_one()
        return many >= self.carrier.apart_from

    def _recorded(self, claimed: ClaimedDelivery, outcome: Outcome) -> None:
        self.outcomes[outcome.state] += 1
        self.carrier.events.tell_outcome(self.dispatch_id, claimed, outcome)

    def _read_call(self) -> CallOff:
        """Whether the dispatch was called off, its cut-off has come, or it is to give way.

        Whoever of a follow-up has answered meanwhile is withheld.
        """
        carrier = self.carrier
        carrier.attend()
        self.lapsing.look()
        call = read_call(carrier.database, self.dispatch_id, carrier.log.moment)
        gives_way = (
            call is CallOff.NO and self.since is not None and carrier.comes_meanwhile(self.dispatch_id, self.since)
        )
        return CallOff.FOR_A_START if gives_way else call

    def _goes_on(self, result: RunResult) -> bool:
        """Whether a run is followed by another: somebody was found, or it was paused, and resumed before its end."""
        if self.stop.is_set():
            return False
        if isinstance(result.end, CalledOff):
            return read_call(self.carrier.database, self.dispatch_id, self.carrier.log.moment) is CallOff.NO
        return isinstance(result.end, RanOut) and self._find_more()

    def _find_more(self) -> bool:
        """Whether somebody may be sent to after all: in doubt, or in the hands of a worker that died meanwhile."""
        requeued = self.carrier.bury().requeued
        return bool(self.carrier.settle_doubts(self.dispatch_id, self.policy, asked=False) or requeued)

    def _take_over(self, account: str, result: RunResult) -> Takeover | None:
        """Hand the dispatch on when its account was refused; None when it was not, or nobody takes over."""
        if not isinstance(result.end, Paused):
            return None
        carrier = self.carrier
        with carrier.database.session() as session:
            takeover = take_over(
                session,
                self.dispatch_id,
                account,
                because=result.end.because,
                actor=carrier.operator,
                now=carrier.now(),
            )
        if takeover is not None:
            told = takeover.as_json()
            carrier.events.tell(
                "dispatch.taken_over",
                personal={"because": told.pop("because")},  # the server's words, with our addresses among them
                dispatch_id=self.dispatch_id,
                **told,
            )
        return takeover

    def _close(self, result: RunResult) -> None:
        """Write how the dispatch stands: its cut-off may have come, or somebody have cancelled it."""
        carrier = self.carrier
        carrier.schedule.cut_off()
        with carrier.database.transaction() as connection:
            close(connection, self.dispatch_id, result, carrier.now())
        carrier.withhold_cancelled()

    def _tell_end(self, result: RunResult) -> None:
        """Tell the event log how the run ended, and what is waited for."""
        for wait in result.waits:
            self.carrier.events.tell(
                "pace.waits",
                dispatch_id=self.dispatch_id,
                what=wait.what or "account",
                until=wait.until.isoformat(),
                why=wait.why,
            )
        with self.carrier.database.reading() as connection:
            state = connection.execute(
                select(col(Dispatch.state)).where(col(Dispatch.id) == self.dispatch_id)
            ).scalar_one()
        why = [] if isinstance(result.end, RanOut) else [_TOLD[type(result.end)]]
        why += ["stopped"] if result.stopped else []
        outcomes = {outcome.value: many for outcome, many in result.outcomes.items()}
        self.carrier.events.tell(
            "dispatch.ended", dispatch_id=self.dispatch_id, state=state, because=why, outcomes=outcomes
        )
