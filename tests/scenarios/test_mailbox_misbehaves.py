"""A mailbox that misbehaves: one sentence without the password in it, nothing lost, nothing marked unread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from authority import Authority
from mailboxserver import Mailbox, mailbox_server
from office import Office, one_sentence

PASSWORD = "Geheim-Pw-123"


def letter(number: int) -> bytes:
    return (
        f"From: Ann <ann{number}@paper.example>\r\nTo: presse@soignants-littoral.example\r\n"
        f"Subject: Re: Urgences {number}\r\nMessage-ID: <{number}@paper.example>\r\n\r\nThank you, {number}.\r\n"
    ).encode()


@pytest.fixture
def box(authority: Authority) -> Iterator[Mailbox]:
    mailbox = Mailbox("presse", [letter(number) for number in (1, 2, 3)], password=PASSWORD)
    with mailbox_server(authority, mailbox):
        yield mailbox


@pytest.fixture
def reading(office: Office, authority: Authority, box: Mailbox) -> Office:
    return office.at(
        9,
        smtp_ca_file=str(authority.ca_file),
        feedback_imap_host="127.0.0.1",
        feedback_imap_port=str(box.port),
        feedback_imap_username=box.user,
        feedback_imap_password=PASSWORD,
    )


def senders(reading: Office) -> list[str]:
    return [one["sender"] for one in reading.json("feedback", "list")]


@pytest.mark.parametrize("verb", ["LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE"])
@pytest.mark.parametrize(
    "says",
    [
        f"{{tag}} BAD What is {PASSWORD}",
        f"{{tag}} NO Not with {PASSWORD}",
        f"* BYE Not with {PASSWORD}\r\n{{tag}} OK Left",
        f"\x00\x1b[31m {PASSWORD}\r\n{{tag}} OK Done",
        "",
    ],
    ids=["bad", "no", "bye", "garbage", "hangs up"],
)
def test_what_a_server_says_instead_is_one_sentence_without_the_password(
    reading: Office, box: Mailbox, verb: str, says: str
) -> None:
    box.says = {verb: says}
    ran = reading.run("feedback", "fetch", code=4)
    assert "mailbox" in one_sentence(ran)
    assert PASSWORD not in ran.text
    assert "b'" not in ran.text
    assert box.done == set()
    box.says = {}
    reading.run("feedback", "fetch")
    assert box.done == {1, 2, 3}
    assert len(senders(reading)) == 3


@pytest.mark.parametrize("says", ["", "{tag} BAD What?", "{tag} NO Stay"])
def test_a_goodbye_that_is_not_answered_is_one_all_the_same(reading: Office, box: Mailbox, says: str) -> None:
    box.says = {"LOGOUT": says}
    assert "3 repl" in reading.run("feedback", "fetch").out
    assert box.done == {1, 2, 3}


def test_a_message_that_the_server_does_not_give_is_said_and_holds_up_nothing(reading: Office, box: Mailbox) -> None:
    box.refuses = {2}
    assert "does not give 1 of its messages" in one_sentence(reading.run("feedback", "fetch", code=4))
    assert box.done == {1, 3}
    box.refuses = set()
    reading.run("feedback", "fetch")
    assert box.done == {1, 2, 3}


@pytest.mark.parametrize(
    "said", ["[UNAVAILABLE] Temporary authentication failure", "Too many simultaneous connections."]
)
def test_a_login_that_is_refused_for_now_is_no_wrong_password(reading: Office, box: Mailbox, said: str) -> None:
    box.says = {"LOGIN": f"{{tag}} NO {said}"}
    assert "cannot be read" in one_sentence(reading.run("feedback", "fetch", code=4))


def test_what_is_told_of_another_message_is_not_taken_for_the_one_asked_for(reading: Office, box: Mailbox) -> None:
    other = letter(9).decode()
    box.says = {"UID FETCH": f"* 9 FETCH (UID 9 BODY[]<0> {{{{{len(other)}}}}}\r\n{other})\r\n{{tag}} OK Done"}
    reading.run("feedback", "fetch")
    assert box.done == set()
    assert senders(reading) == []


def test_a_search_that_names_no_numbers_has_nothing_marked(reading: Office, box: Mailbox) -> None:
    box.says = {"UID SEARCH": "* SEARCH 1:* é 2\r\n{tag} OK Done"}
    reading.run("feedback", "fetch")
    assert box.done == {2}


def test_a_message_larger_than_was_asked_for_does_not_fill_the_memory(reading: Office, box: Mailbox) -> None:
    box.says = {"UID FETCH": "* 1 FETCH (UID {uid} BODY[]<0> {{9999999999999}}\r\nabc"}
    assert "sends more than it was asked for" in one_sentence(reading.run("feedback", "fetch", code=4))


def test_a_password_outside_ascii_logs_in(reading: Office, box: Mailbox) -> None:
    box.password = "pâte à sel"
    reading.at(9, feedback_imap_password=box.password).run("feedback", "fetch")
    assert box.done == {1, 2, 3}


def test_a_folder_that_can_only_be_read_is_named(reading: Office, box: Mailbox) -> None:
    box.says = {"SELECT": "* 3 EXISTS\r\n* OK [READ-ONLY] Look\r\n{tag} OK [READ-ONLY] Look"}
    assert "«INBOX» can only be read" in one_sentence(reading.run("feedback", "fetch", code=4))
