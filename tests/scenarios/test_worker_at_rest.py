"""A worker that waits holds nobody, and sends once somebody is due: what it must not outlive is refused meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from movingclock import MovingClock
from office import BUREAU, SLUG, Office, finish, one_sentence, send_arguments, until, until_looked
from smtpserver import Script, running
from warmcommand import WarmCommand

from distributor.db.migrate import SCHEMA_HEAD


@contextmanager
def one_at_rest(office: Office) -> Iterator[WarmCommand]:
    """`work` with a dispatch of which nobody is due yet."""
    finish(office.start(*send_arguments(SLUG, BUREAU)), 4)  # nothing listens there
    later = "2999-01-01 00:00:00.000000"
    office.change("UPDATE dispatch SET state = 'running', pause_reason = ''")
    office.change(f"UPDATE delivery SET state = 'deferred', next_attempt_at = '{later}', expires_at = '{later}'")
    process = office.start("work")
    until(lambda: office.query("SELECT 1 FROM worker WHERE dispatch_id IS NULL"), "it waits", process=process)
    yield process
    process.terminate()
    finish(process, 130)


def test_the_database_is_not_copied_while_somebody_would_go_on_with_the_old_one(office: Office) -> None:
    """Else both would send to whoever waits."""
    target = f"sqlite:///{office.path.parent / 'new.db'}"
    with one_at_rest(office) as process:
        sentence = one_sentence(office.run("db", "copy", target, code=3))
        assert f"process {process.pid}" in sentence
        assert "nothing was copied" in sentence
    assert "copied and compared" in office.run("db", "copy", target).out


def test_the_schema_is_not_brought_up_to_date_under_a_worker_that_does_not_know_it(office: Office) -> None:
    """It would go on by rules that are no more: send before an embargo ends, say, of which it knows nothing."""
    with one_at_rest(office) as process:
        office.change("DROP INDEX ix_dispatch_state")
        office.change("ALTER TABLE worker DROP COLUMN cannot")
        office.change("UPDATE alembic_version SET version_num = '0019'")
        sentence = one_sentence(office.run("dispatches", "list", code=3))
        assert f"process {process.pid}" in sentence
        assert office.query("SELECT version_num FROM alembic_version") == [("0019",)]
    office.run("dispatches", "list")
    assert office.query("SELECT version_num FROM alembic_version") == [(SCHEMA_HEAD,)]


def test_whoever_was_asked_before_the_schema_was_brought_up_to_date_sends_nothing_by_the_old_one(
    office: Office,
) -> None:
    """Nobody sees a command that waits for its answer: it would plan, and send, by rules that are no more."""
    with running(Script()) as server:
        sending = office.at(server.port)
        with sending.on_a_terminal("send", SLUG, "--list", BUREAU) as terminal:
            terminal.read_until("[y/N]")
            office.change("UPDATE alembic_version SET version_num = '9999'")
            terminal.type("y\n")
            terminal.read_until("Run the command again.")
            finish(terminal.process, 2)
        assert server.accepted == []
    assert office.query("SELECT (SELECT count(*) FROM dispatch), (SELECT count(*) FROM delivery)") == [(0, 0)]


def test_work_ends_once_the_schema_was_brought_up_to_date_behind_its_back(
    office: Office, moving_clock: MovingClock
) -> None:
    """A machine that was asleep when somebody looked who is at work."""
    process = office.by(moving_clock).start("work")
    until_looked(process, moving_clock)
    office.change("UPDATE alembic_version SET version_num = '9999'")
    moving_clock.move(seconds=5)
    assert "newer Distributor" in one_sentence(finish(process, 2))


def test_a_worker_that_was_killed_holds_up_nothing(office: Office) -> None:
    process = office.start("work")
    until(lambda: office.query("SELECT 1 FROM worker"), "it waits", process=process)
    process.kill()
    finish(process)
    office.change("DROP INDEX ix_dispatch_state")
    office.change("ALTER TABLE worker DROP COLUMN cannot")
    office.change("UPDATE alembic_version SET version_num = '0019'")
    office.run("dispatches", "list")
    assert office.query("SELECT version_num FROM alembic_version") == [(SCHEMA_HEAD,)]
