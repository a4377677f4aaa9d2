"""Several accounts in one `work`: what is looked for beside those that send."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from distributor.cli.worker.abreast import Abreast
from distributor.dispatch.result import RunResult


@dataclass
class Office:
    """A workspace and its carrier: the one dispatch, of the account `busy`, takes as long as a look for `idle` does."""

    asked: threading.Event = field(default_factory=threading.Event)
    answers: threading.Event = field(default_factory=threading.Event)
    looks: dict[str, int] = field(default_factory=dict)

    connections: int = 0

    @property
    def schedule(self) -> Office:
        return self

    roster = schedule

    def log(self) -> None:
        """It needs none."""

    def beat(self, *_arguments: Any) -> None:
        """It stands on no roster."""

    def carrier(self, *_arguments: Any) -> Office:
        return self

    def take_up(self) -> None:
        """Nothing is to start."""

    def seconds_to_next(self, _most: float) -> float:
        return 0.0

    def due(self, accounts: Sequence[str]) -> list[int]:
        (account,) = accounts
        self.looks[account] = look = self.looks.get(account, 0) + 1
        if account == "busy":
            return [1] if look <= 2 else []
        if look == 2:
            self.asked.set()
            assert self.answers.wait(timeout=10), "the loop goes round meanwhile"
        return []

    async def carry(self, *_arguments: Any, **_options: Any) -> RunResult:
        await asyncio.to_thread(self.asked.wait, 10)
        self.answers.set()
        return RunResult()

    def leave(self) -> None:
        """As it stood on none."""


def test_a_look_for_the_others_holds_up_nobody_who_sends() -> None:
    """The database may take its time over it, or not answer at all."""
    office: Any = Office()
    abreast = Abreast(office, office, ["busy", "idle"], cast("Any", None))
    asyncio.run(asyncio.wait_for(abreast._round(asyncio.Event()), timeout=30))
    assert [number for number, _result in abreast.results] == [1]
