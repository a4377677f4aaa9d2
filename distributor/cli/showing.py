"""How releases, contacts, manifests and proofs look on a terminal, and their stable JSON shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from distributor.cli.output import LEVEL_STYLES, console, count, show_table, styled, when
from distributor.contacts.press_lists import Member
from distributor.contacts.report import ImportReport, Result
from distributor.dispatch.manifest import LeftOutReason, Manifest
from distributor.dispatch.preflight import ProofResult
from distributor.models import Attachment
from distributor.releases.findings import Finding, Level
from distributor.releases.store import StoredRelease
from distributor.reports.queries import DispatchRow
from distributor.reports.styles import state_text

_MANY = 15


# Contacts


def import_as_json(report: ImportReport, rejects_file: Path | None) -> dict[str, Any]:
    """An import, one object per line of the file."""
    return {
        "file": report.file,
        "list": report.list_slug,
        "encoding": report.encoding,
        "delimiter": report.delimiter,
        "dry_run": report.dry_run,
        "counts": report.counts,
        "recognised": report.recognised,
        "kept": report.kept,
        "ignored": report.ignored,
        "remarks": report.remarks,
        "rejects_file": str(rejects_file) if rejects_file else None,
        "rows": [asdict(outcome) for outcome in report.outcomes],
    }


def show_import(report: ImportReport, rejects_file: Path | None) -> None:
    """Say what became of a file: counts first, then every cleaning, merge and rejection by line."""
    out = console()
    counts = ", ".join(f"{many} {result.value}" for result, many in report.counts.items() if many)
    verb = "would go" if report.dry_run else "read"
    out.print(f"{report.file} ({report.encoding}) {verb} into the list «{report.list_name}»: {counts or 'no rows'}.")
    for remark in report.remarks:
        out.print(f"  {remark}")
    for outcome in report.outcomes:
        if outcome.result == Result.REJECTED:
            out.print(styled(f"  line {outcome.line}: rejected: {outcome.reason}", "red"))
        elif outcome.changes:
            who = outcome.name or outcome.address
            out.print(f"  line {outcome.line}: {who}: {'; '.join(outcome.changes)}")
        elif outcome.result == Result.MERGED:
            out.print(f"  line {outcome.line}: {outcome.name or outcome.address}: merged with an earlier row")
    if rejects_file is not None:
        out.print(f"Rejected rows are in {rejects_file}: mend them there and import that file.")


def member_as_json(member: Member) -> dict[str, Any]:
    """A contact with the affiliation that counts."""
    return asdict(member)


def show_members(members: Sequence[Member], title: str = "") -> None:
    """A table of contacts."""
    show_table(
        ["name", "address", "outlet", "role", "sectors", "language", ""],
        [
            (m.name, m.address, m.outlet, m.role, ", ".join(m.sector_names), m.language, m.flag.replace("_", " "))
            for m in members
        ],
        title=title,
    )


def show_member(member: Member, on_lists: Sequence[str], zone: ZoneInfo) -> None:
    """Everything kept on one contact, empty fields left out."""
    moments = {name: value.astimezone(zone) for name, value in asdict(member).items() if isinstance(value, datetime)}
    values = asdict(member) | moments | {"lists": on_lists, "sectors": member.sector_names}
    hidden = {"contact_id", "address_key", "sector_names", "list_slug"}
    show_table(
        ["field", "value"],
        [
            (name, _shown(value))
            for name, value in values.items()
            if value not in ("", None, (), [], {}) and name not in hidden
        ],
    )


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {one}" for key, one in value.items())
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


# Releases


def release_as_json(stored: StoredRelease, files: Sequence[Attachment]) -> dict[str, Any]:
    """A release version under the names of its table."""
    version = stored.version
    return {
        "slug": stored.release.slug,
        "version": version.number,
        "content_hash": version.content_hash,
        "headline": version.headline,
        "lang": version.lang,
        "kind": version.kind,
        "standfirst": version.standfirst,
        "body": version.body,
        "dateline_place": version.dateline_place,
        "dateline_date": version.dateline_date,
        "embargo_until": version.embargo_until,
        "sector": version.sector,
        "signatory": version.signatory,
        "contacts": version.contacts,
        "boilerplate": version.boilerplate,
        "attachments": [
            {"name": f.name, "media_type": f.media_type, "size": f.size, "sha256": f.sha256} for f in files
        ],
        "extra": version.extra,
        "remarks": version.remarks,
        "source_name": version.source_name,
        "created_at": version.created_at,
    }


def show_import_of_release(stored: StoredRelease, files: Sequence[Attachment], zone: ZoneInfo) -> None:
    """Say what an import made, and every field it found."""
    out = console()
    slug, number = stored.release.slug, stored.version.number
    if not stored.is_new:
        out.print(f"Nothing new: these are the words of «{slug}», version {number}.")
        return
    out.print(f"Imported as «{slug}», version {number}." + (" The earlier ones are kept." if number > 1 else ""))
    show_release(stored, files, zone)
    out.print(f"Next: distributor releases proof {slug}")


def show_release(stored: StoredRelease, files: Sequence[Attachment], zone: ZoneInfo) -> None:
    """Every field of a release version, then its body."""
    out, version = console(), stored.version
    place, day = version.dateline_place, version.dateline_date
    rows: list[tuple[str, str]] = [
        ("release", f"{stored.release.slug} (version {version.number}, {version.content_hash[:12]})"),
        ("headline", version.headline),
        ("kind", version.kind),
        ("language", version.lang),
        ("standfirst", version.standfirst),
        ("dateline", ", ".join(part for part in (place, day.isoformat() if day else "") if part)),
        ("embargo until", when(version.embargo_until, zone)),
        ("sector", version.sector),
        ("signatory", _person(version.signatory)),
        *(("press contact", _person(contact)) for contact in version.contacts),
        *(("attachment", f"{file.name} ({file.media_type}, {file.size:,} bytes)") for file in files),
        *((f"extra: {name}", str(value)) for name, value in version.extra.items()),
    ]
    show_table(["field", "value"], [row for row in rows if row[1]])
    out.print()
    out.print(version.body)
    if version.boilerplate:
        out.print(f"\nBoilerplate:\n{version.boilerplate}")
    if version.remarks:
        out.print("\nRemarks:")
        for remark in version.remarks:
            line = f"line {remark['line']}: " if remark["line"] else ""
            out.print(f"  {line}{remark['text']}")


def _person(parts: dict[str, str]) -> str:
    return ", ".join(
        part for part in (parts.get(key, "") for key in ("name", "role", "sector", "email", "phone")) if part
    )


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """One finding of the proof."""
    return asdict(finding)


def show_proof(result: ProofResult, slug: str, moment: datetime, rendered: int) -> None:
    """What the proof found, stops first, each with its line, its words and the way to mend it."""
    out = console()
    out.print(f"Proof of «{slug}» for {moment:%A %d %B %Y %H:%M %Z}; {count(rendered, 'message')} written strictly.")
    for finding in result.findings:
        passed = finding.code in result.overridden and finding.level == Level.STOP
        style = "dim" if passed else LEVEL_STYLES[finding.level]
        label = "passed" if passed else finding.level.value.upper()
        out.print(styled(f"{label:6} {finding.code}", style))
        place = f"line {finding.line}: " if finding.line else ""
        out.print(f"       {finding.message}")
        if finding.excerpt:
            out.print(f"       {place}«{finding.excerpt}»")
        if finding.mend and not passed:
            out.print(f"       {finding.mend}")
    if not result.findings:
        out.print("Nothing found.")
    levels = Counter(finding.level.value for finding in result.findings)
    if result.stops:
        codes = " ".join(f"--override {code}" for code in dict.fromkeys(finding.code for finding in result.stops))
        out.print(f'To let it pass, named and logged: distributor releases proof {slug} {codes} --because "…"')
    elif levels:
        out.print("Nothing stops it.")


# Manifests


def manifest_as_json(manifest: Manifest, slug: str) -> dict[str, Any]:
    """Who gets it, who does not, and why."""

    def person(planned: Any) -> dict[str, Any]:
        return {
            "address": str(planned.address),
            "name": planned.recipient.name,
            "outlet": planned.recipient.outlet,
            "sector": planned.sector,
            "lists": list(planned.lists),
        }

    return {
        "release": slug,
        "lists": list(manifest.lists),
        "excluded_lists": list(manifest.excluded_lists),
        "manifest_hash": manifest.digest,
        "total": len(manifest.recipients),
        "had_earlier_version": manifest.had_earlier,
        "by_sector": manifest.by_sector(),
        "by_outlet": manifest.by_outlet(),
        "recipients": [person(one) | {"merged": one.merged} for one in manifest.recipients],
        "left_out": [
            person(one.planned) | {"reason": one.reason.value, "because": one.because} for one in manifest.left_out
        ],
    }


def show_manifest(manifest: Manifest, *, detailed: bool = True) -> None:
    """Counts by sector and outlet, every merge and every exclusion explained; `detailed` lists each recipient too."""
    out = console()
    if detailed:
        show_table(
            ["name", "address", "outlet", "sector", "lists"],
            [
                (one.recipient.name, one.address, one.recipient.outlet, one.sector, ", ".join(one.lists))
                for one in manifest.recipients
            ],
        )
        out.print()
    reasons = Counter(one.reason for one in manifest.left_out)
    reasons_said = ", ".join(f"{many} {_REASONS[reason]}" for reason, many in reasons.items())
    out.print(f"{count(len(manifest.recipients), 'recipient')}; left out: {reasons_said or 'nobody'}.")
    if manifest.had_earlier:
        had = count(manifest.had_earlier, "of them stands", "of them stand")
        warning = f"Mind: {had} on a dispatch of an earlier version of this release, and would get it again."
        out.print(styled(f"{warning} See: distributor dispatches list", "bold yellow"))
    for label, counter in (("sector", manifest.by_sector()), ("outlet", manifest.by_outlet())):
        shown = ", ".join(f"{name or '(none)'} {many}" for name, many in counter.most_common(_MANY))
        more = f" and {len(counter) - _MANY} more" if len(counter) > _MANY else ""
        if counter:
            out.print(f"By {label}: {shown}{more}")
    for one in manifest.merged:
        out.print(f"  one message: {one.recipient.name or one.address}: {one.merged}")
    left = manifest.left_out if detailed else manifest.left_out[:_MANY]
    for left_out in left:
        who = left_out.planned.recipient.name or left_out.planned.address
        out.print(f"  left out: {who}: {left_out.because}")
    if len(left) < len(manifest.left_out):
        out.print(f"  … and {len(manifest.left_out) - len(left)} more (--dry-run shows them all)")


_REASONS = {
    LeftOutReason.OBJECTION: "for an objection",
    LeftOutReason.EXCLUDED: "by an excluded list",
    LeftOutReason.ALREADY_SENT: "on an earlier dispatch of this version",
    LeftOutReason.SAME_ADDRESS: "for a shared address",
}


# Dispatches


def show_dispatch(row: DispatchRow, doubtful: Sequence[dict[str, Any]], zone: ZoneInfo) -> None:
    """How a dispatch stands, what it waits for, and who is in doubt."""
    out = console()
    without = f", without {', '.join(row.excluded_lists)}" if row.excluded_lists else ""
    out.print(f"Dispatch {row.id} of «{row.slug}», version {row.version}: {row.headline}")
    out.print(f"State: {row.state}" + (f": {row.pause_reason}" if row.pause_reason else ""))
    out.print(f"Lists: {', '.join(row.lists) or '(none)'}{without}")
    out.print(f"Started {when(row.started_at, zone) or 'not yet'}; finished {when(row.finished_at, zone) or 'not yet'}")
    show_table(["state", "recipients"], [(state_text(state), many) for state, many in row.counts.items()], right=[1])
    if row.next_attempt_at:
        out.print(f"Next attempt: {when(row.next_attempt_at, zone)}; leave running: distributor work")
    for one in doubtful:
        out.print(f"In doubt: {one['address']} {one['name']}, {one['message_id']}")
    if doubtful:
        resume = f"distributor dispatches resume {row.id}"
        out.print(f"Ask them, or look in the server's log; then: {resume} --in-doubt resend|assume-sent")
