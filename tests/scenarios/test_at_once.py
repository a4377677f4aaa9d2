"""Several commands at once on one workspace: colleagues, a cron job, an objection that comes in meanwhile."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from threading import Event

import pytest
from office import EVERYBODY, SLUG, Office, communique, finish, one_sentence, send_arguments, until, write_list
from smtpserver import Fault, Script, ScriptedServer, running

SLOW = Script(faults=(Fault("body", delay=60, nth=(1, 2, 3)), Fault("body", delay=0.03)))
"""Until it is mended: whichever command comes first, the other one finds it at work."""

SOCIAL = [person for person in EVERYBODY if person.sector == "social"]


def check_once_each(server: ScriptedServer, addresses: list[str]) -> None:
    """Everyone has it, nobody twice."""
    assert Counter(one.recipient for one in server.accepted) == Counter(addresses)
    assert server.violations == []


def test_imports_at_once_make_one_base(tmp_path: Path) -> None:
    """Colleagues set an office up together: each list is whole, and who stands on both is one contact."""
    new = Office(tmp_path / "press")
    new.run("init")
    halves = {"first": SOCIAL[:30], "second": SOCIAL[20:]}
    files = {name: write_list(tmp_path / f"{name}.csv", people) for name, people in halves.items()}
    source = tmp_path / "urgences.txt"
    source.write_text(communique(), encoding="utf-8")
    started = [new.start("contacts", "import", str(file), "--list", name) for name, file in files.items()]
    started.append(new.start("releases", "import", str(source)))
    for process in started:
        finish(process, 0)
    stands = (
        "media_list JOIN media_list_member ON media_list_id = media_list.id JOIN contact ON contact.id = contact_id"
    )
    standing = new.query(f"SELECT slug, contact.address FROM {stands}")
    assert Counter(standing) == Counter((name, one.spec) for name, people in halves.items() for one in people)
    assert new.query("SELECT (SELECT count(*) FROM contact), (SELECT count(*) FROM release)") == [(len(SOCIAL), 1)]


def test_two_resumes_at_once_share_the_work(office: Office) -> None:
    office.send(SLUG, "social", code=4)  # nothing listens at its port: the dispatch is planned, and paused
    with running(SLOW) as server:
        sending = office.at(server.port)
        both = [sending.start("dispatches", "resume", "1") for _ in range(2)]
        until(lambda: server.connections > 3, "both of them do something", process=both[0])
        server.mend()
        ran = [finish(process, 0) for process in both]
        assert not any("locked" in one.text for one in ran)
        check_once_each(server, [person.spec for person in SOCIAL])
    assert sending.states() == {"accepted": len(SOCIAL)}
    assert sending.dispatch_state() == "done"


def test_whom_a_killed_command_had_in_hand_the_other_one_sends_to(office: Office) -> None:
    """It would end with them in the hands of a dead process, and say that all was well."""
    office.send(SLUG, "social", code=4)
    with running(SLOW) as server:
        sending = office.at(server.port)
        first = sending.start("dispatches", "resume", "1")
        until(lambda: len(server.accepted) >= 3, "the first one sends", process=first)
        second = sending.start("dispatches", "resume", "1")
        until(lambda: len(holders(sending)) == 2, "both have some in hand", process=second)
        first.kill()
        server.mend()
        ran = finish(second, 0, 5)
        times = Counter(one.recipient for one in server.accepted)
    assert max(times.values()) == 1
    doubtful = {one["address"] for one in sending.deliveries("in_doubt")}
    assert sending.states().keys() <= {"accepted", "in_doubt"}
    assert len(doubtful) <= 3
    assert doubtful | set(times) == {person.spec for person in SOCIAL}
    assert all(one in ran.out for one in doubtful)
    assert sending.dispatch_state() == "done"


def holders(sending: Office) -> set[str]:
    return {one["worker"] for one in sending.deliveries("claimed", "sending")}


def test_two_sends_at_once_to_lists_that_overlap(office: Office) -> None:
    with running(Script()) as server:
        sending = office.at(server.port)
        lists = (["sante", "social"], ["social", "economie"])
        both = [sending.start(*send_arguments(SLUG, *names)) for names in lists]
        ran = sorted((finish(process, 0, 3) for process in both), key=lambda one: one.code)
        assert ran[0].code == 0
        assert ran[1].code == 0 or "Another command" in one_sentence(ran[1])
        for names in lists:  # whoever came too late says so, and the same command again does the rest
            sending.send(SLUG, *names)
        wanted = [person.spec for person in EVERYBODY if person.sector in {"sante", "social", "economie"}]
        check_once_each(server, wanted)


def test_an_objection_made_meanwhile_is_heeded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    objector = SOCIAL[-1]
    recorded = Event()
    with running(Script()) as server:
        accept = server.accept

        def accept_the_tenth_when_told(recipient: str, sender: str, message: bytes, connection: int) -> None:
            assert len(server.accepted) < 9 or recorded.wait(60)
            accept(recipient, sender, message, connection)

        monkeypatch.setattr(server, "accept", accept_the_tenth_when_told)
        sending = office.at(server.port, smtp_connections="1")
        process = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: len(server.accepted) == 9, "the dispatch is under way", process=process)
        sending.run("suppressions", "add", objector.address, "--reason", "asked by phone")
        recorded.set()
        finish(process, 0)
        check_once_each(server, [person.spec for person in SOCIAL if person != objector])
    (withheld,) = sending.deliveries("withheld")
    assert (withheld["address"], withheld["reason"]) == (objector.spec, "objection")


def test_two_journalists_who_are_reached_at_one_address_by_two_sends_at_once_get_one_message(office: Office) -> None:
    where = ("--outlet", "Radio Lisière", "--outlet-address", "redaction@lisiere.example", "--source", "salon")
    for name in ("ana", "luc"):
        office.run("lists", "create", name)
        more = ("--legal-basis", "legitimate-interest", "--list", name)
        office.run("contacts", "add", f"{name}@perso.example", "--last-name", name.title(), *where, *more)
    with running(Script()) as server:
        sending = office.at(server.port)
        with sending.on_a_terminal("send", SLUG, "--list", "ana") as terminal:
            terminal.read_until("[y/N]")
            sending.send(SLUG, "luc")
            terminal.type("y\n")
            terminal.read_until("Run the same command again.")
            finish(terminal.process, 3)
        check_once_each(server, ["redaction@lisiere.example"])
