"""Two contacts turn out to be one journalist while a dispatch is under way: one journalist, one message."""

from __future__ import annotations

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office, Person, communique, finish
from smtpserver import Fault, Script, running
from test_corrections_sent import CORRECTION, RIGHT, WRONG, text, write

HAS_IT, LATER = SHORT_LIST[1], SHORT_LIST[-1]


@pytest.mark.parametrize("stays", [HAS_IT, LATER])
@pytest.mark.parametrize("state", ["deferred", "claimed"])
def test_whoever_has_it_does_not_get_it_at_the_other_address(office: Office, stays: Person, state: str) -> None:
    """Claimed: by a worker that stands still, and finds that the claim is no longer its own."""
    other = LATER if stays is HAS_IT else HAS_IT
    with running(Script(faults=(Fault("rcpt", reply="451 4.3.0 Later", recipient=LATER.spec, times=1),))) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        assert [one["address"] for one in sending.deliveries("deferred")] == [LATER.spec]
        if state == "claimed":
            worker = "UPDATE delivery SET state = 'claimed', worker = 'elsewhere:1:1:1', lease_until = '2999-01-01'"
            sending.change(f"{worker} WHERE state = 'deferred'")
        said = sending.run("contacts", "merge", stays.address, other.address, "--yes").out
        assert f"{LATER.spec} is not sent «{SLUG}» (dispatch 1): the same journalist, at another address" in said
        sending.run("work", "--once")
        assert LATER.spec not in {one.recipient for one in server.accepted}
        assert server.violations == []
    assert sending.states() == {"accepted": len(SHORT_LIST) - 1, "withheld": 1}
    assert sending.dispatch_state() == "done"


def test_whoever_is_two_again_is_told_what_one_of_them_was_not_sent(office: Office) -> None:
    with running(Script(faults=(Fault("rcpt", reply="451 4.3.0 Later", recipient=LATER.spec, times=1),))) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        sending.run("contacts", "merge", HAS_IT.address, LATER.address, "--yes")
        said = sending.run("contacts", "merge", "--undo", HAS_IT.address, LATER.address).out
        assert f"{LATER.spec} was not sent «{SLUG}» (dispatch 1)" in said
        assert f"{HAS_IT.spec} was not sent" not in said
        sending.send(SLUG, BUREAU)
        assert [one.recipient for one in server.accepted].count(LATER.spec) == 1
        sending.run("contacts", "merge", HAS_IT.address, LATER.address, "--yes")
        said = sending.run("contacts", "merge", "--undo", HAS_IT.address, LATER.address).out
        assert "was not sent" not in said, "both have it"


@pytest.mark.parametrize("how", ["corrected", "withdrawn"])
def test_whoever_is_two_again_is_told_what_reaches_them_of_a_text_that_was_corrected(office: Office, how: str) -> None:
    with running(Script(faults=(Fault("rcpt", reply="451 4.3.0 Later", recipient=LATER.spec, times=1),))) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        sending.run("contacts", "merge", HAS_IT.address, LATER.address, "--yes")
        if how == "corrected":
            sending.run("releases", "correct", SLUG, write(sending, "c.txt", communique().replace(WRONG, RIGHT)))
            slug, what = CORRECTION, f"corrects it; to reach them: distributor send {CORRECTION} --list LIST"
        else:
            sending.run("releases", "retract", SLUG, "--because", "Les chiffres étaient faux.")
            slug, what = f"{SLUG}-annulation", "withdraws it: nothing of it is sent any more."
        sending.run("send", slug, "--yes")
        said = sending.run("contacts", "merge", "--undo", HAS_IT.address, LATER.address).out
        assert f"{LATER.spec} was not sent «{SLUG}» (dispatch 1), as one who had it. «{slug}» {what}" in said
        assert "The same send again" not in said
        sending.send(SLUG, BUREAU, code=3)
        if how == "corrected":
            sending.send(slug, BUREAU)
            assert [RIGHT in text(one) for one in server.accepted if one.recipient == LATER.spec] == [True]


def test_whoever_was_refused_at_one_address_is_sent_it_at_the_other(office: Office) -> None:
    with running(Script(faults=(Fault("rcpt", reply="550 5.1.1 No", recipient=HAS_IT.spec),))) as server:
        waiting = office.at(server.port)
        waiting.send(SLUG, BUREAU, code=5)
        waiting.change(f"UPDATE delivery SET state = 'queued' WHERE address = '{LATER.spec}'")
        waiting.change("UPDATE dispatch SET state = 'running'")
        said = waiting.run("contacts", "merge", HAS_IT.address, LATER.address, "--yes").out
        assert "is not sent" not in said, "the other address refused it"
        assert waiting.states()["queued"] == 1


@pytest.mark.parametrize("stays", [HAS_IT, LATER])
def test_whoever_is_merged_while_the_send_waits_for_its_answer_gets_it_once(office: Office, stays: Person) -> None:
    """What was shown had them twice; and once one of the two has it, the other has it too."""
    other = LATER if stays is HAS_IT else HAS_IT
    with running(Script()) as server:
        sending = office.at(server.port)
        with sending.on_a_terminal("send", SLUG, "--list", BUREAU) as terminal:
            terminal.read_until("[y/N]")
            sending.run("contacts", "merge", stays.address, other.address, "--yes")
            terminal.type("y\n")
            terminal.read_until("Run the same command again.")
            finish(terminal.process, 3)
        assert server.accepted == []
        sending.send(SLUG, BUREAU)
        assert len(server.accepted) == len(SHORT_LIST) - 1


def test_whoever_is_merged_into_one_who_has_it_while_the_send_waits_gets_it_once(office: Office) -> None:
    with running(Script()) as server:
        sending = office.at(server.port)
        sending.run("lists", "create", "autre")
        sending.run("lists", "add", "autre", HAS_IT.address)
        sending.send(SLUG, "autre")
        with sending.on_a_terminal("send", SLUG, "--list", BUREAU) as terminal:
            terminal.read_until("[y/N]")
            sending.run("contacts", "merge", LATER.address, HAS_IT.address, "--yes")
            terminal.type("y\n")
            terminal.read_until("Run the same command again.")
            finish(terminal.process, 3)
        sending.send(SLUG, BUREAU)
        assert len(server.accepted) == len(SHORT_LIST) - 1


def test_whoever_is_erased_while_the_send_waits_for_its_answer_is_not_written_to(office: Office) -> None:
    with running(Script()) as server:
        sending = office.at(server.port)
        with sending.on_a_terminal("send", SLUG, "--list", BUREAU) as terminal:
            terminal.read_until("[y/N]")
            sending.run("contacts", "forget", LATER.address, "--yes")
            terminal.type("y\n")
            terminal.read_until("Run the same command again.")
            finish(terminal.process, 3)
        sending.send(SLUG, BUREAU)
        assert {one.recipient for one in server.accepted} == {one.spec for one in SHORT_LIST} - {LATER.spec}


REFUSED = (Fault("rcpt", reply="550 5.7.1 Not today", recipient=LATER.spec, times=1),)


@pytest.mark.parametrize("stays", [HAS_IT, LATER])
def test_whoever_has_it_is_not_sent_it_again_at_the_address_that_refused_it(office: Office, stays: Person) -> None:
    other = LATER if stays is HAS_IT else HAS_IT
    with running(Script(faults=REFUSED)) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        sending.run("contacts", "merge", stays.address, other.address, "--yes")
        sending.run("dispatches", "retry", "1", "--state", "rejected", "--yes", code=3)
        assert LATER.spec not in {one.recipient for one in server.accepted}


def test_two_who_are_one_by_now_are_sent_it_again_once(office: Office) -> None:
    refused = tuple(Fault("rcpt", reply="550 5.7.1 Not today", recipient=one.spec, times=1) for one in (HAS_IT, LATER))
    with running(Script(faults=refused)) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        sending.run("contacts", "merge", HAS_IT.address, LATER.address, "--yes")
        sending.run("dispatches", "retry", "1", "--state", "rejected", "--yes", code=5)
        assert len(server.accepted) == len(SHORT_LIST) - 1


@pytest.mark.parametrize("what", ["merge", "forget"])
def test_a_retry_that_waits_for_its_answer_asks_again_whom_it_may_send_to(office: Office, what: str) -> None:
    with running(Script(faults=REFUSED)) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        with sending.on_a_terminal("dispatches", "retry", "1", "--state", "rejected") as terminal:
            terminal.read_until("[y/N]")
            if what == "merge":
                sending.run("contacts", "merge", HAS_IT.address, LATER.address, "--yes")
            else:
                sending.run("contacts", "forget", LATER.address, "--yes")
            terminal.type("y\n")
            terminal.read_until("0 recipients queued again.")
            finish(terminal.process)
        assert len(server.accepted) == len(SHORT_LIST) - 1
    assert sending.states() == {"accepted": len(SHORT_LIST) - 1, "rejected": 1}


@pytest.mark.parametrize("how", ["resolve", "setting"])
def test_whoever_has_it_is_not_sent_it_again_at_the_address_that_was_in_doubt(office: Office, how: str) -> None:
    silent = (Fault("body", do="drop", recipient=LATER.spec, times=1),)
    with running(Script(faults=silent)) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        assert sending.states()["in_doubt"] == 1
        sending.run("contacts", "merge", HAS_IT.address, LATER.address, "--yes")
        if how == "resolve":
            sending.run("dispatches", "resolve", "1", LATER.address, "--as", "not-accepted", "--yes")
            sending.run("work", "--once")
        else:
            sending.run("dispatches", "resume", "1", "--in-doubt", "resend")
        assert len(server.accepted) == len(SHORT_LIST) - 1
    assert sending.states() == {"accepted": len(SHORT_LIST) - 1, "withheld": 1}
