"""`dispatches manifest`: who gets a dispatch, who was left out and why, and what differs from the last one like it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

from distributor.cli.terminal.output import console, count, show_json, show_table, show_under
from distributor.dispatch.proof.comparing import Difference, compare_dispatch
from distributor.dispatch.recipients.frozen import Entry, FrozenManifest, read_frozen
from distributor.files import Output
from distributor.formulas import defused
from distributor.reports import queries
from distributor.reports.dispatch_row import DispatchRow
from distributor.reports.styles import state_text
from distributor.wiring import Workspace

_COLUMNS = ("name", "address", "outlet", "sector", "lists", "gets_it", "state", "reason", "why", "dispatch", "release")
_MANY = 15


def show_frozen(workspace: Workspace, dispatch_id: int, file: Path | None, *, as_json: bool) -> None:
    """Show the manifest of a dispatch, or write it to `file` as CSV."""
    output = None if file is None else Output(file, workspace.own_files, endings=(".csv", ".txt"))
    if output is not None:
        output.check()
    with workspace.database.session(reads_only=True) as session:
        frozen = read_frozen(session, dispatch_id)
        compared = compare_dispatch(session, frozen.dispatch)
        row = queries.find_dispatch(session.connection(), dispatch_id)
    if output is not None:
        output.write(_as_csv(frozen, row))
        console(stderr=as_json).print(f"{count(len(frozen.entries), 'row')} written to {output.path}")
    if as_json:
        show_json(_as_json(frozen, row, compared))
    elif output is None:
        _show(frozen, row, compared)


def show_difference(compared: Difference | None) -> None:
    """Who is new and who is missing beside the last comparable dispatch; nothing where there was none."""
    if compared is None:
        return
    out = console()
    since = f"dispatch {compared.dispatch_id} of {compared.words}"
    if not compared.joined and not compared.missing:
        out.print(f"The same people as on {since}.")
        return
    out.print(f"Beside {since}: {len(compared.joined)} more, {len(compared.missing)} missing.")
    for label, names in (("more", compared.joined), ("missing", compared.missing)):
        for name in names[:_MANY]:
            out.print(f"  {label}: {name}")
        if len(names) > _MANY:
            out.print(f"  … and {len(names) - _MANY} more (--json has them all)")


def _show(frozen: FrozenManifest, row: DispatchRow, compared: Difference | None) -> None:
    out = console()
    out.print(f"Dispatch {row.id} of «{row.slug}», version {row.version}: {row.headline}")
    without = f", without {', '.join(row.excluded_lists)}" if row.excluded_lists else ""
    out.print(f"Lists: {', '.join(row.lists) or '(none)'}{without}. Manifest {frozen.dispatch.manifest_hash[:12]}.")
    show_table(
        ["name", "address", "outlet", "sector", "lists", "state"],
        [
            (one.name, one.address, one.outlet, one.sector, ", ".join(one.lists), state_text(one.state))
            for one in frozen.recipients
        ],
        spare=[2, 3, 4],
        whole=[1],
    )
    reasons = Counter(one.reason for one in frozen.left_out)
    said = ", ".join(f"{many} {reason}" for reason, many in reasons.items())
    out.print(f"{count(len(frozen.recipients), 'recipient')}; left out: {said or 'nobody'}.")
    for one in frozen.left_out:
        show_under(out, f"left out: {one.name or one.address}: {one.why}")
    show_difference(compared)


def _as_json(frozen: FrozenManifest, row: DispatchRow, compared: Difference | None) -> dict[str, Any]:
    return {
        "dispatch": row.id,
        "release": row.slug,
        "version": row.version,
        "state": row.state,
        "lists": row.lists,
        "excluded_lists": row.excluded_lists,
        "manifest_hash": frozen.dispatch.manifest_hash,
        "total": len(frozen.recipients),
        "recipients": [_entry_as_json(one) | {"state": one.state} for one in frozen.recipients],
        "left_out": [_entry_as_json(one) | {"reason": one.reason, "because": one.why} for one in frozen.left_out],
        "difference": compared.as_json() if compared else None,
    }


def _entry_as_json(one: Entry) -> dict[str, Any]:
    return {
        "address": one.address,
        "name": one.name,
        "outlet": one.outlet,
        "sector": one.sector,
        "lists": list(one.lists),
    }


def _as_csv(frozen: FrozenManifest, row: DispatchRow) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(_COLUMNS)
    for one in frozen.entries:
        cells = [one.name, one.address, one.outlet, one.sector, ", ".join(one.lists)]
        cells += ["yes" if one.gets_it else "no", one.state, one.reason, one.why, str(row.id), row.slug]
        writer.writerow([defused(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig")
