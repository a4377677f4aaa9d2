"""Making reports over time: how all releases since a day went, and who of a list nothing has reached since."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import IO

from distributor.cli.reports.reporting import ENDINGS, Wanted, require_language, show_in_browser
from distributor.cli.terminal.output import console, count, show_json, show_table, when
from distributor.errors import BadInput
from distributor.files import Output
from distributor.reports import queries_across
from distributor.wiring import Workspace


def over_time(workspace: Workspace, since: str, by: Sequence[str], wanted: Wanted, *, list_name: str) -> None:
    """Show or write how all releases since a day went, or who of a list nothing has reached since."""
    from distributor.reports import across

    moment = _read_day(workspace, since)
    if unknown := set(by) - set(queries_across.GROUPS):
        raise BadInput(
            f"Nothing is grouped by «{unknown.pop()}» over time.",
            field="--by",
            mend=f"Say one of: {', '.join(queries_across.GROUPS)}.",
        )
    output = _only_a_page(workspace, wanted, is_of_list=bool(list_name))
    if list_name:
        _show_not_reached(workspace, list_name, moment, as_json=wanted.as_json)
        return
    with workspace.database.reading() as connection:
        found = queries_across.since(connection, moment, workspace.settings.timezone, by)
    if output is not None:
        with output.opened() as file:
            _write_across(workspace, found, wanted, file)
        releases = count(len(found.releases), "release")
        console(stderr=wanted.as_json).print(f"{releases} written to {output.path}")
    if wanted.opens and output is not None:
        show_in_browser(output.path.absolute())
    elif wanted.opens:
        with tempfile.NamedTemporaryFile("wb", suffix=".html", delete=False) as kept:
            _write_across(workspace, found, wanted, kept)
        show_in_browser(Path(kept.name))
    if wanted.as_json:
        show_json(across.as_json(found))
    elif output is None and not wanted.opens:
        across.show(console(), found, workspace.settings.timezone)


def _read_day(workspace: Workspace, since: str) -> datetime:
    try:
        day = date.fromisoformat(since)
    except ValueError:
        raise BadInput(f"«{since}» is no day.", field="--since", mend="Write it as 2026-09-01.") from None
    return datetime.combine(day, time(), workspace.settings.timezone).astimezone(UTC)


def _only_a_page(workspace: Workspace, wanted: Wanted, *, is_of_list: bool) -> Output | None:
    """Where the page goes, if one is wanted; `BadInput` for what there is only of one release."""
    require_language(wanted)
    files = dict(wanted.files)
    page = None if is_of_list else files.pop("html", None)
    asked = [f"--{kind}" for kind, path in files.items() if path is not None]
    asked += [option for option, given in (("--state", wanted.states), ("--contact", wanted.contact)) if given]
    asked += [
        option for option, given in (("--redact", wanted.redact), ("--open", wanted.opens and is_of_list)) if given
    ]
    if asked:
        raise BadInput(
            f"{asked[0]} is for the report of one release.",
            field="--since",
            mend="Over time: --html, --open or --json.",
        )
    if page is None:
        return None
    output = Output(page, workspace.own_files, endings=ENDINGS["html"])
    output.check()
    return output


def _write_across(workspace: Workspace, found: queries_across.Across, wanted: Wanted, file: IO[bytes]) -> None:
    from distributor.clock import now
    from distributor.reports.across_page import AcrossPage, write_page

    write_page(
        file,
        AcrossPage(
            found=found,
            language=wanted.language,
            zone=workspace.settings.timezone,
            organisation=workspace.settings.organisation,
            made_at=now(),
        ),
    )


def _show_not_reached(workspace: Workspace, list_name: str, moment: datetime, *, as_json: bool) -> None:
    """Who stands on a list and was not reached since; of a smart list, whoever it holds today."""
    from distributor.contacts.lists import press_lists

    with workspace.database.session(reads_only=True) as session:
        slug = press_lists.find_list(session, list_name).slug
        ids = [one.contact_id for one in press_lists.list_members(session, slug, workspace.keyring)]
        rows = queries_across.not_reached_since(session.connection(), ids, moment)
    if as_json:
        show_json(rows)
        return
    zone = workspace.settings.timezone
    named = [
        (f"{row['first_name']} {row['last_name']}".strip(), row["address"], row["last_reached_at"]) for row in rows
    ]
    show_table(
        ["journalist", "address", "last reached"],
        [(name, address, when(last, zone) or "never") for name, address, last in named],
        whole=[1],
    )
    console().print(f"{count(len(rows), 'member')} of {len(ids)} not reached since {moment.astimezone(zone):%Y-%m-%d}.")
