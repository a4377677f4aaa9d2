"""Names of processes that send, and whether the process behind a name still lives."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path


def worker_name() -> str:
    """A name for this process: `host/system:pid:start:nonce`, unique for ever; it tells others whether it lives."""
    pid = os.getpid()
    return f"{_place()}:{pid}:{_started(pid)}:{uuid.uuid4().hex[:8]}"


def host_of(name: str) -> str:
    """The machine that a worker's name says it runs on, as people call it."""
    return name.partition("/")[0].partition(":")[0]


def pid_of(name: str) -> int:
    """The number of the process behind a worker's name; 0 for a name that is none of ours."""
    parts = name.rsplit(":", 3)
    return int(parts[1]) if len(parts) == 4 and parts[1].isdecimal() else 0


def is_same_process(name: str, other: str) -> bool:
    """Whether two names are of one process: it has one for each account that it sends through."""
    process, _, nonce = name.rpartition(":")
    return name == other or (process == other.rpartition(":")[0] and bool(process and nonce))


def is_alive(name: str) -> bool | None:
    """Whether the process of that name runs; None where it cannot be seen from this machine."""
    try:
        host, pid, started, _nonce = name.rsplit(":", 3)
        number = int(pid)
    except ValueError:
        return None
    if host != _place():
        return None
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it runs, as another user
    # A process number is used again: only the same start means the same process.
    now_started = _started(number)
    return started == now_started if started and now_started else True


def is_dead(
    name: str, lease_until: datetime | None, now: datetime, is_alive: Callable[[str], bool | None] = is_alive
) -> bool:
    """Whether the worker of a claim is gone: by its process where that can be seen, else by its lease."""
    alive = is_alive(name)
    return not alive if alive is not None else lease_until is None or lease_until <= now


def _place() -> str:
    """Where process numbers mean the same processes: machines and containers may all be called «localhost»."""
    marks = ["", ""]
    with contextlib.suppress(OSError):
        marks[0] = Path("/etc/machine-id").read_text(encoding="ascii", errors="replace").strip()
    with contextlib.suppress(OSError):
        marks[1] = os.readlink("/proc/self/ns/pid")
    return f"{socket.gethostname()}/{hashlib.sha256(repr(marks).encode()).hexdigest()[:8]}"


def _started(pid: int) -> str:
    """When a process started, in ticks since boot (Linux), or "" where that cannot be read."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    if fields[0] in {"Z", "X"}:
        return "ended"
    return fields[19]
