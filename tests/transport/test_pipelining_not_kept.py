"""A server that offers PIPELINING and does not keep it: noticed soon, said once, and nobody pays for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from smtpclient import IMPATIENT, PATIENT, Begin, account, envelope, in_loop
from smtpserver import Fault, Groups, Script, ScriptedServer

from distributor.states import DeliveryState, Outcome, Phase, Verdict
from distributor.transport.account import Timeouts
from distributor.transport.base import Envelope
from distributor.transport.smtp import SmtpTransport

S, V = DeliveryState, Verdict
SOON = replace(PATIENT, command=30, data=30, dot=30, group=0.2)
"""Where a whole reply may take long, and only what a group leaves unanswered is noticed soon."""
NAMES = ["ada", "bea", "cleo", "dora"]


@dataclass
class Office:
    """A run of one account: whoever is queued again is sent over the next connection, as the runner does."""

    server: ScriptedServer
    timeouts: Timeouts
    told: list[str] = field(default_factory=list)
    outcomes: list[tuple[str, Outcome]] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.transport = SmtpTransport(account(self.server, timeouts=self.timeouts), tell=self.told.append)

    async def send(self, names: list[str]) -> None:
        """Send to all, until each has an outcome that stays."""
        row = [envelope(f"{name}@journal.example") for name in names]
        while row:
            connection = await self.transport.connect()
            while row and connection.is_usable:
                message, *rest = row
                outcome = await connection.deliver(message, self.begin(message), _first_of(rest))
                name = message.recipient.partition("@")[0]
                self.outcomes.append((name, outcome))
                row = row if outcome.state is S.QUEUED else rest
            await connection.close()

    def begin(self, message: Envelope) -> Begin:
        async def note() -> None:
            self.begun.append(message.recipient.partition("@")[0])

        return Begin(then=note)

    def states(self, name: str) -> list[DeliveryState]:
        return [outcome.state for who, outcome in self.outcomes if who == name]

    @property
    def accepted(self) -> list[str]:
        return [one.recipient.partition("@")[0] for one in self.server.accepted]


def _first_of(rest: list[Envelope]) -> Callable[[], Envelope | None]:
    return lambda: rest[0] if rest else None


async def run(script: Script, *faults: Fault, timeouts: Timeouts = SOON, names: list[str] = NAMES) -> Office:
    async with ScriptedServer(replace(script, pipelining=True, faults=faults)) as server:
        office = Office(server, timeouts)
        await office.send(names)
    assert server.violations == []
    return office


@pytest.mark.parametrize("groups", ["first only", "none behind a body", "lagging", "objecting", "hanging up"])
@in_loop
async def test_it_is_noticed_soon_and_everybody_is_reached_once_one_command_at_a_time(groups: Groups) -> None:
    office = await run(Script(groups=groups))
    assert office.accepted == NAMES
    assert office.begun == NAMES
    again = [outcome for _, outcome in office.outcomes if outcome.state is S.QUEUED]
    assert [(one.verdict, one.phase is Phase.BODY) for one in again] == [(V.CONNECTION, False)]
    assert "PIPELINING" in again[0].reply
    assert len(office.told) == 1
    assert "PIPELINING" in office.told[0]
    assert office.server.together <= 3  # the one group that it did not keep
    assert office.server.connections == 2


@in_loop
async def test_who_was_sent_when_the_end_of_their_message_was_missed_is_in_doubt_and_nobody_after_them() -> None:
    office = await run(Script(groups="blind to the dot"), timeouts=replace(IMPATIENT, group=0.2))
    assert office.states("ada") == [S.IN_DOUBT]
    assert office.accepted == ["bea", "cleo", "dora"]
    assert len(office.told) == 1


@in_loop
async def test_a_refusal_in_a_group_that_lost_a_command_is_no_refusal() -> None:
    """Where the RCPT is lost, what DATA is answered with looks like the answer to it: «503 No valid recipients»."""
    office = await run(Script(groups="losing one"))
    assert office.states("ada") == [S.QUEUED, S.ACCEPTED]
    assert office.accepted == NAMES
    assert len(office.told) == 1


@in_loop
async def test_a_server_that_has_kept_its_groups_may_take_its_time() -> None:
    slow = (Fault("rcpt", delay=0.5, recipient="cleo@*"), Fault("data", delay=0.5, recipient="dora@*"))
    office = await run(Script(), *slow)
    assert office.accepted == NAMES
    assert office.told == []
    assert office.server.connections == 1


@in_loop
async def test_a_refusal_that_keeps_step_is_no_disorder() -> None:
    office = await run(Script(), Fault("rcpt", reply="550 5.1.1 Unknown", recipient="ada@*"))
    assert office.states("ada") == [S.REJECTED]
    assert office.accepted == ["bea", "cleo", "dora"]
    assert office.told == []
