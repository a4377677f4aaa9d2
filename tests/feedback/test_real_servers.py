"""What comes back through real parts: Postfix bounces to a Maildir, Dovecot serves a mailbox."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from comebacks import FORMS, bounce
from ledgerbase import KEYRING, add_deliveries, delivery, states
from sqlmodel import select

from distributor.db.engine import Database
from distributor.errors import CredentialsRefused, ServerUnavailable
from distributor.feedback.apply import Intake
from distributor.feedback.mailbox import ImapAccount, fetch_imap, fetch_maildir, follow_imap
from distributor.models import FeedbackEvent
from distributor.states import DeliveryState
from distributor.transport.account import SmtpAccount
from distributor.transport.base import Envelope
from distributor.transport.smtp import SmtpTransport

IS_ROOT = os.geteuid() == 0
POSTFIX = shutil.which("postfix") or shutil.which("postfix", path="/usr/sbin")
DOVECOT = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
BOUNCES = "rebonds@office.example"
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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], bool], log: Path) -> None:
    """Wait for a server of another process, half a minute at most."""
    pause = threading.Event()
    for _ in range(600):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError(log.read_text(encoding="utf-8", errors="replace")[-3000:] if log.exists() else "no log")


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            return bool(connection.recv(1))
    except OSError:
        return False


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that servers under other users can enter; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory(prefix="mail-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="module")
def postfix(open_folder: Path) -> Iterator[tuple[int, Path, Path]]:
    """A Postfix of our own on loopback: its port, the Maildir of the bounce address, its log."""
    if POSTFIX is None or not IS_ROOT:
        pytest.skip("Postfix is not installed, or we are not root")
    (open_folder / "mail").mkdir()
    (open_folder / "mail" / "full").write_bytes(b"x" * 4_990)
    config, queue, data, mail = (open_folder / name for name in ("etc", "queue", "data", "mail"))
    for one in (config, queue, data):
        one.mkdir()
    owner = pwd.getpwnam("postfix")
    for one in (data, mail, mail / "full"):
        os.chown(one, owner.pw_uid, owner.pw_gid)
    port = free_port()
    log = open_folder / "postfix.log"
    (config / "main.cf").write_text(
        f"""compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
maillog_file = {log}
maillog_file_prefixes = {open_folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.office.example
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
recipient_delimiter = +
delay_warning_time = 1s
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
message_size_limit = 4000
virtual_mailbox_limit = 5000
virtual_mailbox_domains = office.example, journal.example
virtual_mailbox_base = {mail}
virtual_mailbox_maps = inline:{{ {{ {BOUNCES} = rebonds/ }}, {{ known@journal.example = known/ }},
  {{ full@journal.example = full }} }}
virtual_uid_maps = static:{owner.pw_uid}
virtual_gid_maps = static:{owner.pw_gid}
virtual_minimum_uid = 1
smtpd_reject_unlisted_recipient = no
smtpd_recipient_restrictions = permit_mynetworks, reject
transport_maps = inline:{{ {{ later@journal.example = retry:4.4.1 no answer from its host }} }}
""",
        encoding="utf-8",
    )
    services = "rewrite verify proxymap error retry anvil postlog"
    programs = {"rewrite": "trivial-rewrite", "postlog": "postlogd", "retry": "error"}
    lines = [f"127.0.0.1:{port} inet n - n - - smtpd", "qmgr unix n - n 300 1 qmgr", "pickup unix n - n 60 1 pickup"]
    lines += ["cleanup unix n - n - 0 cleanup", "bounce unix - - n - 0 bounce", "virtual unix - n n - - virtual"]
    lines += ["defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce", "flush unix n - n 1000? 0 flush"]
    for name in services.split():
        kind = "unix-dgram n" if name == "postlog" else "unix -"
        lines.append(f"{name} {kind} - n - {'1' if name == 'postlog' else '-'} {programs.get(name, name)}")
    (config / "master.cf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    started = subprocess.run([POSTFIX, "-c", str(config), "start"], capture_output=True, text=True, timeout=60)
    try:
        assert started.returncode == 0, started.stderr
        until(lambda: answers(port), log)
        yield port, mail / "rebonds", log
    finally:
        subprocess.run([POSTFIX, "-c", str(config), "stop"], capture_output=True, timeout=60)


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
