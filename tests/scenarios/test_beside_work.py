"""A command and a running `work` at one dispatch: neither calls done what the other has in hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from office import EVERYBODY, SLUG, Office, Ran, finish, send_arguments, until
from smtpserver import Fault, Script, ScriptedServer, running
from warmcommand import WarmCommand

SOCIAL = [person for person in EVERYBODY if person.sector == "social"]
LONG_ANSWERS = Fault("body", delay=60, nth=(1, 2, 3))


def says_nothing_of_claims(ran: Ran) -> bool:
    return not any(word in ran.text for word in ("claimed", "sending,", "sending."))


@contextmanager
def worker_in_the_middle(office: Office) -> Iterator[tuple[Office, ScriptedServer, WarmCommand]]:
    """A `work` whose three connections wait for answers; the command that planned the dispatch is gone."""
    with running(Script(faults=(Fault("greeting", do="stall"),))) as silent:
        planned = office.at(silent.port).start(*send_arguments(SLUG, "social"))
        until(lambda: office.states()["claimed"], "it has taken some", process=planned)
        planned.kill()
        planned.communicate()
    with running(Script(faults=(LONG_ANSWERS,))) as server:
        sending = office.at(server.port)
        worker = sending.start("work")
        until(lambda: sending.states()["sending"] == 3, "it has begun", process=worker)
        yield sending, server, worker


def test_work_names_who_has_the_others(office: Office) -> None:
    with running(Script(faults=(LONG_ANSWERS,))) as server:
        sending = office.at(server.port)
        first = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: sending.states()["sending"] == 3, "it has begun", process=first)
        beside = sending.run("work", "--once", code=5)
        held = sending.states()["claimed"] + 3
        assert f"Dispatch 1: {len(SOCIAL) - held} accepted, {held} with another command." in beside.out
        assert f"{held} recipients are with process {first.pid} on " in beside.err
        assert says_nothing_of_claims(beside)
        server.mend()
        assert f"Dispatch 1: {len(SOCIAL)} accepted." in finish(first, 0).out


def test_what_work_has_in_hand_is_waited_for(office: Office) -> None:
    with worker_in_the_middle(office) as (sending, server, worker):
        watched = sending.start("dispatches", "resume", "1")
        until(lambda: server.accepted and not sending.states()["queued"], "its own are sent", process=watched)
        server.mend()
        ran = finish(watched, 0)
        assert f"Dispatch 1: {len(SOCIAL)} accepted." in ran.out
        assert says_nothing_of_claims(ran)
        worker.terminate()
        assert says_nothing_of_claims(finish(worker, 130))


def test_who_does_not_wait_for_it_is_told_how_many(office: Office) -> None:
    with worker_in_the_middle(office) as (sending, server, worker):
        watched = sending.start("dispatches", "resume", "1")
        until(lambda: server.accepted and not sending.states()["queued"], "its own are sent", process=watched)
        ran = finish(watched, 5)
        held = sending.states()["claimed"] + 3
        assert f"Dispatch 1: {len(SOCIAL) - held} accepted, {held} with another command." in ran.out
        assert f"{held} recipients are with process {worker.pid} on " in ran.err
        assert "and not sent to yet. See how it goes on: distributor dispatches show 1" in ran.err
        server.mend()
