"""What comes back through real parts: Postfix bounces to a Maildir, Dovecot serves a mailbox."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from comebacks import FORMS, bounce
from ledgerbase import KEYRING, add_deliveries, delivery, states
from mailservers import BOUNCES, IS_ROOT, answers, free_port, running_postfix, until
from sqlmodel import select

from distributor.db.engine import Database
from distributor.errors import CredentialsRefused, ServerUnavailable
from distributor.feedback.apply import Intake
from distributor.feedback.imap import ImapAccount, fetch_imap, follow_imap
from distributor.feedback.mailbox import fetch_maildir
from distributor.models import FeedbackEvent
from distributor.states import DeliveryState
from distributor.transport.account import SmtpAccount
from distributor.transport.base import Envelope
from distributor.transport.smtp import SmtpTransport

DOVECOT = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
RAW = bounce(*FORMS["courier"][:2])
MESSAGE = b"From: press@office.example\r\nTo: %b\r\nMessage-ID: <of@relay.example>\r\n\r\nBilan\r\n"


async def begin() -> None:
    """Nothing is written down before these bodies."""


async def send(port: int, *envelopes: Envelope) -> None:
    """Hand messages to a real server, as a dispatch does."""
    connection = await SmtpTransport(SmtpAccount("127.0.0.1", port, security="plain")).connect()
    for one in envelopes:
        assert (await connection.deliver(one, begin)).code == 250
    await connection.close()


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that servers under other users can enter; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="mail-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="module")
def postfix(open_folder: Path) -> Iterator[tuple[int, Path, Path]]:
    with running_postfix(open_folder) as found:
        yield found


def test_what_postfix_returns_is_read_and_attributed(database: Database, postfix: tuple[int, Path, Path]) -> None:
    """Unknown, over quota, delayed and delivered: the signed bounce address says of whom."""
    port, maildir, log = postfix
    _, ids = add_deliveries(database, 4, state=DeliveryState.ACCEPTED)
    people = [f"{name}@journal.example" for name in ("nobody", "full", "later", "known")]
    to = dict(zip(ids, people, strict=True))
    asyncio.run(send(port, *(
        Envelope(KEYRING.bounce_address(BOUNCES, number), address, MESSAGE % address.encode())
        for number, address in to.items()
    )))  # fmt: skip
    until(lambda: (maildir / "new").is_dir() and len(list((maildir / "new").iterdir())) >= 3, log)
    intake = Intake(database, KEYRING, actor="test", bounce_address=BOUNCES)
    assert fetch_maildir(maildir, intake.take) >= 3
    assert states(database, ids) == ["bounced", "bounced", "accepted", "accepted"]
    unknown, full = (delivery(database, number) for number in ids[:2])
    assert (unknown.reason, unknown.enhanced_code) == ("bounce: user_unknown", "5.1.1")
    assert (full.reason, full.enhanced_code) == ("bounce: mailbox_full", "5.2.2")
    with database.session() as session:
        late = session.exec(select(FeedbackEvent).where(FeedbackEvent.delivery_id == ids[2])).all()
    assert {(one.kind, one.verdict, one.status, one.state) for one in late} == {
        ("delay", "temporary", "4.4.1", "recorded")
    }


def test_the_envelope_id_alone_says_whose_it_is(database: Database, postfix: tuple[int, Path, Path]) -> None:
    """A relay that writes a Message-ID of its own, and an account that cannot have signed bounce addresses."""
    port, maildir, log = postfix
    _, ids = add_deliveries(database, 2, state=DeliveryState.ACCEPTED)
    named = delivery(database, ids[1]).message_id.strip("<>")
    asyncio.run(send(port, Envelope(BOUNCES, "nobody@journal.example", MESSAGE % b"x@y.example", envelope_id=named)))
    until(lambda: (maildir / "new").is_dir() and any((maildir / "new").iterdir()), log)
    fetch_maildir(maildir, Intake(database, KEYRING, actor="test", bounce_address=BOUNCES).take)
    assert states(database, ids) == ["accepted", "bounced"]
    with database.session() as session:
        event = session.exec(select(FeedbackEvent)).one()
    assert event.evidence == "message/delivery-status; envelope id"


@pytest.fixture
def mailbox(dovecot: tuple[int, Path], request: pytest.FixtureRequest) -> tuple[ImapAccount, Path]:
    """A mailbox of this test's own: how to log in, and the Maildir behind it."""
    port, home = dovecot
    owner = pwd.getpwnam("mail")
    user = request.node.name
    for name in (user, f"{user}/Maildir", *(f"{user}/Maildir/{one}" for one in ("new", "cur", "tmp"))):
        (home / name).mkdir()
        os.chown(home / name, owner.pw_uid, owner.pw_gid)
    return ImapAccount("127.0.0.1", port, "plain", user, "secret"), home / user / "Maildir"


@pytest.fixture(scope="module")
def dovecot(open_folder: Path) -> Iterator[tuple[int, Path]]:
    """A Dovecot of our own on loopback: its port, and the folder of its mailboxes."""
    if DOVECOT is None or not IS_ROOT:
        pytest.skip("Dovecot is not installed, or we are not root")
    owner = pwd.getpwnam("mail")
    home = open_folder / "home"
    home.mkdir()
    os.chown(home, owner.pw_uid, owner.pw_gid)
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
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:{home}/%u/Maildir
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
        yield port, home
    finally:
        server.terminate()
        server.wait(30)


def deliver(maildir: Path, *messages: bytes, at: int = 0) -> None:
    owner = pwd.getpwnam("mail")
    for number, raw in enumerate(messages, start=at):
        path = maildir / "tmp" / f"{number}.mail.example"
        path.write_bytes(raw)
        os.chown(path, owner.pw_uid, owner.pw_gid)
        path.rename(maildir / "new" / path.name)


def replaced(account: ImapAccount, **values: str | int) -> ImapAccount:
    from dataclasses import replace

    return replace(account, **values)


def test_an_imap_mailbox_is_read_once_and_loses_nothing(mailbox: tuple[ImapAccount, Path]) -> None:
    account, maildir = mailbox
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


def test_what_comes_is_taken_in_as_soon_as_the_server_says_so(mailbox: tuple[ImapAccount, Path]) -> None:
    """IDLE: half an hour would pass before the next look; each message is there when it is delivered."""
    account, maildir = mailbox
    deliver(maildir, RAW)
    stop, taken = threading.Event(), []

    def caught_up() -> None:
        if len(taken) == 3:
            stop.set()
        else:  # while nobody fetches: only the server can tell
            threading.Timer(
                0.2, deliver, [maildir, RAW.replace(b"lea", b"lea%d" % len(taken))], {"at": len(taken)}
            ).start()

    follow_imap(account, lambda raw, _source: taken.append(raw), 1_800, stop, caught_up)
    assert [b"lea1" in raw for raw in taken] == [False, True, False]
    assert b"lea2" in taken[2]


def test_a_mailbox_that_cannot_be_read_says_why(mailbox: tuple[ImapAccount, Path]) -> None:
    account, _ = mailbox
    with pytest.raises(CredentialsRefused, match="user name or the password"):
        fetch_imap(replaced(account, password="wrong"), lambda _raw, _source: None)
    with pytest.raises(ServerUnavailable, match="cannot be read"):
        fetch_imap(replaced(account, port=free_port()), lambda _raw, _source: None)
