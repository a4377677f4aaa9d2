"""Now and sleep: the only module that reads the machine's clock."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds on a clock that never steps back; only differences mean anything."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Stand still for `seconds`, in code that has no loop."""
    time.sleep(seconds)


async def sleep(seconds: float) -> None:
    """Let other tasks run for `seconds`."""
    await asyncio.sleep(seconds)
