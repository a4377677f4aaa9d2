"""A real Postfix on loopback, with a configuration, queue and log of its own: what it really does and says."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

POSTFIX = shutil.which("postfix") or shutil.which("postfix", path="/usr/sbin")
BOUNCES = "rebonds@office.example"


@dataclass(frozen=True)
class Postfix:
    """One that runs: its port, its log, the Maildir of the bounce address."""

    port: int
    log: Path
    bounces: Path

    def lines(self) -> list[str]:
        """What it has logged so far."""
        return self.log.read_text(encoding="utf-8", errors="replace").splitlines()


def free_port() -> int:
    """A port of this machine that nobody listens at."""
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
    """Whether a server greets there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            return bool(connection.recv(1))
    except OSError:
        return False


def can_run_postfix() -> bool:
    """Whether it is installed, and we may start it."""
    return POSTFIX is not None and os.geteuid() == 0


@contextmanager
def running_postfix(folder: Path, more: str = "") -> Iterator[Postfix]:
    """Start one in `folder`, which other users can enter; `more` are further lines of its main.cf.

    It takes mail for office.example and journal.example: «known» and «taken» there have a mailbox, «full» a full one,
    whoever begins with «later» is put off, everybody else is unknown.
    """
    assert POSTFIX is not None
    config, queue, data, mail = (folder / name for name in ("etc", "queue", "data", "mail"))
    for one in (config, queue, data, mail):
        one.mkdir()
    owner = pwd.getpwnam("postfix")
    os.chown(data, owner.pw_uid, owner.pw_gid)
    os.chown(mail, owner.pw_uid, owner.pw_gid)
    port = free_port()
    log = folder / "postfix.log"
    (config / "main.cf").write_text(
        f"""compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
maillog_file = {log}
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.office.example
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
recipient_delimiter = +
virtual_mailbox_domains = office.example, journal.example
virtual_mailbox_base = {mail}
virtual_mailbox_maps = inline:{{ {{ {BOUNCES} = rebonds/ }}, {{ known@journal.example = known/ }},
  {{ taken@journal.example = taken/ }} }}
virtual_uid_maps = static:{owner.pw_uid}
virtual_gid_maps = static:{owner.pw_gid}
virtual_minimum_uid = 1
smtpd_reject_unlisted_recipient = no
smtpd_recipient_restrictions = permit_mynetworks, reject
transport_maps = regexp:{{ {{ /^full@/ error:5.2.2 mailbox full }}, {{ /^later/ retry:4.2.0 come back later }} }}
{more}
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
        yield Postfix(port, log, mail / "rebonds")
    finally:
        subprocess.run([POSTFIX, "-c", str(config), "stop"], capture_output=True, timeout=60)
