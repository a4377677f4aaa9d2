"""Watching a dispatch, from beside it or while it is carried: a calm live view on a terminal; it only reads."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from distributor import clock
from distributor.cli.terminal.output import console, when
from distributor.dispatch.result import RunResult
from distributor.errors import DistributorError
from distributor.reports import queries, queries_watch
from distributor.reports.dispatch_row import DispatchRow
from distributor.reports.queries_watch import Trouble
from distributor.reports.styles import STATE_STYLES, state_text
from distributor.states import OPEN_STATES, OVER, DispatchState
from distributor.wiring import Workspace

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.live import Live

_EVERY_S = 1.0
_WINDOW_S = 30.0
_FRAME = 6
"""Lines of a view that are no refusals: headline, bar, figures, states, domains, and one left free."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a dispatch stood at one moment: its row, what was last refused, and which domains make trouble."""

    at: float
    row: DispatchRow
    refusals: tuple[Trouble, ...]
    domains: tuple[tuple[str, int], ...]

    @property
    def waiting(self) -> int:
        """How many are still to be sent to."""
        return sum(self.row.counts.get(state, 0) for state in OPEN_STATES)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.row.state in OVER or (self.row.stopped or self.row.state == DispatchState.PAUSED)


class Pace:
    """How fast it goes, from the looks of the last half minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, look: Look) -> None:
        """Take one more look into account."""
        self._seen.append((look.at, look.row.total - look.waiting))
        while self._seen[0][0] < look.at - _WINDOW_S:
            self._seen.popleft()

    @property
    def per_second(self) -> float:
        """Recipients settled in a second; 0 before two looks."""
        (start, before), (end, after) = self._seen[0], self._seen[-1]
        return (after - before) / (end - start) if end > start else 0.0


def look_at(workspace: Workspace, dispatch_id: int) -> Look:
    """Read how a dispatch stands now; `BadInput` when there is none."""
    with workspace.database.reading() as connection:
        row = queries.find_dispatch(connection, dispatch_id)
        refusals, domains = queries_watch.trouble(connection, dispatch_id)
    return Look(clock.monotonic(), row, refusals, domains)


async def watch(workspace: Workspace, dispatch_id: int, every: float) -> None:
    """Show a dispatch until it is over, paused or stopped: a live view on a terminal, a line per change elsewhere."""
    out = console()
    look, pace = look_at(workspace, dispatch_id), Pace()
    pace.note(look)
    if not out.is_terminal:
        said = ""
        while True:
            line = as_line(workspace, look, pace)
            if line != said:
                out.print(line)
                said = line
            if look.is_over:
                return
            await clock.sleep(every)
            look = look_at(workspace, dispatch_id)
            pace.note(look)
    with _drawing(out) as screen:
        screen.draw(View(workspace, look, pace))
        while not look.is_over:
            await clock.sleep(every)
            look = look_at(workspace, dispatch_id)
            pace.note(look)
            screen.draw(View(workspace, look, pace))


async def shown_while(workspace: Workspace, dispatch_ids: Sequence[int], work: Awaitable[RunResult]) -> RunResult:
    """Await `work`, which carries these dispatches, and show them meanwhile on a terminal as `watch` does.

    What cannot be read for the view does not disturb the work: the last view stays.
    """
    out = console()
    if not out.is_terminal:
        return await work
    paces = {one: Pace() for one in dispatch_ids}

    def draw(screen: _Screen, *, is_carried: bool) -> None:
        with contextlib.suppress(DistributorError):
            screen.draw(*_views(workspace, paces, is_carried=is_carried))

    async def follow(screen: _Screen) -> None:
        while not ended.is_set():
            await asyncio.to_thread(draw, screen, is_carried=True)  # the loop has messages to send
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), _EVERY_S)

    ended = asyncio.Event()
    with _drawing(out) as screen:
        following = asyncio.create_task(follow(screen))
        try:
            return await work
        finally:
            ended.set()
            await following
            draw(screen, is_carried=False)


def _views(workspace: Workspace, paces: dict[int, Pace], *, is_carried: bool) -> Iterator[View]:
    """The dispatches of one sending; of one that is being carried the roster may not say so yet."""
    share = 1 / len(paces)
    for dispatch_id, pace in paces.items():
        look = look_at(workspace, dispatch_id)
        if is_carried:
            look = replace(look, row=replace(look.row, in_hand=True))
        pace.note(look)
        yield View(workspace, look, pace, share)


class _Screen:
    """Where views are drawn over the last ones."""

    def __init__(self, live: Live) -> None:
        self._live, self._size = live, live.console.size

    def draw(self, *views: View) -> None:
        """Show these instead. A terminal that changed its size has broken the lines anew: then all is drawn afresh."""
        from rich.console import Group

        if self._live.console.size != self._size:
            self._size = self._live.console.size
            self._live.console.clear()
        self._live.update(Group(*views), refresh=True)


@contextmanager
def _drawing(out: Console) -> Iterator[_Screen]:
    from rich.live import Live

    with Live(console=out, auto_refresh=False) as live:
        yield _Screen(live)


def as_line(workspace: Workspace, look: Look, pace: Pace) -> str:
    """How it stands, in one line."""
    counts = ", ".join(f"{many} {state.replace('_', ' ')}" for state, many in sorted(look.row.counts.items()) if many)
    return f"Dispatch {look.row.id}: {counts or 'nobody'}; {_waits_for(workspace, look, pace)}"


def _waits_for(workspace: Workspace, look: Look, pace: Pace) -> str:
    """What it is doing or waiting for, and how long it may take."""
    row = look.row
    if look.is_over or not look.waiting:
        return row.words
    zone = workspace.settings.timezone
    if row.is_waiting:
        return f"until {when(row.waits_until, zone)} it {row.words}"
    if row.next_attempt_at and "for the next attempt" in row.words:
        return row.words.replace("the next attempt", f"the next attempt at {when(row.next_attempt_at, zone)}")
    if pace.per_second <= 0:
        return row.words
    left = round(look.waiting / pace.per_second)
    return f"{pace.per_second:.1f} a second, about {left // 60} min {left % 60:02} s left"


class View:
    """The live view, laid out anew for the width at hand whenever it is drawn."""

    def __init__(self, workspace: Workspace, look: Look, pace: Pace, share: float = 1) -> None:
        """Show this look, in this share of the screen's lines."""
        self._workspace, self._look, self._pace, self._share = workspace, look, pace, share

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Headline, one bar, states, what it waits for, then trouble: never more lines than the screen has."""
        from rich.text import Text

        look, width = self._look, options.max_width
        row, total = look.row, max(1, look.row.total)
        head = Text(f"Dispatch {row.id}, version {row.version}  ·  {row.headline}", style="bold")
        head.truncate(width, overflow="ellipsis")
        yield head
        bar = Text()
        for state, style in STATE_STYLES.items():
            if many := row.counts.get(state, 0):
                bar.append("█" * max(1, int(width * many / total)), style=style)
        bar.append("░" * max(0, width - len(bar)), style="dim")
        bar.truncate(width)
        yield bar
        yield Text(f"{row.total - look.waiting} of {row.total}  ·  {_waits_for(self._workspace, look, self._pace)}")
        states = Text()
        for state, many in row.counts.items():
            if many:
                states.append_text(state_text(state)).append(f" {many}   ")
        yield states
        room = max(0, int((options.height or console.height) * self._share) - _FRAME)
        if look.domains:
            told = ", ".join(f"{domain} ({many})" for domain, many in look.domains)
            yield Text(f"Trouble with: {told}", style="yellow", overflow="ellipsis", no_wrap=True)
        for one in look.refusals[:room]:
            words = f"  {_hour(one.at, self._workspace)} {one.address}  {one.code or ''} {one.reply}"
            line = state_text(one.state).append(words, style="default")
            line.truncate(width, overflow="ellipsis")
            yield line


def _hour(moment: datetime, workspace: Workspace) -> str:
    return f"{moment.astimezone(workspace.settings.timezone):%H:%M:%S}"
