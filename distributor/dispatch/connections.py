"""The connections of one run: how many stand, when another one is opened, and what is waited for until then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from distributor import clock
from distributor.dispatch.pacer import Pacer
from distributor.errors import AccountTrouble, ServerUnavailable, TooManyConnections
from distributor.transport.base import Connection, Transport

_LOOKS_S = 0.5
"""How often it is looked whether the account bears another one, while other processes hold them all."""
_RECONNECT_WAITS_S = (1.0, 5.0, 15.0)
"""Waits between attempts to connect once a connection that worked is gone and no other stands."""
_CROWDED_WAIT_S = 15.0
"""The wait before another attempt where other processes of ours hold all connections that the server takes."""
_LOOKS_FOR_OTHERS = 10
_RETURN_WAITS_S = (5.0, 30.0, 120.0, 300.0)
"""Waits before a worker that was refused a connection, while others stand, asks for one again: so often in a row."""


class Connections:
    """The connections that one run has open, which are no more than its pace allows.

    `halted` is set when the run is over; `pause` is told why no connection is to be had, and what mends it;
    `others_send` says whether other processes send through this account.
    """

    def __init__(
        self,
        transport: Transport,
        pacer: Pacer,
        halted: asyncio.Event,
        pause: Callable[[str, str], object],
        others_send: Callable[[], Awaitable[bool]],
    ) -> None:
        self._transport = transport
        self._pacer = pacer
        self._halted = halted
        self._pause = pause
        self._others_send = others_send
        self._standing: set[Connection] = set()
        self._opening = 0
        self._ever_stood = False
        self._knocking = asyncio.Lock()
        self._alone = asyncio.Event()
        """Set while no connection stands: whoever waits to be taken again is needed now, or the work is over."""

    @property
    def count(self) -> int:
        """How many stand or are being opened."""
        return len(self._standing) + self._opening

    @property
    def are_too_many(self) -> bool:
        """Whether more stand than the pace allows by now."""
        return len(self._standing) > max(1, self._pacer.connections)

    async def ready(self, connection: Connection | None) -> Connection | None:
        """A connection that can carry the next message: the one at hand, or a new one.

        None when the run is over, or when the server takes fewer connections than we wished while others stand.
        """
        if connection is not None and connection.is_usable and not self.are_too_many:
            return connection
        await self.drop(connection)
        return await self._try_to_connect() if await self._has_room() else None

    async def drop(self, connection: Connection | None) -> None:
        """Close one that is needed no more, if there is one."""
        if connection is not None:
            self._standing.discard(connection)
            if not self._standing:
                self._alone.set()
            await connection.close()

    async def rest(self, refusals: int) -> None:
        """Wait before asking for a connection again, less long when no other stands any more."""
        seconds = _RETURN_WAITS_S[refusals] if refusals < len(_RETURN_WAITS_S) else None
        await _first_of(self._halted, self._alone, seconds=seconds)

    @property
    def _is_full(self) -> bool:
        """Whether the account bears no more connections than stand or are being opened."""
        return self.count >= self._pacer.connections

    async def _has_room(self) -> bool:
        """Whether another connection may be opened; while other processes hold them all, wait for one."""
        while self._is_full:
            if self._standing or await set_within(self._halted, _LOOKS_S):
                return False
        return True

    async def _try_to_connect(self) -> Connection | None:
        waits = iter(_RECONNECT_WAITS_S)
        while True:
            try:
                return await self._connect()
            except AccountTrouble as error:
                if self._standing:
                    return None
                if isinstance(error, TooManyConnections) and await self._find_others():
                    wait: float | None = _CROWDED_WAIT_S
                elif isinstance(error, ServerUnavailable) and self._ever_stood:
                    wait = next(waits, None)
                else:
                    wait = None
                if wait is None:
                    self._pause(error.message, error.mend)
                    return None
                if await set_within(self._halted, wait):
                    return None

    async def _find_others(self) -> bool:
        """Whether other processes send: theirs are the connections. They may have opened them a moment ago."""
        for _ in range(_LOOKS_FOR_OTHERS):
            if await self._others_send():
                return True
            if await set_within(self._halted, _LOOKS_S):
                break
        return False

    async def _connect(self) -> Connection | None:
        """Open a connection; None when the run was halted meanwhile.

        Until one connection stands the workers knock one after another: a wrong password is offered once and not once a
        worker, and a server that takes fewer connections than we wish is known to take one before it refuses another.
        """
        if not self._ever_stood:
            async with self._knocking:
                if self._halted.is_set():
                    return None
                if not self._ever_stood:
                    return await self._open()
        return await self._open()

    async def _open(self) -> Connection | None:
        if self._is_full:
            return None
        self._opening += 1
        try:
            fresh = await self._transport.connect()
        finally:
            self._opening -= 1
        self._ever_stood = True
        self._standing.add(fresh)
        self._alone.clear()
        return fresh


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait until the event is set, or the time is over; return whether it is set."""
    await _first_of(event, seconds=seconds)
    return event.is_set()


async def _first_of(*events: asyncio.Event, seconds: float | None) -> None:
    """Return when one of the events is set, or the time is over."""
    waiters: list[asyncio.Task[Any]] = [asyncio.create_task(event.wait()) for event in events]
    if seconds is not None:
        waiters.append(asyncio.create_task(clock.sleep(seconds)))
    try:
        await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()
