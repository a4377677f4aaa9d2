"""The live view: what it says of a dispatch under way, and that it fits whatever terminal it meets."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from ledgerbase import START
from rich.console import Console

from distributor.cli.dispatches import watching
from distributor.cli.dispatches.watching import Look, Pace, View, as_line, look_at
from distributor.reports.queries_watch import Trouble
from distributor.wiring import open_workspace


def under_way(folder: Path) -> Look:
    found = look_at(open_workspace(folder), 1)
    row = replace(found.row, state="running", counts={"accepted": 40, "queued": 60, "deferred": 5, "rejected": 3})
    refusals = tuple(Trouble(START, f"j{n}@jour.example", "rejected", 550, "5.1.1 " + "x" * 200) for n in range(6))
    return replace(found, row=row, refusals=refusals, domains=(("jour.example", 6),))


def paced(look: Look) -> Pace:
    pace = Pace()
    pace.note(look)
    return pace


def test_pace_and_time_left_come_from_the_last_half_minute(folder: Path) -> None:
    look, pace = replace(under_way(folder), at=0.0), Pace()
    pace.note(look)
    assert pace.per_second == 0
    counts = {"accepted": 60, "queued": 40, "deferred": 5, "rejected": 3}
    later = replace(look, at=10.0, row=replace(look.row, counts=counts))
    pace.note(later)
    assert pace.per_second == 2.0
    assert as_line(open_workspace(folder), later, pace).endswith("2.0 a second, about 0 min 22 s left")
    pace.note(replace(later, at=60.0))
    assert pace.per_second == 0, "what was before half a minute ago says nothing"


@pytest.mark.parametrize("width", [20, 80, 240])
def test_the_view_fits_every_width(folder: Path, width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, height=24, color_system=None, markup=False)
    look = under_way(folder)
    console.print(View(open_workspace(folder), look, paced(look)))
    lines = out.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    assert len(lines) <= 24
    assert "rejected" in out.getvalue()


def test_a_terminal_of_another_size_is_drawn_afresh(folder: Path) -> None:
    """A terminal that grew narrow has broken the old lines in two: drawing over them would leave halves."""
    out = io.StringIO()
    console = Console(file=out, width=80, height=24, force_terminal=True, color_system=None, markup=False)
    view = View(open_workspace(folder), under_way(folder), paced(under_way(folder)))
    with watching._drawing(console) as screen:
        screen.draw(view)
        screen.draw(view)
        assert "\x1b[2J" not in out.getvalue()
        console.width = 40
        out.truncate(0)
        screen.draw(view)
    assert out.getvalue().index("\x1b[2J") < out.getvalue().index("Dispatch 1")


def test_two_dispatches_share_the_screen(folder: Path) -> None:
    out = io.StringIO()
    console = Console(file=out, width=80, height=24, color_system=None, markup=False)
    look = under_way(folder)
    for _ in range(2):
        console.print(View(open_workspace(folder), look, paced(look), 1 / 2))
    assert len(out.getvalue().splitlines()) <= 24
