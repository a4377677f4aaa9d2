"""The report on a terminal: problems first, then who got it when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from distributor.reports.dispatch_row import DispatchRow
from distributor.reports.follow_ups import FollowUp
from distributor.reports.problems import WORDS, Problem
from distributor.reports.queries import Report
from distributor.reports.queries_chain import Chain, Have
from distributor.reports.queries_details import Details, Timeline
from distributor.reports.styles import NARROW, STATE_STYLES, plain_table, state_text
from distributor.reports.withholding import in_words, of_one
from distributor.states import REACHED_STATES, DeliveryState

_BAR = 40
_MANY_GROUPS = 20
_MANY_ACCEPTED = 200
_FEW_STATES = 3
_VERBS = {"correction": "corrects", "replacement": "replaces", "retraction": "withdraws"}


def show_report(
    out: Console,
    report: Report,
    recipients: Iterable[Mapping[str, Any]],
    zone: ZoneInfo,
    *,
    details: Details | None = None,
    problems: Sequence[Problem] = (),
    groups: Mapping[str, Mapping[str, Mapping[str, int]]] | None = None,
) -> None:
    """Print a whole report; problems come first, and recipients who were not reached before those who were.

    `groups` are the groupings that were asked for, in place of the usual two.
    """
    out.print(Text(report.headline, style="bold"))
    for row in report.dispatches:
        started = _started(row, zone)
        many = f"{row.total} recipient{'' if row.total == 1 else 's'}"
        of = "" if row.slug == report.slug else f" of «{row.slug}»"
        words = (row.words, "" if row.words == row.state else "yellow")
        out.print(
            Text.assemble(f"Dispatch {row.id}{of}, version {row.version}, {started}, {many}: ", words), soft_wrap=True
        )
        if row.takeover:
            out.print(Text(f"  {row.way}"), soft_wrap=True)
        for one in row.sign_offs:
            at = f"{datetime.fromisoformat(one['signed_at']).astimezone(zone):%Y-%m-%d %H:%M %z}"
            out.print(
                Text(f"  signed off by {one['name']} ({one['actor']}), {at}, {one['digest'][:12]}"), soft_wrap=True
            )
    out.print()
    _show_chain(out, report.chain, report.slug)
    _show_totals(out, report)
    _show_problems(out, problems)
    if details is not None:
        _show_timeline(out, details.timeline, report, zone)
        _show_echo(out, details)
    usual = {"wave": report.by_wave} if report.by_wave else {}
    for name, counts in (groups or {**usual, "sector": report.by_sector, "domain": report.by_domain}).items():
        _show_groups(out, name, counts)
    translations = {row.id: f"«{row.slug}», " for row in report.dispatches if row.slug != report.slug}
    _show_recipients(out, recipients, zone, translations, is_several=len(report.dispatches) > 1)


def _show_chain(out: Console, chain: Chain | None, slug: str) -> None:
    """What corrects what, with the command to its report, and who has which text."""
    if chain is None:
        return
    for step in chain.steps:
        verb = _VERBS.get(step.kind, "speaks of") if step.corrects else ""
        said = f"«{step.slug}»" + (f" {verb} «{step.corrects}»" if verb else "")
        sent = f" (dispatch {', '.join(map(str, step.dispatch_ids))})" if step.dispatch_ids else " (not sent)"
        link = "" if step.slug == slug or not step.dispatch_ids else f" — distributor report {step.slug}"
        out.print(Text.assemble((said, "yellow" if verb else ""), sent, link), soft_wrap=True)
    for one in chain.have:
        texts = " and ".join(f"«{name}» version {number}" for name, number in one.texts)
        verb = "has" if one.many == 1 else "have"
        out.print(Text(f"{one.many:>7} {verb} {texts} only{_of_them(one)}."), soft_wrap=True)
    rest = chain.without
    for many, words in ((rest.in_doubt, "may have one of them: in doubt."), (rest.waiting, "still to be sent to.")):
        if many:
            out.print(Text(f"{many:>7} {words}"))
    out.print()


def _of_them(have: Have) -> str:
    """Of how many it is not known whether they have another text, too, and how many wait for one."""
    told = (have.in_doubt, "may have another: in doubt"), (have.waiting, "still to be sent to")
    said = [f"{many} {words}" for many, words in told if many]
    return f"; of whom {', '.join(said)}" if said else ""


def _started(row: DispatchRow, zone: ZoneInfo) -> str:
    if row.started_at is not None:
        return f"{row.started_at.astimezone(zone):%Y-%m-%d %H:%M %z}"
    if row.scheduled_at is not None:
        return f"to start {row.scheduled_at.astimezone(zone):%Y-%m-%d %H:%M %z}"
    return "not started"


def _show_totals(out: Console, report: Report) -> None:
    for state, many in report.totals.items():
        if many:
            bar = "█" * max(1, round(_BAR * many / report.total))
            out.print(
                state_text(state, 11),
                Text(f"{many:>7} {100 * many / report.total:5.1f} % "),
                Text(bar, style=STATE_STYLES.get(state, "dim")),
            )
    for reason, many in report.assumed_sent.items():
        out.print(Text(f"Of the accepted, {many} {reason}: no mail server has said so.", style="yellow"))
    for line in in_words(report.to_be_withheld):
        out.print(Text(line, style="yellow"))
    out.print()


def _show_problems(out: Console, problems: Sequence[Problem]) -> None:
    """What to do, the worst first: a sentence, and under it the command, never broken."""
    for one in problems:
        out.print(Text.assemble((f"{one.count:>7} ", "bold"), (WORDS[one.code][1], "yellow"), "."), soft_wrap=True)
        out.print(Text(f"    {one.command}"), soft_wrap=True)
    if problems:
        out.print()


def _show_timeline(out: Console, timeline: Timeline, report: Report, zone: ZoneInfo) -> None:
    if timeline.first is None or timeline.half is None or timeline.most is None or timeline.last is None:
        return
    back = timeline.count - report.many(REACHED_STATES)
    since = f" ({back} came back since)" if back > 0 else ""
    moments = (
        ("first", timeline.first), ("50 %", timeline.half), ("90 %", timeline.most), ("last", timeline.last),
    )  # fmt: skip
    told = ", ".join(f"{name} at {moment.astimezone(zone):%H:%M:%S}" for name, moment in moments)
    day = f"{timeline.last.astimezone(zone):%d %b}"
    out.print(f"Accepted {timeline.count} of {report.total}{since}: {told} ({day}).")
    out.print()


def _show_echo(out: Console, details: Details) -> None:
    if details.echo.feedback:
        out.print(Text("Came back: " + ", ".join(f"{many} {kind}" for kind, many in details.echo.feedback.items())))
    for one in details.echo.coverage:
        out.print(Text(f"Coverage: {one['published_on']} {one['outlet']}: {one['title']} {one['url']}"), soft_wrap=True)
    for follow_up in details.echo.follow_ups:
        out.print(Text(_followed_up(follow_up)), soft_wrap=True)
    if details.echo.feedback or details.echo.coverage or details.echo.follow_ups:
        out.print()


def _followed_up(one: FollowUp) -> str:
    """A follow-up on one line: who was reminded, and what came of it."""
    states = ", ".join(f"{many} {state.replace('_', ' ')}" for state, many in one.totals.items()) or "nobody"
    has = "has" if one.answered == 1 else "have"
    return f"Followed up by «{one.slug}» (dispatch {one.dispatch_id}): {states}; {one.answered} {has} answered since."


def show_story(out: Console, recipients: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> int:
    """Print what happened with each of these recipients, every attempt in the server's words; return how many."""
    count = 0
    for row in recipients:
        count += 1
        who = ", ".join(part for part in (row["name"], row["outlet"], row["address"]) if part)
        out.print(Text(who, style="bold"))
        out.print(
            Text.assemble(f"  dispatch {row['dispatch_id']}, version {row['version']}: ", state_text(row["state"]))
        )
        out.print(Text(f"  {row['message_id']}"), soft_wrap=True)
        if words := of_one(row["to_be_withheld"]) or row["reason"]:
            out.print(Text(f"  {words}"))
        for one in row["history"]:
            at = f"{one['started_at'].astimezone(zone):%Y-%m-%d %H:%M:%S}"
            words = " ".join(str(part) for part in (one["code"], " ".join(one["reply"].split())) if part)
            out.print(
                Text.assemble(
                    (f"  {one['number']}. {at}, {one['duration_ms']} ms, at {one['phase']}: ", "dim"),
                    state_text(one["state"]),
                    f"  {words}",
                    (f"  {one['server']} {one['tls'] or 'in clear'}", "dim"),
                ),
                soft_wrap=True,
            )
        for one in row.get("feedback", ()):
            words = " ".join(part for part in (one["kind"], one["status"], one["reason"]) if part)
            out.print(Text(f"  {one['received_at'].astimezone(zone):%Y-%m-%d %H:%M:%S} came back: {words}"))
        out.print()
    return count


def _show_groups(out: Console, name: str, groups: Mapping[str, Mapping[str, int]]) -> None:
    states = [state for state in STATE_STYLES if any(state in counts for counts in groups.values())]
    states += sorted({state for counts in groups.values() for state in counts} - set(states))
    titles = [state.replace("_", " ") for state in states]
    is_narrow = out.width < NARROW and len(states) > _FEW_STATES
    table = plain_table([f"by {name}", "all", *(["of these"] if is_narrow else titles)], figures=range(1, 20))
    if is_narrow:
        table.columns[2].justify = "left"
    for group, counts in list(groups.items())[:_MANY_GROUPS]:
        figures = [str(counts.get(state, "")) for state in states]
        if is_narrow:
            figures = [", ".join(f"{many} {title}" for many, title in zip(figures, titles, strict=True) if many)]
        table.add_row(Text(group or "(none)"), str(sum(counts.values())), *figures)
    if len(groups) > _MANY_GROUPS:
        table.add_row(Text(f"… and {len(groups) - _MANY_GROUPS} more (--json has them)"))
    out.print(table)
    out.print()


def _show_recipients(
    out: Console,
    recipients: Iterable[Mapping[str, Any]],
    zone: ZoneInfo,
    translations: Mapping[int, str],
    *,
    is_several: bool,
) -> None:
    """Whoever was not reached, in full, then those who were, as far as a screen is the place for it.

    Where there are several dispatches, each row says which one it is of; `translations` names those of a translation.
    """
    if is_several:
        recipients = (
            {
                **row,
                "of": f"dispatch {row['dispatch_id']}, {translations.get(row['dispatch_id'], '')}"
                f"version {row['version']}",
            }
            for row in recipients
        )
    is_narrow = out.width < NARROW
    table = plain_table(["state", "journalist", "address", "when", "tries", "why, or the server's words"], figures=[4])
    if is_narrow:
        table = plain_table(["state", "journalist, address, when, why or the server's words"])
    cells = _folded if is_narrow else _cells
    accepted: list[Mapping[str, Any]] = []
    more = 0
    for row in recipients:
        if row["state"] != DeliveryState.ACCEPTED:
            table.add_row(*cells(row, zone))
        elif len(accepted) < _MANY_ACCEPTED:
            accepted.append(row)
        else:
            more += 1
    for row in accepted:
        table.add_row(*cells(row, zone))
    out.print(table)
    if more:
        out.print(f"… and {more} more accepted (--csv or --json has them)")


def _cells(row: Mapping[str, Any], zone: ZoneInfo) -> Iterator[Text]:
    at = row["accepted_at"] or row["updated_at"]
    words = of_one(row["to_be_withheld"]) or row["reason"]
    words = words or " ".join(str(part) for part in (row["code"], _reply_text(row)) if part)
    if row["held_until"] and not words:
        of_wave = f"its wave, {row['wave_name']}" if row["held_until"] == row["not_before"] else "its start"
        what = "the end of the embargo" if row["by_embargo"] else of_wave
        words = f"not before {row['held_until'].astimezone(zone):%d %b %H:%M}: {what}"
    if row["next_attempt_at"]:
        words += f" (again at {row['next_attempt_at'].astimezone(zone):%H:%M})"
    if "of" in row:
        words = f"{row['of']}: {words}"
    yield state_text(row["state"])
    yield Text(", ".join(part for part in (row["name"], row["outlet"]) if part))
    yield Text(row["address"])
    yield Text(f"{at.astimezone(zone):%d %b %H:%M:%S}" if at else "")
    yield Text(str(row["attempts"]))
    yield Text(words)


def _folded(row: Mapping[str, Any], zone: ZoneInfo) -> Iterator[Text]:
    """The same in two columns: who, then when and why on a line of its own."""
    state, who, address, at, tries, words = _cells(row, zone)
    yield state
    attempts = f" ({tries} tries)" if row["attempts"] > 1 else ""
    yield Text("\n").join(
        [
            Text("  ").join(part for part in (who, address) if part),
            Text.assemble((f"{at}{attempts}  ", "dim"), words),
        ]
    )


def _reply_text(row: Mapping[str, Any]) -> str:
    return " ".join(row["reply"].split())
