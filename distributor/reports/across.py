"""Releases over time, on a terminal and as JSON: how they went, who is never reached, which lists decay."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from distributor.reports.queries_across import Across
from distributor.reports.styles import plain_table

_BAR = 20
_MANY = 20


def as_json(found: Across) -> dict[str, Any]:
    """The stable shape of `report --since … --json`."""
    return {
        "since": found.since,
        "releases": [
            {**asdict(one.went), "half_minutes": one.half_minutes, "most_minutes": one.most_minutes}
            for one in found.releases
        ],
        **{
            f"by_{name}": [{**asdict(line), "rate": line.rate} for line in lines]
            for name, lines in found.groups.items()
        },
        "never_reached": [asdict(one) for one in found.never_reached],
        "lists": [asdict(one) for one in found.lists],
        "coverage": [dict(one) for one in found.coverage],
    }


def show(out: Console, found: Across, zone: ZoneInfo) -> None:
    """Print it; who is never reached comes with the command that shows them."""
    if not found.releases:
        out.print(f"Nothing was sent since {found.since.astimezone(zone):%Y-%m-%d}.")
    else:
        _show_releases(out, found, zone)
    for name, lines in found.groups.items():
        if not lines:
            continue
        table = plain_table(
            [f"by {name}", "messages", "accepted", "missed", "replies", "rate", ""], figures=range(1, 6)
        )
        for line in lines[:_MANY]:
            rate = "" if line.rate is None else f"{100 * line.rate:.1f} %"
            bar = Text("█" * round(_BAR * (line.rate or 0)), style="green")
            figures = (line.total, line.accepted, line.missed, line.replies)
            table.add_row(Text(line.name or "(none)"), *map(str, figures), rate, bar)
        if len(lines) > _MANY:
            table.add_row(f"… and {len(lines) - _MANY} more (--json has them)")
        out.print(table)
        out.print()
    if found.never_reached:
        out.print(Text(f"Never reached: {len(found.never_reached)}", style="yellow"))
        for one in found.never_reached[:_MANY]:
            out.print(Text(f"  {one.name}, {one.address}, {one.tries} sent: {one.last_words}"), soft_wrap=True)
            out.print(Text(f"    distributor contacts show {one.address}"), soft_wrap=True)
        if len(found.never_reached) > _MANY:
            out.print(f"  … and {len(found.never_reached) - _MANY} more (--json has them)")
        out.print()
    _show_lists_and_echo(out, found)


def _show_releases(out: Console, found: Across, zone: ZoneInfo) -> None:
    header = ["release", "sent", "recipients", "accepted", "not reached", "half after", "90 % after"]
    table = plain_table(header, figures=range(2, 7))
    for one in found.releases:
        went = one.went
        sent = f"{went.started_at.astimezone(zone):%Y-%m-%d %H:%M}" if went.started_at else ""
        spans = ["" if span is None else f"{span:g} min" for span in (one.half_minutes, one.most_minutes)]
        table.add_row(Text(went.headline), sent, str(went.total), str(went.accepted), str(went.unreached), *spans)
    out.print(table)
    out.print()


def _show_lists_and_echo(out: Console, found: Across) -> None:
    decaying = [one for one in found.lists if one.not_reached]
    if decaying:
        table = plain_table(["list", "members", "not reached in this time"], figures=[1, 2])
        for one in sorted(decaying, key=lambda one: -one.not_reached / one.members):
            table.add_row(Text(one.slug), str(one.members), str(one.not_reached))
        out.print(table)
        out.print()
    for noted in found.coverage:
        where = f"{noted['outlet']}: {noted['title']} {noted['url']}"
        out.print(Text(f"Coverage of «{noted['release']}»: {noted['published_on']} {where}"), soft_wrap=True)
