"""The hour of a release, through the real command line and a clock that the test moves: never early, never twice."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from movingclock import MovingClock
from office import BUREAU, SHORT_LIST, SLUG, Office, communique, finish, one_sentence, send_arguments, until
from smtpserver import Script, ScriptedServer, running
from warmcommand import WarmCommand

PARIS = ZoneInfo("Europe/Paris")
EVERYONE = len(SHORT_LIST)
SIX = datetime(2026, 12, 1, 17, tzinfo=UTC)
SAID = "Tuesday 1 December 2026 at 18:00 (Europe/Paris, UTC+1)"


@pytest.fixture
def clock(tmp_path: Path) -> MovingClock:
    """Tuesday 1 December 2026, nine in the morning in Paris."""
    return MovingClock(tmp_path / "clock", datetime(2026, 12, 1, 8, tzinfo=UTC))


@contextmanager
def press_day(office: Office, clock: MovingClock, script: Script | None = None) -> Iterator[tuple[Office, ScriptedServer]]:
    """The office on the clock's day, with a communiqué dated that day, and a server that takes what it sends."""
    file = office.path.parent / "communique.txt"
    file.write_text(communique(clock.now().astimezone(PARIS).date()), encoding="utf-8")
    with running(script or Script()) as server:
        own = office.at(server.port).by(clock)
        own.run("releases", "import", str(file), "--slug", SLUG)
        yield own, server


def schedule(office: Office, at: str, *more: str) -> str:
    """Schedule the release to the short list; return what was said."""
    return office.send(SLUG, BUREAU, more=["--at", at, *more]).text


def until_looked(clock: MovingClock, work: WarmCommand) -> None:
    """Wait until `work` has done all there was to do at the moment that the clock shows."""
    until(lambda: clock.looked(work.pid) == clock.now(), "it has looked", process=work)


def until_sent(server: ScriptedServer, many: int = EVERYONE, work: WarmCommand | None = None) -> None:
    until(lambda: len(server.accepted) >= many, f"{many} have left", process=work)


def addressees(server: ScriptedServer) -> list[str]:
    return sorted(one.recipient for one in server.accepted)


def test_it_starts_to_the_second_and_not_before(office: Office, clock: MovingClock) -> None:
    with press_day(office, clock) as (own, server):
        said = schedule(own, "18:00")
        assert f"It starts on {SAID}, in 9 hours." in said
        assert "Nobody is at work now" in said
        assert "Nothing of it leaves before" in said
        work = own.start("work")
        for moment in (datetime(2026, 12, 1, 8, tzinfo=UTC), SIX - timedelta(seconds=1)):
            clock.set(moment)
            until_looked(clock, work)
            assert own.states() == {"queued": EVERYONE}
            assert not server.connections
        clock.set(SIX)
        until(lambda: own.dispatch_state() == "done", "it is done", process=work)
        import os as _os, time as _t
        _t.sleep(1)
        work.terminate()
        _t.sleep(2)
        print(open(f"/proc/{work.pid}/status").read()[-900:])
        _os.kill(work.pid, signal.SIGABRT)
        _t.sleep(1)
        print(work.stderr.read())
        work.terminate()
        out = finish(work, 130, seconds=5).out
        assert f"Scheduled: dispatch 1 of «{SLUG}», {SAID}." in out
        assert "Dispatch 1 starts" in out
        messages = [message_from_bytes(one.message) for one in server.accepted]
        assert addressees(server) == sorted(person.spec for person in SHORT_LIST)
        assert {parsedate_to_datetime(message["Date"]) for message in messages} == {SIX}
        assert own.query("SELECT started_at, message_date FROM dispatch") == [("2026-12-01 17:00:00.000000",) * 2]
