"""What comes back through real parts: Postfix bounces to a Maildir, Dovecot serves a mailbox."""

from __future__ import annotations

import os
import pwd
import shutil
import smtplib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from comebacks import FORMS, bounce
from ledgerbase import KEYRING, add_deliveries, delivery, states
from postfixserver import BOUNCES, Postfix, answers, can_run_postfix, free_port, running_postfix, until

from distributor.db.engine import Database
from distributor.errors import CredentialsRefused, ServerUnavailable
from distributor.feedback.apply import Intake
from distributor.feedback.mailbox import ImapAccount, fetch_imap, fetch_maildir
from distributor.states import DeliveryState

IS_ROOT = os.geteuid() == 0
DOVECOT = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
RAW = bounce(*FORMS["courier"][:2])


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that servers under other users can enter; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="mail-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def postfix(open_folder: Path) -> Iterator[Postfix]:
    """A Postfix of our own on loopback."""
    if not can_run_postfix():
        pytest.skip("Postfix is not installed, or we are not root")
    with running_postfix(open_folder) as server:
        yield server


def test_what_postfix_returns_is_read_and_attributed(database: Database, postfix: Postfix) -> None:
    port, maildir, log = postfix.port, postfix.bounces, postfix.log
    _, ids = add_deliveries(database, 3, state=DeliveryState.ACCEPTED)
    people = ("nobody@journal.example", "full@journal.example", "known@journal.example")
    with smtplib.SMTP("127.0.0.1", port) as server:
        for number, address in zip(ids, people, strict=True):
            row = delivery(database, number)
            message = f"From: press@office.example\r\nTo: {address}\r\nMessage-ID: {row.message_id}\r\n\r\nBilan"
            server.sendmail(KEYRING.bounce_address(BOUNCES, number), [address], message)
    until(lambda: (maildir / "new").is_dir() and len(list((maildir / "new").iterdir())) == 2, log)
    intake = Intake(database, KEYRING, actor="test", bounce_address=BOUNCES)
    assert fetch_maildir(maildir, intake.take) == 2
    assert states(database, ids) == ["bounced", "bounced", "accepted"]
    unknown, full = (delivery(database, number) for number in ids[:2])
    assert (unknown.reason, unknown.enhanced_code) == ("bounce: user_unknown", "5.1.1")
    assert (full.reason, full.enhanced_code) == ("bounce: mailbox_full", "5.2.2")


@pytest.fixture
def dovecot(open_folder: Path) -> Iterator[tuple[ImapAccount, Path]]:
    """A Dovecot of our own on loopback: how to log in, and the Maildir behind it."""
    if DOVECOT is None or not IS_ROOT:
        pytest.skip("Dovecot is not installed, or we are not root")
    owner = pwd.getpwnam("mail")
    home = open_folder / "home"
    for name in ("home", "home/Maildir", "home/Maildir/new", "home/Maildir/cur", "home/Maildir/tmp"):
        (open_folder / name).mkdir()
        os.chown(open_folder / name, owner.pw_uid, owner.pw_gid)
    port = free_port()
    log = open_folder / "dovecot.log"
    config = open_folder / "dovecot.conf"
    config.write_text(
        f"""base_dir = {open_folder}/run
log_path = {log}
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{home}/Maildir
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={home}
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
""",
        encoding="utf-8",
    )
    server = subprocess.Popen([DOVECOT, "-F", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(port), log)
        yield ImapAccount("127.0.0.1", port, "plain", "press", "secret"), home / "Maildir"
    finally:
        server.terminate()
        server.wait(30)


def deliver(maildir: Path, *messages: bytes) -> None:
    owner = pwd.getpwnam("mail")
    for number, raw in enumerate(messages):
        path = maildir / "new" / f"{number}.mail.example"
        path.write_bytes(raw)
        os.chown(path, owner.pw_uid, owner.pw_gid)


def replaced(account: ImapAccount, **values: str | int) -> ImapAccount:
    from dataclasses import replace

    return replace(account, **values)


def test_an_imap_mailbox_is_read_once_and_loses_nothing(dovecot: tuple[ImapAccount, Path]) -> None:
    account, maildir = dovecot
    deliver(maildir, *(RAW.replace(b"lea", b"lea%d" % one) for one in range(3)))
    taken: list[bytes] = []

    def take(raw: bytes, _source: str) -> None:
        if len(taken) == 1:
            raise RuntimeError("killed in the middle")
        taken.append(raw)

    with pytest.raises(RuntimeError):
        fetch_imap(account, take)
    rest: list[bytes] = []
    assert fetch_imap(account, lambda raw, _source: rest.append(raw)) == 2
    assert sorted(raw.replace(b"\r\n", b"\n") for raw in taken + rest) == sorted(
        RAW.replace(b"lea", b"lea%d" % one) for one in range(3)
    )
    assert fetch_imap(account, take) == 0  # marked: nothing is handed over again

    # To a folder instead: what is marked is moved as well, and none is left behind.
    moving = replaced(account, done_folder="Distributor")
    assert fetch_imap(moving, lambda _raw, _source: None) == 3
    assert fetch_imap(moving, take) == 0
    assert len(list((maildir / ".Distributor" / "cur").iterdir())) == 3


def test_a_mailbox_that_cannot_be_read_says_why(dovecot: tuple[ImapAccount, Path]) -> None:
    account, _ = dovecot
    with pytest.raises(CredentialsRefused, match="user name or the password"):
        fetch_imap(replaced(account, password="wrong"), lambda _raw, _source: None)
    with pytest.raises(ServerUnavailable, match="cannot be read"):
        fetch_imap(replaced(account, port=free_port()), lambda _raw, _source: None)
