"""A signal to end is never lost between two pieces of work."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from distributor.cli.running import hold_signals, until_stopped
from distributor.dispatch.runner import RunResult


@pytest.fixture(autouse=True)
def _own_mask() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    if signal.SIGTERM in signal.sigpending():
        signal.sigwait({signal.SIGTERM})
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


async def ends_by_itself(stop: asyncio.Event) -> RunResult:
    """What is done when the signal comes, and ends as it would have without."""
    os.kill(os.getpid(), signal.SIGTERM)
    await stop.wait()
    return RunResult()


async def waits(stop: asyncio.Event) -> RunResult:
    await stop.wait()
    return RunResult(stopped=True)


def test_a_signal_that_comes_as_the_work_ends_is_heard_by_the_next() -> None:
    hold_signals()
    assert not asyncio.run(until_stopped(ends_by_itself)).stopped
    assert signal.SIGTERM in signal.sigpending()
    assert asyncio.run(asyncio.wait_for(until_stopped(waits), 20)).stopped
    assert signal.SIGTERM not in signal.sigpending()
