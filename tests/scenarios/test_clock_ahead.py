"""A clock that ran far ahead and is set right again: what it noted as due in a year does not wait for that."""

from __future__ import annotations

from collections import Counter

from movingclock import MovingClock
from office import BUREAU, SHORT_LIST, SLUG, Office
from smtpserver import Fault, Script, running

LATER = SHORT_LIST[2]


def test_who_was_put_off_in_another_year_is_sent_to_in_this_one(office: Office, moving_clock: MovingClock) -> None:
    """A day's limit was used up by the wrong clock, and one recipient put off."""
    office.by(moving_clock).send(SLUG, BUREAU, code=4)  # nothing listens there
    with running(Script(faults=(Fault("rcpt", reply="451 4.3.0 Later", recipient=LATER.spec, times=1),))) as server:
        sending = office.at(server.port, smtp_per_day="7").by(moving_clock)
        right = moving_clock.now()
        moving_clock.move(days=400)
        sending.run("dispatches", "resume", "1", code=5)
        assert sending.states() == {"accepted": 6, "deferred": 1, "queued": 5}
        moving_clock.set(right)
        sending.run("work", "--once", code=5)
        assert len(server.accepted) == 6, "they left within this very day, for all that is known"
        moving_clock.move(hours=25)
        sending.run("work", "--once")
        assert Counter(one.recipient for one in server.accepted) == Counter(person.spec for person in SHORT_LIST)
    assert sending.dispatch_state() == "done"
