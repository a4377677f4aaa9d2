"""A storm on one dispatch: its senders killed, frozen and called off, its clock, database and server moody, by lot.

`make test` weathers one on each engine, `make torture` twenty-five; how many blows fell is told at the end of either.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from databases import LONG, hold_for_a_moment
from movingclock import MovingClock
from office import EVERYBODY, SLUG, Office, finish, until
from smtpserver import Fault, Script, ScriptedServer, running
from sqlalchemy import text
from test_many_machines import dispatch_state, url_of
from warmcommand import APART_FROM, WarmCommand

from distributor.db.engine import Database

CONNECTIONS = 3
SENDERS = 3
BLOWS = 14
SLOW = (Fault("rcpt", delay=0.02), Fault("body", delay=0.15))
"""Slow enough that blows land in every phase; the delay at `body` comes after the message is in the journal."""
MOODS = (
    Fault("mail", reply="421 4.3.2 Going down", then_drop=True),
    Fault("rcpt", reply="451 4.3.0 Try again"),
    Fault("rcpt", reply="550 5.1.1 User unknown"),
    Fault("data", do="drop"),
    Fault("body", do="drop"),
    Fault("body", reply="451 4.3.0 Try again"),
    Fault("body", do="accept_then_drop"),
    Fault("body", also="421 4.3.2 Bye"),
)
SOCIAL = [person.spec for person in EVERYBODY if person.sector == "social"]


@dataclass
class Storm:
    """One dispatch, and what befalls it."""

    sending: Office
    database: Database
    server: ScriptedServer
    clock: MovingClock
    random: Random
    blows: Counter[str]
    senders: list[WarmCommand] = field(default_factory=list)
    may_doubt: int = 0
    """How many messages may be in doubt by now."""

    def rages(self) -> None:
        """So many blows, each at a moment drawn by lot, or until there is nothing left to strike at."""
        for _ in range(BLOWS):
            self._reinforce()
            time.sleep(self.random.uniform(0, 0.3))
            if dispatch_state(self.database) == "done":
                return
            strike, weight = zip(*self._strikes(), strict=True)
            self.random.choices(strike, weight)[0]()

    def abates(self) -> None:
        """All is well again, and somebody sees to it that the dispatch comes to its end."""
        self.server.mend()
        if not self.database.is_sqlite:
            self.clock.set(datetime.now(UTC), runs=True)
        for sender in self.senders:
            sender.terminate()
            finish(sender)
        until(self._is_over, "it comes to its end", seconds=120)

    def _is_over(self) -> bool:
        if dispatch_state(self.database) == "done":
            return True
        finish(self.sending.start("dispatches", "resume", "1"))
        if self.database.is_sqlite:
            self._set_clock(hours=1)
        return False

    def _strikes(self) -> Iterator[tuple[Callable[[], None], int]]:
        yield self._kill, 4
        yield self._signal, 2
        yield self._freeze, 1
        yield self._call_off, 1
        yield self._hold, 1
        yield self._leap, 1
        yield self._sour, 2

    def _reinforce(self) -> None:
        """Whoever has ended said what for, and no traceback; others take over."""
        for ended in [one for one in self.senders if one.poll() is not None]:
            self.senders.remove(ended)
            finish(ended)
        for _ in range(self.random.randint(1, SENDERS) - len(self.senders)):
            is_wanted = dispatch_state(self.database) == "paused" or self.random.random() < 0.5
            command = ["dispatches", "resume", "1"] if is_wanted else ["work"]
            self.senders.append(self.sending.start(*command))

    def _kill(self) -> None:
        self._one().kill()
        self.may_doubt += CONNECTIONS
        self.blows["SIGKILL"] += 1

    def _signal(self) -> None:
        sender, number = self._one(), self.random.choice([signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
        sender.send_signal(number)
        self.blows[number.name] += 1
        if number is not signal.SIGHUP and self.random.random() < 0.5:  # at once
            time.sleep(self.random.uniform(0, 0.05))
            sender.send_signal(number)
            self.may_doubt += CONNECTIONS
            self.blows[number.name] += 1

    def _freeze(self) -> None:
        sender = self._one()
        sender.send_signal(signal.SIGSTOP)
        time.sleep(self.random.uniform(0, 0.6))
        sender.send_signal(signal.SIGCONT)
        self.blows["SIGSTOP"] += 1

    def _call_off(self) -> None:
        word = self.random.choice(["pause", "stop"])
        finish(self.sending.start("dispatches", word, "1"))
        self.may_doubt += CONNECTIONS * len(self.senders)
        self.blows[f"dispatches {word}"] += 1

    def _hold(self) -> None:
        hold_for_a_moment(self.database, self.random.uniform(0, 0.4))
        self.blows["database held"] += 1

    def _leap(self) -> None:
        minutes = 90 if self.database.is_sqlite else 0.5  # a server wants our clock to agree with its own to a minute
        self._set_clock(minutes=self.random.uniform(-minutes, minutes))
        self.blows["clock set"] += 1

    def _set_clock(self, **by: float) -> None:
        self.clock.set(self.clock.now() + timedelta(**by), runs=True)

    def _sour(self) -> None:
        mood = replace(self.random.choice(MOODS), times=self.random.randint(1, 4))
        self.server.turn(mood, *SLOW)
        self.may_doubt += mood.times or 0
        self.blows["server"] += 1

    def _one(self) -> WarmCommand:
        return self.random.choice(self.senders)


def check(storm: Storm) -> None:
    """Everybody is in one state, which is true; nobody has it twice; doubt is bounded."""
    times = Counter(one.recipient for one in storm.server.accepted)
    with storm.database.reading() as connection:
        states = {row.address: row.state for row in connection.execute(text("SELECT address, state FROM delivery"))}
    assert sorted(states) == sorted(SOCIAL)
    assert set(states.values()) <= {"accepted", "rejected", "expired", "in_doubt"}
    assert max(times.values()) == 1, "somebody was mailed twice"
    for address, state in states.items():
        assert state == "in_doubt" or times[address] == (state == "accepted"), (address, state, times[address])
    assert sum(state == "in_doubt" for state in states.values()) <= storm.may_doubt
    assert storm.server.violations == []


def weather(office: Office, database: Database, folder: Path, seed: int, blows: Counter[str]) -> None:
    """Let a storm rage and abate, and check what it left."""
    clock, random = MovingClock(folder / "clock", datetime.now(UTC)), Random(seed)
    clock.set(clock.now(), runs=True)
    office.send(SLUG, "social", code=4)  # nothing listens at its port: the dispatch is planned, and paused
    with running(Script(SLOW, pipelining=random.random() < 0.5)) as server:
        sending = office.at(server.port, smtp_connections=str(CONNECTIONS), retry_minutes="0.01").by(clock)
        if random.random() < 0.3:  # the delivery log in a process of its own, which nobody kills: it must end by itself
            sending.settings[APART_FROM] = "1"
        storm = Storm(sending, database, server, clock, random, blows)
        storm.rages()
        storm.abates()
        check(storm)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(LONG))
def test_a_storm_on_a_file(office: Office, tmp_path: Path, seed: int, blows: Counter[str]) -> None:
    with closing(Database(f"sqlite:///{office.path / 'press.db'}")) as database:
        weather(office, database, tmp_path, seed, blows)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(LONG))
def test_a_storm_on_a_server(
    office: Office, server_database: Database, tmp_path: Path, seed: int, blows: Counter[str]
) -> None:
    office.run("db", "copy", url_of(server_database))
    weather(office.at(9, database_url=url_of(server_database)), server_database, tmp_path, seed, blows)
