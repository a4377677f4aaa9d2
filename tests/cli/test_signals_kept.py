"""A signal to end is never lost between two pieces of work."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from distributor.cli.terminal.signals import hold_signals, until_stopped
from distributor.dispatch.result import RunResult


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


async def ends_at_once(_stop: asyncio.Event) -> RunResult:
    """What has ended before the loop has so much as read the signal; a thread that it used is still there."""
    await asyncio.to_thread(sum, [])
    os.kill(os.getpid(), signal.SIGTERM)
    return RunResult()


async def waits(stop: asyncio.Event) -> RunResult:
    await stop.wait()
    return RunResult(stopped=True)


@pytest.mark.parametrize("work", [ends_by_itself, ends_at_once])
def test_a_signal_that_comes_as_the_work_ends_is_heard_by_the_next(
    work: Callable[[asyncio.Event], Coroutine[Any, Any, RunResult]],
) -> None:
    hold_signals()
    assert not asyncio.run(until_stopped(work)).stopped
    assert signal.SIGTERM in signal.sigpending()
    assert asyncio.run(asyncio.wait_for(until_stopped(waits), 20)).stopped
    assert signal.SIGTERM not in signal.sigpending()
