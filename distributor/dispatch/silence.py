"""A question that nobody answers: how long it is waited for."""

from __future__ import annotations

from collections.abc import Callable

from distributor import clock

LOOKS = 4
LOOK_S = 15.0
"""At so many looks in a row, so far apart, the same question lies unanswered: who should answer is stopped, or gone.

Any disk is quicker, and whoever holds a file is waited for less long; a lease is longer. One look alone proves nothing:
the machine, or both processes, may have slept.
"""
AT_ONCE_S = 1.0
"""At one look, so far off, where somebody wants the end at once."""


async def silence(question: Callable[[], object], *, at_once: bool) -> None:
    """Return once the same question has lain unanswered for a minute, or with `at_once` for a second.

    `question` gives the oldest that lies unanswered, or None.
    """
    seconds, looks = (AT_ONCE_S, 1) if at_once else (LOOK_S, LOOKS)
    silent = 0
    while silent < looks:
        asked = question()
        await clock.sleep(seconds)
        silent = silent + 1 if asked is not None and question() is asked else 0
