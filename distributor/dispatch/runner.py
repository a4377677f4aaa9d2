"""The async loop that carries a dispatch: claim, connect, deliver, record, until nothing is due."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from distributor import clock
from distributor.deliveries.log import DeliveryLog, LeaseLost
from distributor.deliveries.records import AttemptRecord, ClaimedDelivery
from distributor.dispatch.calling import CallOff
from distributor.dispatch.connections import Connections, set_within
from distributor.dispatch.ledger import Ledger
from distributor.dispatch.pacer import Admission, Pacer
from distributor.dispatch.result import CalledOff, End, GivesWay, Paused, RunResult, StandsStill
from distributor.dispatch.retry import RetryPolicy
from distributor.dispatch.scribe import Standby
from distributor.dispatch.supply import Supply
from distributor.dispatch.unison import MANY, Alike, Unison
from distributor.errors import DistributorError, FileReplaced, StorageTrouble
from distributor.states import DeliveryState, Outcome, Verdict
from distributor.transport.base import Connection, Envelope, Transport
from distributor.transport.presets import provider_of

_HEARTBEAT_S = 30.0
_WATCH_S = 0.5
"""How often a run looks whether it was called off, and goes to the database for its pace."""
_SHORT_WAIT_S = 60
_AT_ONCE = 24
"""So many messages are written at once, if together they are not larger nor take longer than that."""
_AHEAD_BYTES = 1 << 20
_AHEAD_S = 0.02
_PATIENCE = 5
"""How often in a row an account's short «slow down» is waited out before the dispatch pauses."""
_WAYS_OUT = {
    Verdict.CREDENTIALS: "Set the user name and the password that it wants (distributor accounts show {account}).",
    Verdict.QUOTA: "Wait until the quota is back; the provider knows when.",
    Verdict.SENDER: "Have this sender allowed there, or set another (distributor accounts show {account}).",
    Verdict.AUTHENTICATION: "See what SPF, DKIM and DMARC of our domain lack: distributor doctor",
    Verdict.ACCOUNT: "Where these words do not say what to mend, ask the provider, quoting them.",
}
"""What mends a refusal of us in the middle of a session; the words of the server stand before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Sends what is due of one dispatch over a few connections, each recipient's step durable before the next.

    `compose` turns a claimed delivery into its envelope; `on_outcome` is told of every recorded outcome, and is told
    no more once it has raised: a screen that is gone must not end a dispatch. A message is handed to a connection only
    after its claim. Its body leaves only after its `begin` is on the disk, and with it the verdict on the message
    before: one commit, shared with the other connections. Where the server takes commands ahead, the next message is
    announced behind the end of the one before.

    `pacer` says who may be sent to now, `called` whether another command called the dispatch off; `attend` is told that
    the run goes on, before it takes up more. `on_recorded`, told of every outcome, never raises. `account` is the name
    that attempts are kept with. With `sits_out` who waits for their provider is waited for, as the account is.
    """

    log: DeliveryLog
    transport: Transport
    compose: Callable[[ClaimedDelivery], Envelope]
    retry: RetryPolicy
    connections: int
    pacer: Pacer
    account: str = ""
    called: Callable[[], CallOff] = lambda: CallOff.NO
    attend: Callable[[], object] = lambda: None
    on_recorded: Callable[[ClaimedDelivery, Outcome], None] = lambda _claimed, _outcome: None
    on_outcome: Callable[[ClaimedDelivery, Outcome], None] = lambda _claimed, _outcome: None
    now: Callable[[], datetime] = clock.now
    jitter: Callable[[], float] = random.random
    sits_out: bool = False
    apart: Standby | None = None
    """Where the process stands by in which the log works, if it is not to work in this one."""
    on_heartbeat: Callable[[int], None] = lambda _accepted: None
    """Told on the ledger's thread, at each renewal of the leases, how many were accepted since the last."""

    async def run(self, dispatch_id: int, stop: asyncio.Event) -> RunResult:
        """Carry the dispatch until nothing is due, the account is refused, or `stop` is set.

        Stopping is in order: what is on the wire is finished and recorded, claims are given back. If the task is
        cancelled instead, what was on the wire becomes `in_doubt`, by name. Raises `StorageTrouble` and the like when
        the ledger cannot be written, after the connections have come to rest.
        """
        return await _Run(self, dispatch_id, stop).carry()


@dataclass(slots=True)
class _Message:
    """Who was admitted, and the envelope written for them; of an embargo that it tells of, the end."""

    admitted: Admission
    envelope: Envelope
    held_until: datetime | None = None


class _Run:
    """The state of one run."""

    def __init__(self, parts: Runner, dispatch_id: int, stop: asyncio.Event) -> None:
        self.parts = parts
        self.dispatch_id = dispatch_id
        self.stop = stop
        self.ledger = Ledger(parts.log, connections=parts.connections, apart=parts.apart)
        self.result = RunResult()
        self.patience = _PATIENCE
        self.slowed = 0
        self.unison = Unison(provider_of, parts.connections)
        self.failure: BaseException | None = None
        self.halted = asyncio.Event()
        self.connections = Connections(parts.transport, parts.pacer, self.halted, self._pause, self._others_send)
        self.observer: Callable[[ClaimedDelivery, Outcome], None] | None = parts.on_outcome
        self.supply = Supply(
            log=parts.log,
            ledger=self.ledger,
            pacer=parts.pacer,
            dispatch_id=dispatch_id,
            connections=parts.connections,
            now=parts.now,
            attend=parts.attend,
            halted=self.halted,
            open_connections=lambda: self.connections.count,
            sits_out=parts.sits_out,
        )
        self.ready: dict[int, tuple[ClaimedDelivery, Envelope]] = {}
        self.told = 0

    async def carry(self) -> RunResult:
        heartbeat = asyncio.create_task(self._keep_leases())
        watcher = asyncio.create_task(self._halt_on_stop())
        workers: list[asyncio.Task[None]] = []
        caller = asyncio.create_task(self._heed_calls(workers))
        try:
            await self.supply.tick()
            workers += [asyncio.create_task(self._work()) for _ in range(self.parts.connections)]
            # Those that a call to stop at once has cancelled are no exception: the run itself goes on to its end.
            await asyncio.gather(*workers, return_exceptions=True)
        except asyncio.CancelledError:
            self.ledger.hurry()
            raise
        finally:
            tasks = [*workers, heartbeat, watcher, caller]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.supply.close()
            if (unsaved := await self._settle()) is not None:
                raise self.failure or unsaved  # also to who cancelled us: nobody is told then that all is saved
        if self.failure is not None:
            raise self.failure
        self.result.stopped = self.stop.is_set()
        if self.supply.stands_still is not None:
            self.result.ends(StandsStill(self.supply.stands_still))
        return self.result

    async def _settle(self) -> DistributorError | None:
        """Give back what was claimed and not sent; what was being sent when we were cancelled is in doubt.

        Returns what kept that from being saved: the disk is full, say. The next run finds these rows by their dead
        worker's name and settles them.
        """
        try:
            await self.ledger.settle(self.parts.log.abandon)
            self.result.waits = self.parts.pacer.waits(self.parts.now())
            await self.parts.pacer.leave(self.ledger.call)
            await self._beat()
        except DistributorError as error:
            return error
        except asyncio.CancelledError:
            self.ledger.hurry()
            raise
        else:
            return None
        finally:
            await asyncio.shield(self.ledger.close())

    async def _work(self) -> None:
        """One connection's worth of work, until there is no more, or the run is halted."""
        connection: Connection | None = None
        refusals = 0
        try:
            while (admitted := await self.supply.take()) is not None:
                before = connection
                connection = await self.connections.ready(connection)
                if connection is None:
                    self.supply.put_back(admitted)
                    await self.connections.rest(refusals)
                    refusals += 1
                    continue
                refusals = 0
                # After an outage all connections stand at once: without this, as many messages would leave at once.
                # An idle connection is no delay, whatever the clock does.
                if connection is not before and admitted.until is not None and self.parts.now() > admitted.until:
                    self.supply.put_back(admitted)
                    continue
                message: _Message | None = self._written(admitted)
                while message is not None:
                    message = await self._send(connection, message)
        except Exception as error:  # noqa: BLE001 - the first failure halts the run in order and is raised at its end
            self._fail(error)
        finally:
            await self.connections.drop(connection)

    async def _heed_calls(self, workers: Sequence[asyncio.Task[None]]) -> None:
        """Halt within a second of another command's word, and drop the connections when it says «at once»."""
        while self.failure is None:
            await clock.sleep(_WATCH_S)
            try:
                call = await self.ledger.call(self.parts.called)
                if call is CallOff.NO:
                    await self.supply.tick()
                    continue
            except Exception as error:  # noqa: BLE001 - as in `_work`: who cannot be called off sends nothing more
                self._fail(error)
                return
            self._halt(GivesWay() if call is CallOff.FOR_A_START else CalledOff())
            if call is CallOff.AT_ONCE:
                for worker in workers:
                    worker.cancel()
                return

    def _spare(self) -> _Message | None:
        """The next message, if one lies ready: asked while the end of another is about to leave."""
        admitted = None if self.connections.are_too_many else self.supply.take_ready()
        if admitted is None:
            return None
        try:
            return self._written(admitted)
        except Exception:  # noqa: BLE001 - raised again when it is its turn, and not in the middle of another message
            self.supply.put_back(admitted)
            return None

    def _written(self, admitted: Admission) -> _Message:
        """The message of a delivery; where an embargo ends while it is written, it counts as telling of it."""
        until = admitted.claimed.embargo_until
        is_held = until is not None and until > self.parts.now()
        return _Message(admitted, self._composed(admitted.claimed), until if is_held else None)

    def _composed(self, claimed: ClaimedDelivery) -> Envelope:
        """The envelope of a delivery; those of the next ones are written with it.

        One after another they cost half of what each costs between two sends, which drive the writer's code and data
        out of the processor's cache. Who is under an embargo is left out: it may end before their message leaves.
        """
        if (envelope := self._written_ahead(claimed)) is not None:
            return envelope
        until = clock.monotonic() + _AHEAD_S
        envelope = self.parts.compose(claimed)
        ready, size = {}, len(envelope.message)
        for one in islice(self.supply.queue, _AT_ONCE):
            if size > _AHEAD_BYTES or clock.monotonic() > until:
                break
            if one.embargo_until is None:
                with contextlib.suppress(Exception):  # raised again when it is its turn
                    written = self._written_ahead(one) or self.parts.compose(one)
                    ready[one.id] = (one, written)
                    size += len(written.message)
        self.ready = ready
        return envelope

    def _written_ahead(self, claimed: ClaimedDelivery) -> Envelope | None:
        """The envelope that was written for this very claim: for one before it something else may have been true."""
        former, envelope = self.ready.get(claimed.id, (None, None))
        return envelope if former is claimed else None

    async def _send(self, connection: Connection, message: _Message) -> _Message | None:
        """Send one message; return the one that was announced behind it and must come next on this connection."""
        claimed, announced = message.admitted.claimed, list[_Message]()

        def following() -> Envelope | None:
            announced.extend(filter(None, [self._spare()]))
            return announced[0].envelope if announced else None

        started_at, slowed = self.parts.now(), self.slowed
        try:
            outcome = await connection.deliver(message.envelope, lambda: self._begin(message), following)
        except LeaseLost:
            await self._let_go(message.admitted)
            return None
        except BaseException:
            self._put_back(announced)
            raise
        self.parts.pacer.learn(message.admitted, outcome, self.parts.now())
        if not self.supply.ends(claimed):
            return None  # refused before its body, and claimed anew meanwhile: the new claim will hear it too
        attempt = self._attempt(claimed, outcome, started_at)
        said = self.ledger.record(attempt, lambda error: self._note(claimed, outcome, error))
        if self.parts.pacer.has_news:
            await self.supply.tick()
        alike = self.unison.hears(claimed.address, claimed.domain, outcome)
        is_about_us = outcome.verdict.is_account_level or alike is not None
        if announced and not is_about_us and connection.is_usable:
            return announced[0]
        self._put_back(announced)
        if announced:
            await self.connections.drop(connection)
        with contextlib.suppress(Exception):  # what kept it from the disk was told to `_note`
            await said.written()
        if is_about_us:
            await self._heed(outcome, slowed, alike)
        return None

    async def _heed(self, outcome: Outcome, slowed: int, alike: Alike | None) -> None:
        """Wait, or pause the dispatch, as an answer wants that is about us and not about its recipient."""
        # One line, whatever the server made of it; without a code when we did not even ask.
        words = " ".join(f"{outcome.code or ''} {outcome.reply}".split())
        if outcome.verdict.is_account_level and not await self._wait_out(outcome, slowed):
            self._pause(
                f"The mail server refuses us, not a recipient: {words}",
                f"Nobody's attempt was counted. {_WAYS_OUT[outcome.verdict].format(account=self.parts.account)}",
            )
        if alike is Alike.UNANSWERED:
            self._pause(
                "The mail server takes messages to their end and then does not answer; it has taken none meanwhile:"
                f" {words}",
                "A filter may die of this message, on that server or on the way to it: ask whoever runs it. Those who"
                f" may have it: distributor dispatches resolve {self.dispatch_id}",
            )
        if alike is Alike.REFUSED:
            self._pause(
                f"The mail server gave {MANY} newsrooms one answer and took nothing meanwhile: it seems to mean us:"
                f" {words}",
                "When that is mended, send to those who were refused again:"
                f" distributor dispatches retry {self.dispatch_id} --state rejected",
            )

    async def _begin(self, message: _Message) -> None:
        """Return when the intent to send is durable, and so is every verdict before it."""
        admitted = message.admitted
        # The server may have taken its time over what came before, and others have had what was counted.
        may = await self.parts.pacer.may_leave(admitted, self.ledger.call)
        if self.failure is not None:
            raise self.failure  # before it is durable: whoever has begun is sent to, or in doubt
        is_over = message.held_until is not None and message.held_until <= self.parts.now()
        if is_over or not may or not self.supply.begins(admitted.claimed):
            raise LeaseLost(admitted.claimed.id)
        await self.ledger.begin(admitted.claimed.id)

    async def _let_go(self, admitted: Admission) -> None:
        """An objection, another worker, a cancel, an embargo, a limit: no body left. The next claim decides."""
        self.parts.pacer.release(admitted)
        if self.supply.ends(admitted.claimed):
            await self.ledger.call(self.parts.log.release, [admitted.claimed.id])
        if await self.ledger.call(self.parts.log.is_called_off, self.dispatch_id):
            self._halt(CalledOff())

    def _put_back(self, announced: list[_Message]) -> None:
        """Nothing of these messages left: another connection, or a later run, sends them."""
        for message in announced:
            self.supply.put_back(message.admitted)

    def _note(self, claimed: ClaimedDelivery, outcome: Outcome, error: BaseException | None) -> None:
        """A verdict is on the disk, or cannot be: then nothing more may leave."""
        if error is not None:
            self._fail(error)
            return
        self.result.outcomes[outcome.state] += 1
        if outcome.state == DeliveryState.ACCEPTED:
            self.patience = _PATIENCE
        self.parts.on_recorded(claimed, outcome)
        self._tell(claimed, outcome)

    def _tell(self, claimed: ClaimedDelivery, outcome: Outcome) -> None:
        """Tell whoever watches. What watching comes to (a closed pipe, a lost terminal) never reaches the sending."""
        if self.observer is None:
            return
        try:
            self.observer(claimed, outcome)
        except (asyncio.CancelledError, KeyboardInterrupt):
            raise
        except BaseException:  # noqa: BLE001 - a closed pipe is a SystemExit to some libraries
            self.observer = None

    async def _wait_out(self, outcome: Outcome, slowed: int) -> bool:
        """Wait where the account is only asked to slow down for moments (SES: «454 Throttling failure»).

        `slowed` is how often it had been when this message began: several on the wire are asked once together.
        """
        wait = outcome.retry_after
        if outcome.verdict != Verdict.ACCOUNT or wait is None or wait > _SHORT_WAIT_S:
            return False
        if slowed == self.slowed:
            if self.patience <= 0:
                return False
            self.patience -= 1
            self.slowed += 1
        return not await set_within(self.halted, wait)

    def _attempt(self, claimed: ClaimedDelivery, outcome: Outcome, started_at: datetime) -> AttemptRecord:
        record = AttemptRecord(claimed.id, outcome, started_at, account=self.parts.account)
        if outcome.verdict.is_account_level or outcome.state == DeliveryState.QUEUED:
            return record  # a quota may last a day: the time in which we try this recipient has not begun
        if outcome.state in {DeliveryState.ACCEPTED, DeliveryState.REJECTED}:
            return record  # there is no trying any more
        retry = self.parts.retry
        expires_at = claimed.expires_at or retry.expires_at(started_at)
        if outcome.state != DeliveryState.DEFERRED:
            return replace(record, expires_at=expires_at)
        due = retry.next_attempt(outcome, claimed.refusals, self.parts.now(), self.parts.jitter())
        return replace(record, next_attempt_at=due, expires_at=expires_at)

    def _fail(self, error: BaseException) -> None:
        self.failure = self.failure or error
        self.halted.set()

    def _pause(self, reason: str, mend: str) -> None:
        self._halt(Paused(reason, mend))

    def _halt(self, why: End) -> None:
        self.result.ends(why)
        self.halted.set()

    async def _others_send(self) -> bool:
        return await self.ledger.call(self.parts.log.others_send, self.dispatch_id)

    async def _halt_on_stop(self) -> None:
        await self.stop.wait()
        self.halted.set()

    async def _keep_leases(self) -> None:
        while True:
            await clock.sleep(_HEARTBEAT_S)
            try:
                await self.ledger.call(self.parts.log.renew)
                await self._beat()
            except Exception as error:  # noqa: BLE001 - as in `_work`: whose lease runs out is taken for dead
                # A ledger that does not answer now may answer the next time, well before the lease is over.
                if isinstance(error, FileReplaced) or not isinstance(error, StorageTrouble):
                    self._fail(error)
                    return

    async def _beat(self) -> None:
        accepted = self.result.outcomes[DeliveryState.ACCEPTED]
        newly, self.told = accepted - self.told, accepted
        await self.ledger.call(self.parts.on_heartbeat, newly)
