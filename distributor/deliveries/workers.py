"""Names of processes that send, and whether the process behind a name still lives."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path


def worker_name() -> str:
    """A name for this process: `host:pid:start:nonce`, unique for ever, from which others can see whether it lives."""
    pid = os.getpid()
    return f"{socket.gethostname()}:{pid}:{_started(pid)}:{uuid.uuid4().hex[:8]}"


def is_alive(name: str) -> bool | None:
    """Whether the process of that name runs; None where it cannot be seen from this machine."""
    try:
        host, pid, started, _nonce = name.rsplit(":", 3)
        number = int(pid)
    except ValueError:
        return None
    if host != socket.gethostname():
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
