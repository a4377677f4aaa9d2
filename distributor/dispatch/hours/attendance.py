"""Since when this process has been at work without a break: who sleeps misses hours, and who is busy does not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_SHORTEST_BREAK = timedelta(minutes=1)


@dataclass(slots=True)
class Attendance:
    """What a process knows of its own presence; all that carry in it look here, from whatever thread.

    A break is a time longer than a start may be late: what came in a shorter one is in time all the same.
    """

    since: datetime | None = None
    held: list[tuple[int, str]] = field(default_factory=list)
    """The dispatches that were held after a break, each with why, until somebody says so."""
    _seen: datetime | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def look(self, moment: datetime, late: timedelta, hold: Callable[[datetime], Iterable[tuple[int, str]]]) -> None:
        """Note that we are here; when we were away until now, nobody goes on before `hold` has held what was missed."""
        with self._lock:
            was_away = self._seen is not None and moment - self._seen > max(late, _SHORTEST_BREAK)
            if self.since is None or was_away or moment < self.since:  # the clock may be set back
                self.since = moment
            self._seen = moment
            if was_away:
                self.held += hold(moment)

    def tell(self) -> tuple[tuple[int, str], ...]:
        """What was held since this was last asked."""
        with self._lock:
            told, self.held = tuple(self.held), []
            return told
