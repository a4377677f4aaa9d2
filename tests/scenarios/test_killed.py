"""Killed with SIGKILL, twenty times over, or the server killed: nobody lost or mailed twice, doubt bounded, by name."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from movingclock import MovingClock
from office import (
    EVERYBODY,
    SECTORS,
    SLUG,
    JournalingServer,
    Office,
    finish,
    journaling_server,
    let_time_pass,
    one_sentence,
    send_arguments,
    until,
)
from smtpserver import Accepted, Fault, Script, running
from warmcommand import APART_FROM, WarmCommand

CONNECTIONS = 3
KILLS = 5
SLOW = Script(faults=(Fault("rcpt", delay=0.01), Fault("data", delay=0.02), Fault("body", delay=0.04)))
"""Slow enough that kills land in every phase; the delay at `body` comes after the message is in the journal."""


def kill_in_the_middle(process: WarmCommand, server: JournalingServer, random: Random, number: int) -> None:
    """Kill at a moment drawn by lot: three times out of five by what the server has accepted, else by the clock.

    By the clock, start-up, recovery and planning are hit as well; progress caps it, so that a quick machine has
    something left to send.
    """
    before = len(server.journal())
    by_progress = number % 5 < 3
    messages = random.randint(1, 4) if by_progress else 7
    latest = time.monotonic() + (20 if by_progress else random.uniform(0.1, 1.5))
    until(
        lambda: len(server.journal()) >= before + messages or time.monotonic() > latest or process.poll() is not None,
        "there was a moment to kill at",
        seconds=30,
    )
    # Not to wait for anything: to strike at any point of a message's way, and not only just behind an acceptance.
    time.sleep(random.uniform(0, 0.04))
    process.kill()


def kill_again_and_again(office: Office, folder: Path, seed: int, sector: str) -> None:
    """Send to one list, killed at random again and again, and check what came of it."""
    random = Random(seed)
    people = [person for person in EVERYBODY if person.sector == sector]
    script = replace(SLOW, pipelining=seed % 2 == 1)  # every second server takes commands ahead
    with journaling_server(folder, script) as server:
        sending = office.at(server.port, smtp_connections=str(CONNECTIONS))
        if seed % 3 == 1:  # the delivery log in a process of its own, which nobody kills: it must end by itself
            sending.settings[APART_FROM] = "1"
        for number in range(KILLS):
            is_planned = sending.query("SELECT count(*) FROM dispatch") == [(1,)]
            command = ["dispatches", "resume", "1"] if is_planned else send_arguments(SLUG, sector)
            process = sending.start(*command)
            kill_in_the_middle(process, server, random, number)
            finish(process, -signal.SIGKILL)
            ((on_the_wire,),) = sending.query("SELECT count(*) FROM delivery WHERE state = 'sending'")
            assert on_the_wire <= CONNECTIONS
        finish(sending.start("dispatches", "resume", "1"), 0, 5)
        check_nobody_lost_or_twice(sending, server, [person.spec for person in people])
        assert server.violations() == []


def check_nobody_lost_or_twice(sending: Office, server: JournalingServer, everybody: list[str]) -> None:
    """Everyone is accepted, once; or in doubt, by name, and got it once or never."""
    journal = server.journal()
    times = Counter(accepted.recipient for accepted in journal)
    assert set(times.values()) <= {1}, "somebody was mailed twice"
    recipients = sending.deliveries()
    states = {one["address"]: one["state"] for one in recipients}
    assert sorted(states) == sorted(everybody)
    assert set(states.values()) <= {"accepted", "in_doubt"}, "somebody was lost"
    accepted = {address for address, state in states.items() if state == "accepted"}
    assert accepted <= set(times)
    in_doubt = sending.in_doubt()
    assert set(in_doubt) == set(states) - accepted
    assert len(in_doubt) <= CONNECTIONS * KILLS
    assert all(in_doubt.values())
    identifiers = {one["address"]: one["message_id"] for one in recipients}
    assert all(identifiers[one.recipient] == one.message_id for one in journal)


class Scenarios(NamedTuple):
    """What runs in the background while this module's tests wait for it."""

    killed: dict[str, Future[None]]
    dying: Future[Dying]


@pytest.fixture(scope="module")
def scenarios(prepared_office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenarios]:
    """The dispatches of this module, each in a workspace of its own.

    Two at a time, since most of it is starting up; beside them the one that waits for a server that is dead.
    """
    folders = {name: tmp_path_factory.mktemp(name) for name in (*SECTORS, "dying")}
    offices = {name: prepared_office.copied_to(folder) for name, folder in folders.items()}
    with ThreadPoolExecutor(1) as thread, ThreadPoolExecutor(2) as threads:
        yield Scenarios(
            dying=thread.submit(lose_the_server, offices["dying"], folders["dying"]),
            killed={
                sector: threads.submit(kill_again_and_again, offices[sector], folders[sector], seed, sector)
                for seed, sector in enumerate(SECTORS)
            },
        )
    for office in offices.values():
        office.close()


@pytest.mark.parametrize("sector", SECTORS)
def test_killed_again_and_again(scenarios: Scenarios, sector: str, blows: Counter[str]) -> None:
    scenarios.killed[sector].result(120)
    blows["SIGKILL"] += KILLS


class Dying(NamedTuple):
    """A workspace whose dispatch lost its server, what that server had accepted, and the clock of both."""

    office: Office
    journal: list[Accepted]
    clock: MovingClock


def lose_the_server(office: Office, folder: Path) -> Dying:
    """Send until the server is killed, and never comes back."""
    clock = MovingClock(folder / "clock", datetime.now(UTC))
    with journaling_server(folder, SLOW) as server:
        process = office.at(server.port, retry_minutes="0.01").by(clock).start(*send_arguments(SLUG, "sante"))
        until(lambda: len(server.journal()) >= 8, "eight messages have left", process=process)
        server.process.kill()
        let_time_pass(process, clock)
        said = one_sentence(finish(process, 4))
        assert "dispatches resume 1" in said
        assert "waiting" in said
        return Dying(office, server.journal(), clock)


def test_a_server_that_dies_for_good_leaves_everything_saved(scenarios: Scenarios) -> None:
    office, journal, clock = scenarios.dying.result(120)
    assert office.dispatch_state() == "paused"
    states = office.states()
    assert set(states) <= {"accepted", "in_doubt", "queued", "deferred"}
    assert states["accepted"] >= 5
    assert states["in_doubt"] <= 3
    with running(Script()) as server:
        clock.set(clock.now(), runs=True)
        resuming = office.at(server.port, retry_minutes="0.01").by(clock)
        resuming.run("work", "--once")
        assert server.connections == 0  # a paused dispatch waits for a person
        finish(resuming.start("dispatches", "resume", "1"), 0, 5)
        times = Counter(one.recipient for one in [*journal, *server.accepted])
    assert set(times.values()) == {1}
    assert set(office.states()) <= {"accepted", "in_doubt"}
    assert {one["address"] for one in office.deliveries("accepted")} <= set(times)
    assert len(office.deliveries()) == 50
