"""What is shown of a dispatch while others send: every figure, and whoever stands behind it, are of one moment."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office, finish, send_arguments
from sqlalchemy import Engine, event, text

from distributor.cli.app import run
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.workers import worker_name


@pytest.fixture(params=["sqlite", "postgres"])
def planned(request: pytest.FixtureRequest, office: Office) -> Iterator[tuple[Office, Database]]:
    """A dispatch to twelve that is running, on either engine, and its ledger."""
    if request.param == "postgres":
        ledger: Database = request.getfixturevalue("server_database")
        url = ledger.url.set(drivername="postgresql").render_as_string(hide_password=False)
        office.run("db", "copy", url)
        office = office.at(9, database_url=url)
    else:
        ledger = Database(f"sqlite:///{office.path / 'press.db'}")
    finish(office.start(*send_arguments(SLUG, BUREAU)), 4)  # nothing listens: planned, and paused
    with ledger.transaction() as connection:
        connection.execute(text("UPDATE dispatch SET state = 'running', pause_reason = ''"))
    yield office, ledger
    ledger.close()


@contextmanager
def once_counted(act: Callable[[], object]) -> Iterator[None]:
    """As soon as somebody has counted how a dispatch stands, do this, once."""
    counts: list[str] = []

    def heed(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "FROM tally" in statement:
            counts.append(statement)
            if len(counts) == 1:
                act()

    event.listen(Engine, "after_cursor_execute", heed)
    try:
        yield
    finally:
        event.remove(Engine, "after_cursor_execute", heed)
    assert counts, "nobody counted"


def shown(office: Office, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *command: str) -> Any:
    """What a command prints as JSON, run in this process."""
    for variable, value in office.settings.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, "argv", ["distributor", "--workspace", str(office.path), *command, "--json"])
    capfd.readouterr()
    code = run()
    out, err = capfd.readouterr()
    assert code == 0, err
    return json.loads(out)


def test_who_is_in_hand_and_in_doubt_are_as_many_as_are_counted(
    planned: tuple[Office, Database], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    office, ledger = planned
    colleague = DeliveryLog(ledger, worker_name())
    colleague.claim(1, 4)

    def go_on() -> None:
        """Two of the four are given back, five are taken, and whoever began before is in doubt."""
        with ledger.transaction() as connection:
            connection.execute(
                text(
                    "UPDATE delivery SET state = 'in_doubt', worker = '', lease_until = NULL"
                    " WHERE id IN (SELECT id FROM delivery WHERE state = 'claimed' ORDER BY id LIMIT 2)"
                )
            )
        colleague.claim(1, 5)

    with once_counted(go_on):
        show = shown(office, monkeypatch, capfd, "dispatches", "show", "1")
    totals = show["totals"]
    assert sum(totals.values()) == show["total"] == len(SHORT_LIST)
    assert sum(one["claimed"] + one["sending"] for one in show["workers"]) == totals["claimed"] + totals["sending"]
    assert len(show["in_doubt"]) == totals["in_doubt"]


@pytest.mark.parametrize("command", [("dispatches", "list"), ("agenda",)])
def test_how_many_are_put_off_and_when_they_are_due_are_of_one_moment(
    planned: tuple[Office, Database],
    command: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Whoever was put off when they were counted, and has had their turn since, would be due at no hour."""
    office, ledger = planned
    with ledger.transaction() as connection:
        connection.execute(
            text("UPDATE delivery SET state = 'deferred', next_attempt_at = '2999-01-01 00:00:00+00:00'")
        )

    def go_on() -> None:
        with ledger.transaction() as connection:
            connection.execute(text("UPDATE delivery SET state = 'accepted', next_attempt_at = NULL"))

    with once_counted(go_on):
        found = shown(office, monkeypatch, capfd, *command)
    if command == ("agenda",):
        assert [one["kind"] for one in found] == ["retry"]
    else:
        assert found[0]["totals"]["deferred"] == len(SHORT_LIST)
        assert found[0]["next_attempt_at"] is not None
