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


# Each of these words at each verb: tests/feedback/test_imap_bounds.py.
@pytest.mark.parametrize(
    ("verb", "says"),
    [
        ("LOGIN", f"{{tag}} BAD What is {PASSWORD}"),
        ("SELECT", f"{{tag}} NO Not with {PASSWORD}"),
        ("UID SEARCH", f"* BYE Not with {PASSWORD}\r\n{{tag}} OK Left"),
        ("UID FETCH", f"\x00\x1b[31m {PASSWORD}\r\n{{tag}} OK Done"),
        ("UID STORE", ""),
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


@pytest.mark.parametrize("babbles", ["GREETING", "UID FETCH", "LOGOUT"])
def test_a_server_that_does_not_come_to_an_end_is_hung_up_on(reading: Office, box: Mailbox, babbles: str) -> None:
    box.babbles = babbles
    ran = reading.run("feedback", "fetch", code=0 if babbles == "LOGOUT" else 4)
    if babbles != "LOGOUT":  # by then all was taken in: a goodbye without an end is still one
        assert "does not come to an end" in one_sentence(ran)
    box.babbles = ""
    reading.run("feedback", "fetch")
    assert box.done == {1, 2, 3}
    assert len(senders(reading)) == 3


@pytest.mark.parametrize("digits", [20, 5_000])
@pytest.mark.parametrize("where", ["SELECT", "UID FETCH"])
def test_a_size_that_no_message_has_is_no_defect(reading: Office, box: Mailbox, where: str, digits: int) -> None:
    box.says = {where: f"* 1 FETCH (UID 1 BODY[]<0> {{{{{'9' * digits}}}}}\r\nabc"}
    assert "sends more than it was asked for" in one_sentence(reading.run("feedback", "fetch", code=4))


@pytest.mark.parametrize("verb", ["UID SEARCH", "UID FETCH"])
def test_a_number_that_no_message_has_is_no_defect(reading: Office, box: Mailbox, verb: str) -> None:
    number = "9" * 5_000
    says = f"* SEARCH {number} 2" if verb == "UID SEARCH" else f"* 1 FETCH (UID {number} BODY[]<0> {{{{3}}}}\r\nabc)"
    box.says = {verb: f"{says}\r\n{{tag}} OK Done"}
    reading.run("feedback", "fetch")
    assert box.done == ({2} if verb == "UID SEARCH" else set())


def test_who_is_let_in_by_the_greeting_shows_no_password(reading: Office, box: Mailbox) -> None:
    """RFC 3501 §7.1.4: PREAUTH says that the log-in was done, by a certificate or a tunnel say."""
    box.greeting = "* PREAUTH [CAPABILITY IMAP4rev1] Welcome, presse"
    reading.run("feedback", "fetch")
    assert box.done == {1, 2, 3}
    assert box.shown == 0


def test_who_is_let_in_before_the_line_is_protected_leaves(reading: Office, authority: Authority) -> None:
    """There is no STARTTLS for whoever is logged in: somebody on the way may have said PREAUTH to keep us in clear."""
    mailbox = Mailbox("presse", [letter(1)], password=PASSWORD, greeting="* PREAUTH [CAPABILITY IMAP4rev1] Hello")
    with mailbox_server(authority, mailbox, in_clear=True):
        office = reading.at(9, feedback_imap_port=str(mailbox.port), feedback_imap_security="starttls")
        said = one_sentence(office.run("feedback", "fetch", code=4))
        assert "before the connection is protected" in said
        assert "DISTRIBUTOR_FEEDBACK_IMAP_SECURITY" in said
    assert (mailbox.shown, mailbox.done) == (0, set())
