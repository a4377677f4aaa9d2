"""A mailbox that takes its time over every word, or says another: how long it may take, and what becomes of it."""

from __future__ import annotations

import threading

import pytest
from authority import Authority
from mailboxserver import Mailbox, mailbox_server

from distributor.errors import DistributorError, ServerUnavailable
from distributor.feedback import imap_client
from distributor.feedback.imap import ImapAccount, fetch_imap, follow_imap


@pytest.mark.parametrize("babbles", ["GREETING", "LOGIN", "UID SEARCH"])
def test_an_answer_that_never_ends_is_left_in_time(
    authority: Authority, babbles: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_client, "ANSWER_S", 0.3)
    mailbox = Mailbox("presse", [], password="secret", babbles=babbles, pause=0.02)
    with mailbox_server(authority, mailbox):
        account = ImapAccount("127.0.0.1", mailbox.port, "tls", "presse", "secret", ca_file=authority.ca_file)
        with pytest.raises(ServerUnavailable, match="does not come to an end"):
            fetch_imap(account, lambda _raw, _source: None)


@pytest.mark.parametrize("verb", ["LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE"])
@pytest.mark.parametrize(
    "says",
    [
        "{tag} BAD What is Geheim-Pw-123",
        "{tag} NO Not with Geheim-Pw-123",
        "* BYE Not with Geheim-Pw-123\r\n{tag} OK Left",
        "\x00\x1b[31m Geheim-Pw-123\r\n{tag} OK Done",
        "",
    ],
    ids=["bad", "no", "bye", "garbage", "hangs up"],
)
def test_what_is_said_instead_marks_nothing_and_shows_no_password(authority: Authority, verb: str, says: str) -> None:
    letters = [f"Subject: {number}\r\n\r\n".encode() for number in (1, 2, 3)]
    mailbox = Mailbox("presse", letters, password="Geheim-Pw-123", says={verb: says})
    taken: list[bytes] = []
    with mailbox_server(authority, mailbox):
        account = ImapAccount("127.0.0.1", mailbox.port, "tls", "presse", "Geheim-Pw-123", ca_file=authority.ca_file)
        with pytest.raises(DistributorError, match="mailbox") as caught:
            fetch_imap(account, lambda raw, _source: taken.append(raw))
        assert "Geheim" not in str(caught.value)
        assert "b'" not in str(caught.value)
        assert str(caught.value).isprintable()
        assert mailbox.done == set()
        assert len(taken) == (1 if verb == "UID STORE" else 0)
        mailbox.says = {}
        taken.clear()
        fetch_imap(account, lambda raw, _source: taken.append(raw))
    assert [raw[:10] for raw in taken] == [b"Subject: 1", b"Subject: 2", b"Subject: 3"]
    assert mailbox.done == {1, 2, 3}


@pytest.mark.parametrize("babbles", ["CAPABILITY", "LOGIN", "SELECT"])
def test_what_does_not_come_to_an_end_is_hung_up_on(authority: Authority, babbles: str) -> None:
    """Here it comes as fast as it is read."""
    mailbox = Mailbox("presse", [b"Subject: 1\r\n\r\n"], password="secret", babbles=babbles)
    with mailbox_server(authority, mailbox):
        account = ImapAccount("127.0.0.1", mailbox.port, "tls", "presse", "secret", ca_file=authority.ca_file)
        with pytest.raises(ServerUnavailable, match="does not come to an end"):
            fetch_imap(account, lambda _raw, _source: None)
    assert mailbox.done == set()


def test_what_is_told_in_one_breath_with_the_waiting_is_not_waited_for(authority: Authority) -> None:
    mailbox = Mailbox("presse", [b"Subject: 1\r\n\r\n"], password="secret", comes=[b"Subject: 2\r\n\r\n"])
    mailbox.greeting = "* OK [CAPABILITY IMAP4rev1 IDLE] ready"
    mailbox.says = {"CAPABILITY": "* CAPABILITY IMAP4rev1 IDLE\r\n{tag} OK done"}
    taken: list[bytes] = []
    stop = threading.Event()

    def caught_up() -> None:
        if len(taken) == 2:
            stop.set()

    with mailbox_server(authority, mailbox):
        account = ImapAccount("127.0.0.1", mailbox.port, "tls", "presse", "secret", ca_file=authority.ca_file)
        follow_imap(account, lambda raw, _source: taken.append(raw), 20, stop, caught_up)
    assert stop.is_set()
    assert [raw[:10] for raw in taken] == [b"Subject: 1", b"Subject: 2"]
