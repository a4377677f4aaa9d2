"""A mailbox that takes its time over every word: how long one answer may take, however it is cut."""

from __future__ import annotations

import threading

import pytest
from authority import Authority
from mailboxserver import Mailbox, mailbox_server

from distributor.errors import ServerUnavailable
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
