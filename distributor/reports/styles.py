"""How states look on a terminal, and the one kind of table that all listings use."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

STATE_STYLES = {
    "accepted": "green",
    "rejected": "red",
    "bounced": "red",
    "complained": "red",
    "expired": "red",
    "in_doubt": "bold yellow",
    "deferred": "yellow",
    "withheld": "cyan",
    "sending": "blue",
}
"""State → style; a state that is not named here is shown dim. The word itself always stands there."""


def state_text(state: str, width: int = 0) -> Text:
    """A delivery's state, in its colour."""
    return Text(f"{state.replace('_', ' '):{width}}", style=STATE_STYLES.get(state, "dim"))


NARROW = 100
"""A terminal of fewer columns than this gets fewer columns of a table, or a fold that keeps what is copied whole."""


def plain_table(header: Sequence[str], *, title: str = "", figures: Sequence[int] = ()) -> Table:
    """An empty table without frames; `figures` names the columns that are set right."""
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, name in enumerate(header):
        table.add_column(name, justify="right" if index in figures else "left", overflow="fold")
    return table
