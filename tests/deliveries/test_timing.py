"""Nobody is taken up before their time, by claim or begin, whatever is moved and wherever the clock goes."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from databases import LONG
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgerbase import ACCEPTED, START, HandClock, add_deliveries, delivery, put, record_of, states

from distributor.clock import now
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.deliveries.timing import (
    comes_meanwhile,
    count_again,
    count_from_start,
    held,
    move_embargo,
    next_change,
    set_start,
)
from distributor.dispatch.hours.schedule import Schedule
from distributor.models import Contact, Dispatch, EmbargoAcceptance, Release, ReleaseVersion, Wave

NOON = START + timedelta(hours=3)


def version_of(database: Database, delivery_id: int) -> int:
    return int(delivery(database, delivery_id).release_version_id)


def add_contact(database: Database, *, trusted: bool = False, accepts: int | None = None) -> int:
    """A contact; one who `accepts` the embargo of the release of that version."""
    with database.session() as session:
        contact = Contact(embargo_trust=trusted)
        session.add(contact)
        session.flush()
        assert contact.id is not None
        if accepts is not None:
            release_id = session.get_one(ReleaseVersion, accepts).release_id
            session.add(EmbargoAcceptance(release_id=release_id, contact_id=contact.id))
        return contact.id


def add_waves(database: Database, dispatch_id: int, *waves: dict[str, Any]) -> None:
    with database.session() as session:
        for number, wave in enumerate(waves, start=1):
            session.add(Wave(dispatch_id=dispatch_id, number=number, name=f"wave {number}", **wave))


def starts(database: Database, dispatch_id: int) -> list[datetime | None]:
    with database.session() as session:
        return [session.get_one(Wave, (dispatch_id, number)).starts_at for number in (1, 2, 3)]


def test_only_who_agreed_is_claimed_before_the_end_of_an_embargo(database: Database) -> None:
    clock = HandClock()
    dispatch_id, ids = add_deliveries(database, 4, embargo_until=NOON)
    version = version_of(database, ids[0])
    put(database, ids[1], contact_id=add_contact(database, trusted=True))
    put(database, ids[2], contact_id=add_contact(database, accepts=version))
    put(database, ids[3], contact_id=add_contact(database))
    log = DeliveryLog(database, "w1", clock)
    assert [one.id for one in log.claim(dispatch_id, 10)] == ids[1:3]
    clock.moment = NOON - timedelta(microseconds=1)
    assert log.claim(dispatch_id, 10) == []
    clock.moment = NOON
    assert [one.id for one in log.claim(dispatch_id, 10)] == [ids[0], ids[3]]


def test_agreement_to_the_original_holds_for_its_translation(database: Database) -> None:
    _, first = add_deliveries(database, 1)
    dispatch_id, ids = add_deliveries(database, 1, embargo_until=NOON)
    original = version_of(database, first[0])
    with database.session() as session:
        release_id = session.get_one(ReleaseVersion, original).release_id
        translation = session.get_one(ReleaseVersion, version_of(database, ids[0])).release_id
        session.get_one(Release, translation).translates_id = release_id
    put(database, ids[0], contact_id=add_contact(database, accepts=original))
    assert len(DeliveryLog(database, "w1", HandClock()).claim(dispatch_id, 10)) == 1


def test_agreement_to_the_original_holds_for_what_corrects_it(database: Database) -> None:
    """Also for the translation of a correction of a correction; and not the other way round."""
    _, first = add_deliveries(database, 1, embargo_until=NOON)
    _, second = add_deliveries(database, 1)
    dispatch_id, ids = add_deliveries(database, 3, embargo_until=NOON)
    with database.session() as session:
        original, correction, last = (
            session.get_one(ReleaseVersion, version_of(database, one)).release_id for one in (*first, *second, ids[0])
        )
        between = Release(slug="between", kind="correction", corrects_id=correction)
        session.add(between)
        session.flush()
        session.get_one(Release, correction).corrects_id = original
        session.get_one(Release, last).translates_id = between.id
    put(database, ids[0], contact_id=add_contact(database, accepts=version_of(database, first[0])))
    put(database, ids[1], contact_id=add_contact(database, accepts=version_of(database, second[0])))
    put(database, first[0], contact_id=add_contact(database, accepts=version_of(database, ids[0])))
    log = DeliveryLog(database, "w1", HandClock())
    assert [one.id for one in log.claim(dispatch_id, 10)] == ids[:2]
    assert log.claim(delivery(database, first[0]).dispatch_id, 10) == []


@pytest.mark.parametrize("back", [timedelta(microseconds=1), timedelta(hours=1)])
def test_begin_is_refused_when_the_clock_was_set_back_behind_the_end(database: Database, back: timedelta) -> None:
    clock = HandClock(NOON)
    dispatch_id, ids = add_deliveries(database, 2, embargo_until=NOON)
    log = DeliveryLog(database, "w1", clock)
    log.claim(dispatch_id, 10)
    clock.moment = NOON - back
    assert log.commit(Batch(begins=ids)) == ids
    clock.moment = NOON
    assert log.commit(Batch(begins=ids)) == []


def test_by_the_databases_own_clock_too(database: Database) -> None:
    """On PostgreSQL, where no clock is given, that of the server says whose time has come."""
    dispatch_id, ids = add_deliveries(database, 4)
    hour = timedelta(hours=1)
    put(database, ids[0], embargo_until=now() + hour)
    put(database, ids[1], not_before=now() + hour)
    put(database, ids[2], embargo_until=now() - hour, not_before=now() - hour)
    log = DeliveryLog(database, "w1")
    assert [one.id for one in log.claim(dispatch_id, 10)] == ids[2:]
    put(database, ids[3], embargo_until=now() + hour)
    assert log.commit(Batch(begins=ids[2:])) == [ids[3]]


def test_a_cut_off_comes_by_the_databases_own_clock_too(
    server_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of one machine may be set back while it sends: what that one says is not asked."""
    dispatch_id, ids = add_deliveries(server_database, 2)
    log = DeliveryLog(server_database, "w1")
    assert [one.id for one in log.claim(dispatch_id, 1)] == ids[:1]
    with server_database.session() as session:
        session.get_one(Dispatch, dispatch_id).not_after = now()
    monkeypatch.setattr(log, "_now", lambda: now() - timedelta(hours=1))
    assert log.is_called_off(dispatch_id)
    assert log.commit(Batch(begins=ids[:1])) == ids[:1]
    assert log.claim(dispatch_id, 1) == []
    schedule = Schedule(
        database=server_database, log=log, timezone=ZoneInfo("UTC"), late=timedelta(minutes=15), now=log.now
    )
    assert schedule.cut_off() == {dispatch_id: 1}, "who is claimed is given back by the worker that has them"


def test_a_cut_off_that_is_moved_in_the_last_moment_cuts_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was seen to have come, and a person says in that moment that there is more time."""
    dispatch_id, ids = add_deliveries(database, 2)
    log = DeliveryLog(database, "w1", HandClock(NOON))
    put_dispatch(database, dispatch_id, not_after=NOON)
    schedule = Schedule(database=database, log=log, timezone=ZoneInfo("UTC"), late=timedelta(minutes=15), now=log.now)
    cut = Schedule._cut

    def moved(schedule: Schedule, *args: Any) -> int:
        put_dispatch(database, dispatch_id, not_after=NOON + timedelta(hours=1))
        return cut(schedule, *args)

    monkeypatch.setattr(Schedule, "_cut", moved)
    assert schedule.cut_off() == {dispatch_id: 0}
    assert states(database, ids) == ["queued", "queued"]
    with database.session() as session:
        assert session.get_one(Dispatch, dispatch_id).state != "done"


def put_dispatch(database: Database, dispatch_id: int, **values: Any) -> None:
    with database.session() as session:
        dispatch = session.get_one(Dispatch, dispatch_id)
        for name, value in values.items():
            setattr(dispatch, name, value)


def test_an_embargo_that_moves_takes_claims_back(database: Database) -> None:
    clock = HandClock(NOON)
    dispatch_id, ids = add_deliveries(database, 3, embargo_until=NOON)
    put(database, ids[2], contact_id=add_contact(database, trusted=True))
    log = DeliveryLog(database, "w1", clock)
    log.claim(dispatch_id, 10)
    later = NOON + timedelta(hours=1)
    with database.transaction() as connection:
        move_embargo(connection, [version_of(database, ids[0])], later)
    assert log.commit(Batch(begins=ids)) == ids, "even who agreed: their message is written, and says the old hour"
    (again,) = log.claim(dispatch_id, 10)
    assert (again.id, again.embargo_until) == (ids[2], later)


def test_what_was_deferred_or_in_doubt_is_held_too(database: Database) -> None:
    clock = HandClock(NOON)
    dispatch_id, ids = add_deliveries(database, 2, embargo_until=NOON)
    log = DeliveryLog(database, "w1", clock)
    put(database, ids[0], state="deferred", next_attempt_at=NOON)
    put(database, ids[1], state="in_doubt")
    with database.transaction() as connection:
        move_embargo(connection, [version_of(database, ids[0])], NOON + timedelta(hours=1))
    log.settle_doubt(ids[1], type(ACCEPTED.state)("queued"), "to be sent again")
    assert log.claim(dispatch_id, 10) == []
    clock.forward(hours=1)
    assert [one.id for one in log.claim(dispatch_id, 10)] == ids


def test_waves_begin_one_at_a_time_and_the_next_is_counted_from_there(database: Database) -> None:
    """Even when we come so late that all of them are due."""
    clock = HandClock(START + timedelta(hours=9))
    dispatch_id, ids = add_deliveries(database, 3)
    half = timedelta(minutes=30)
    add_waves(
        database,
        dispatch_id,
        {},
        {"after_s": 1800, "starts_at": START + half},
        {"after_s": 1800, "starts_at": START + 2 * half},
    )
    for number, one in enumerate(ids, start=1):
        put(database, one, wave=number, not_before=None if number == 1 else START + (number - 1) * half)
    log = DeliveryLog(database, "w1", clock)
    for one in ids:
        assert [claimed.id for claimed in log.claim(dispatch_id, 10)] == [one]
        assert log.claim(dispatch_id, 10) == []
        clock.forward(minutes=30)
    assert starts(database, dispatch_id)[1:] == [START + timedelta(hours=9.5), START + timedelta(hours=10)]


def test_behind_a_wave_that_was_cut_off_the_next_is_counted_again(database: Database) -> None:
    clock = HandClock()
    dispatch_id, ids = add_deliveries(database, 4)
    add_waves(database, dispatch_id, {}, {"after_s": 1800, "starts_at": START}, {"starts_at": NOON})
    for one, wave in zip(ids, (1, 1, 2, 3), strict=True):
        put(database, one, wave=wave, not_before=START if wave == 2 else NOON if wave == 3 else None)
    log = DeliveryLog(database, "w1", clock)
    log.claim(dispatch_id, 1)
    assert starts(database, dispatch_id)[1] == START + timedelta(minutes=30)
    clock.forward(hours=2)
    with database.transaction() as connection:
        count_again(connection, dispatch_id, clock())
    assert starts(database, dispatch_id)[1:] == [START + timedelta(hours=2.5), NOON]
    assert [one.id for one in log.claim(dispatch_id, 10)] == [ids[1]]


def test_it_is_known_what_comes_next(database: Database) -> None:
    dispatch_id, ids = add_deliveries(database, 3, embargo_until=NOON)
    put(database, ids[0], wave=1, not_before=START + timedelta(hours=1))
    put(database, ids[1], wave=2, not_before=NOON + timedelta(hours=1))
    with database.reading() as connection:
        groups = held(connection, [dispatch_id], START)
        assert [(one.many, one.wave, one.until, one.by_embargo) for one in groups] == [
            (1, 0, NOON, True),
            (1, 1, NOON, True),
            (1, 2, NOON + timedelta(hours=1), False),
        ]
        moments = [START, START + timedelta(hours=1), NOON, NOON + timedelta(hours=1)]
        assert [next_change(connection, one) for one in moments] == [*moments[1:], None]


@pytest.mark.parametrize("waits_for", ["not_before", "embargo_until"])
def test_the_hour_of_another_dispatch_is_seen_while_one_is_under_way(database: Database, waits_for: str) -> None:
    large, _ = add_deliveries(database, 1)
    other, ids = add_deliveries(database, 2, **{waits_for: NOON})
    hour = timedelta(hours=1)
    with database.reading() as connection:
        assert not comes_meanwhile(connection, large, START, NOON - timedelta(microseconds=1))
        assert comes_meanwhile(connection, large, START, NOON)
        assert not comes_meanwhile(connection, other, START, NOON), "it is its own"
        assert not comes_meanwhile(connection, large, NOON + hour, NOON + 2 * hour), "it had come before"
    for number in ids:
        put(database, number, state="accepted")
    with database.reading() as connection:
        assert not comes_meanwhile(connection, large, START, NOON), "nobody waits any more"


def test_waves_are_counted_from_another_start(database: Database) -> None:
    dispatch_id, _ = add_deliveries(database, 1, wave=1)
    hour = timedelta(hours=1)
    waves = [{}, {"after_s": 1800, "starts_at": START + hour / 2}, {"starts_at": NOON}]
    add_waves(database, dispatch_id, *waves)
    with database.transaction() as connection:
        count_from_start(connection, dispatch_id, START + hour)
    assert starts(database, dispatch_id) == [None, START + 1.5 * hour, NOON]


_MINUTES = st.integers(0, 240).map(lambda minutes: START + timedelta(minutes=minutes))
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("clock"), _MINUTES),
        st.tuples(st.just("claim"), st.integers(1, 4)),
        st.tuples(st.just("begin"), st.just(None)),
        st.tuples(st.just("embargo"), _MINUTES | st.none()),
        st.tuples(st.just("wave"), _MINUTES),
        st.tuples(st.just("trust"), st.booleans()),
        st.tuples(st.just("release"), st.just(None)),
        st.tuples(st.just("recover"), st.just(None)),
    ),
    min_size=4,
    max_size=30,
)


@settings(max_examples=15 * LONG, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=_STEPS, seed=st.integers(0, 999))
def test_no_body_ever_begins_to_leave_before_its_time(database: Database, steps: list[Any], seed: int) -> None:
    """Clocks go forth and back, embargoes and waves move, trust comes and goes, workers die: at each begin it holds."""
    random, clock = Random(seed), HandClock()
    dispatch_id, ids = add_deliveries(database, 6, embargo_until=START + timedelta(hours=2))
    add_waves(database, dispatch_id, {}, {"starts_at": START})
    contact = add_contact(database)
    for number, one in enumerate(ids):
        put(database, one, wave=number % 2 + 1, not_before=START if number % 2 else None)
    put(database, ids[0], contact_id=contact)
    logs = [DeliveryLog(database, f"w{number}", clock) for number in (1, 2)]
    held_by: dict[str, list[int]] = {log.worker: [] for log in logs}
    for step, value in steps:
        log = random.choice(logs)
        mine = held_by[log.worker]
        if step == "clock":
            clock.moment = value
        elif step == "claim":
            mine += [one.id for one in log.claim(dispatch_id, value)]
        elif step == "begin":
            refused = log.commit(Batch(begins=mine))
            for one in set(mine) - set(refused):
                require_in_time(database, one, contact, clock())
            log.commit(Batch(records=[record_of(one, ACCEPTED) for one in mine if one not in refused]))
            log.release(refused)
            mine.clear()
        elif step == "embargo":
            with database.transaction() as connection:
                move_embargo(connection, [version_of(database, ids[0])], value)
        elif step == "wave":
            with database.transaction() as connection:
                set_start(connection, dispatch_id, 2, value)
        elif step == "trust":
            with database.session() as session:
                session.get_one(Contact, contact).embargo_trust = value
        elif step == "release":
            log.release(mine)
            mine.clear()
        else:
            log.recover(lambda _name: False)
    assert len(states(database, ids)) == 6


def require_in_time(database: Database, delivery_id: int, contact: int, now: datetime) -> None:
    row = delivery(database, delivery_id)
    assert row.not_before is None or row.not_before <= now
    if row.embargo_until is not None and row.embargo_until > now:
        assert row.contact_id == contact
        with database.session() as session:
            assert session.get_one(Contact, contact).embargo_trust
