"""`distributor doctor`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from distributor.cli.options import AsJson

if TYPE_CHECKING:
    from rich.console import Console

    from distributor.doctor.check import Check

_LABELS = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "bold red"), "skip": ("skip", "dim")}


def doctor(
    context: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Leave out the mail server and DNS.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong here, and how to mend it.

    Looks at settings, templates, the database, the mail server (reaches it and logs in), DNS and this machine.

    It changes nothing and sends nothing. It does not read your mailbox, does not look at press lists or releases (that
    is `releases proof`), and cannot tell whether a message reaches the inbox or the junk folder: for that, send
    yourself one with `send --test`.
    """
    from dataclasses import asdict
    from functools import partial

    from distributor.cli.terminal.output import console, show_json, show_table
    from distributor.doctor.examination import examine

    if as_json:
        diagnosis = examine(context.obj, os.environ, offline=offline)
        show_json(
            {
                "checks": [asdict(check) for check in diagnosis.checks],
                "settings": [asdict(line) for line in diagnosis.settings],
            }
        )
    else:
        out = console()
        diagnosis = examine(context.obj, os.environ, offline=offline, on_check=partial(show_check, out))
        if diagnosis.settings:
            out.print()
            show_table(
                ["setting", "value", "from"],
                [(s.name, s.value, s.source) for s in diagnosis.settings],
                spare=[2],
                whole=[0],
            )
    if diagnosis.trouble is not None:
        raise diagnosis.trouble


def show_check(out: Console, check: Check) -> None:
    """One line per check; on a terminal, what is longer goes on below its own beginning."""
    from rich.table import Table
    from rich.text import Text

    word, style = _LABELS[check.level]
    name = check.name.replace("_", " ")
    if not out.is_terminal:
        mend = f" → {check.mend}" if check.mend else ""
        out.print(Text(f"{word:4}  {name:14}  {check.message}{mend}"))
        return
    line = Table.grid(padding=(0, 2))
    line.add_column(width=4)
    line.add_column(width=14)
    line.add_column(overflow="fold")
    words = Text(check.message, style="dim" if check.level == "skip" else "")
    line.add_row(
        Text(word, style=style), name, words.append(f"\n→ {check.mend}", style="bold") if check.mend else words
    )
    out.print(line)
