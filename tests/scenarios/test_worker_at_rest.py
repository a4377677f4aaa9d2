"""A worker that waits holds nobody, and sends once somebody is due: what it must not outlive is refused meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from office import BUREAU, SLUG, Office, finish, one_sentence, send_arguments, until
from warmcommand import WarmCommand


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
        office.change("ALTER TABLE worker DROP COLUMN accounts")
        office.change("UPDATE alembic_version SET version_num = '0018'")
        sentence = one_sentence(office.run("dispatches", "list", code=3))
        assert f"process {process.pid}" in sentence
        assert office.query("SELECT version_num FROM alembic_version") == [("0018",)]
    office.run("dispatches", "list")
    assert office.query("SELECT version_num FROM alembic_version") == [("0019",)]


def test_a_worker_that_was_killed_holds_up_nothing(office: Office) -> None:
    process = office.start("work")
    until(lambda: office.query("SELECT 1 FROM worker"), "it waits", process=process)
    process.kill()
    finish(process)
    office.change("ALTER TABLE worker DROP COLUMN accounts")
    office.change("UPDATE alembic_version SET version_num = '0018'")
    office.run("dispatches", "list")
    assert office.query("SELECT version_num FROM alembic_version") == [("0019",)]
