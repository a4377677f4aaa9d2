"""A machine whose clock is hours from the database's: it carries nothing, says so, and goes on once it is set."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import UTC, datetime

import pytest
from movingclock import MovingClock
from office import BUREAU, SHORT_LIST, SLUG, Office, finish, one_sentence, send_arguments, until
from smtpserver import Script, running
from test_database_gone import next_error
from test_many_machines import states_in, url_of

from distributor.db.engine import Database


@pytest.mark.parametrize(("hours", "words"), [(3, "180 minutes ahead of"), (-5, "300 minutes behind")])
def test_nothing_leaves_until_the_clock_is_set(
    office: Office, server_database: Database, moving_clock: MovingClock, hours: int, words: str
) -> None:
    moving_clock.set(datetime.now(UTC), runs=True)
    office.run("db", "copy", url_of(server_database))
    finish(office.at(9, database_url=url_of(server_database)).start(*send_arguments(SLUG, BUREAU)), 4)
    with server_database.transaction() as connection:
        connection.exec_driver_sql("UPDATE dispatch SET state = 'planned', pause_reason = ''")
    with running(Script()) as server:
        on_server = office.at(server.port, database_url=url_of(server_database)).by(moving_clock)
        moving_clock.move(hours=hours)
        assert words in one_sentence(on_server.run("work", "--once", code=2))
        process = on_server.start("work")
        assert words in next_error(process, "clock")
        assert server.accepted == []
        moving_clock.set(datetime.now(UTC), runs=True)
        until(lambda: states_in(server_database) == {"accepted": len(SHORT_LIST)}, "all is sent", process=process)
        process.send_signal(signal.SIGTERM)
        finish(process, 130)
        assert set(Counter(one.recipient for one in server.accepted).values()) == {1}
