"""While the ledger cannot be written, a thread looks for it: a signal is the main thread's all the same."""

from __future__ import annotations

import asyncio
import signal

from distributor.cli.outage import _beside
from distributor.dispatch.scribe import SIGNALS


def test_whoever_looks_beside_takes_no_signal_away() -> None:
    """One that the thread took, as the work goes on, would be heard by nobody: the handlers of the look are gone."""

    def held() -> set[int]:
        return set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    async def look() -> set[int]:
        return await _beside(held)  # type: ignore[arg-type]

    assert set(SIGNALS) <= asyncio.run(look())
