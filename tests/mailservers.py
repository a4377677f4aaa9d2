"""A real Postfix on loopback, for tests: it takes mail, returns what nobody can have, and delivers to Maildirs."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

IS_ROOT = os.geteuid() == 0
POSTFIX = shutil.which("postfix") or shutil.which("postfix", path="/usr/sbin")
BOUNCES = "rebonds@office.example"


class Postfix(NamedTuple):
    """One that runs: its port, the Maildir of `BOUNCES`, its log."""

    port: int
    bounces: Path
    log: Path

    def lines(self) -> list[str]:
        """What it has logged so far."""
        return self.log.read_text(encoding="utf-8", errors="replace").splitlines()


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


@contextmanager
def running_postfix(open_folder: Path, *, settings: Mapping[str, str] | None = None) -> Iterator[Postfix]:
    """A Postfix of our own; the test is skipped where there is none.

    Of journal.example it knows `known@`; `full@` is over quota, `later@` cannot be reached now, nobody else is there.
    `settings` of main.cf win over ours.
    """
    if POSTFIX is None or not IS_ROOT:
        pytest.skip("Postfix is not installed, or we are not root")
    (open_folder / "mail").mkdir()
    (open_folder / "mail" / "full").write_bytes(b"x" * 209_990)
    config, queue, data, mail = (open_folder / name for name in ("etc", "queue", "data", "mail"))
    for one in (config, queue, data):
        one.mkdir()
    owner = pwd.getpwnam("postfix")
    for one in (data, mail, mail / "full"):
        os.chown(one, owner.pw_uid, owner.pw_gid)
    port = free_port()
    log = open_folder / "postfix.log"
    ours = {
        "compatibility_level": "3.6",
        "queue_directory": str(queue),
        "data_directory": str(data),
        "maillog_file": str(log),
        "maillog_file_prefixes": str(open_folder),
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "myhostname": "mx.office.example",
        "mydestination": "",
        "mynetworks": "127.0.0.0/8",
        "alias_maps": "",
        "alias_database": "",
        "recipient_delimiter": "+",
        "delay_warning_time": "1s",
        "queue_run_delay": "1s",
        "minimal_backoff_time": "1s",
        "maximal_backoff_time": "1s",
        "message_size_limit": "200000",
        "virtual_mailbox_limit": "210000",
        "virtual_mailbox_domains": "office.example, journal.example",
        "virtual_mailbox_base": str(mail),
        "virtual_mailbox_maps": f"inline:{{ {{ {BOUNCES} = rebonds/ }}, {{ known@journal.example = known/ }},"
        " { full@journal.example = full } }",
        "virtual_uid_maps": f"static:{owner.pw_uid}",
        "virtual_gid_maps": f"static:{owner.pw_gid}",
        "virtual_minimum_uid": "1",
        "smtpd_reject_unlisted_recipient": "no",
        "smtpd_recipient_restrictions": "permit_mynetworks, reject",
        "transport_maps": "inline:{ { later@journal.example = retry:4.4.1 no answer from its host } }",
    }
    main = "".join(f"{name} = {value}\n" for name, value in (ours | dict(settings or {})).items())
    (config / "main.cf").write_text(main, encoding="utf-8")
    services = "rewrite verify proxymap error retry discard anvil postlog"
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
        yield Postfix(port, mail / "rebonds", log)
    finally:
        subprocess.run([POSTFIX, "-c", str(config), "stop"], capture_output=True, timeout=60)
