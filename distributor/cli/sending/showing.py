"""How releases, manifests, proofs and dispatches look on a terminal, and their stable JSON shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from distributor.account_settings import DEFAULT_ACCOUNT
from distributor.cli.terminal.output import LEVEL_STYLES, console, count, show_table, show_under, styled, suggest, when
from distributor.dispatch.hours.instants import say_instant
from distributor.dispatch.recipients.earlier import StillLeaving
from distributor.dispatch.recipients.manifest import LeftOutReason, Manifest
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.models import Attachment
from distributor.releases.findings import Finding, Level
from distributor.releases.store import StoredRelease
from distributor.reports.dispatch_row import DispatchRow
from distributor.reports.styles import state_text
from distributor.states import DeliveryState, DispatchState

if TYPE_CHECKING:  # who looks at a release proves nothing
    from distributor.dispatch.proof.overrides import Override
    from distributor.dispatch.proof.preflight import ProofResult

MANY = 15


# Releases


def release_as_json(
    stored: StoredRelease,
    files: Sequence[Attachment],
    family: Sequence[StoredRelease],
    embargo_until: datetime | None,
) -> dict[str, Any]:
    """A release version under the names of its table, and the language versions (`family`) it is one of.

    `embargo_until` is the embargo in force, which need not be that of its words.
    """
    version = stored.version
    original = family[0].release
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
        "embargo_until": embargo_until,
        "embargo_in_its_words": version.embargo_until,
        "sector": version.sector,
        "signatory": version.signatory,
        "contacts": version.contacts,
        "boilerplate": version.boilerplate,
        "attachments": [
            {"name": f.name, "role": f.role, "media_type": f.media_type, "size": f.size, "sha256": f.sha256}
            for f in files
        ],
        "extra": version.extra,
        "remarks": version.remarks,
        "source_name": version.source_name,
        "author": version.author,
        "translation_of": None if original.id == stored.release.id else original.slug,
        "languages": {one.version.lang: one.release.slug for one in family},
        "created_at": version.created_at,
    }


def show_import_of_release(
    stored: StoredRelease, files: Sequence[Attachment], zone: ZoneInfo, family: Sequence[StoredRelease]
) -> None:
    """Say what an import made, and every field it found."""
    out = console()
    slug, number = stored.release.slug, stored.version.number
    if not stored.is_new:
        out.print(f"Nothing new: these are the words of «{slug}», version {number}.")
        if family[0].release.slug != slug:
            out.print(f"It is a translation of «{family[0].release.slug}».")
        return
    out.print(f"Imported as «{slug}», version {number}." + (" The earlier ones are kept." if number > 1 else ""))
    show_release(stored, files, zone, family=family)
    suggest("Next:", f"distributor releases proof {slug}")


def show_release(
    stored: StoredRelease,
    files: Sequence[Attachment],
    zone: ZoneInfo,
    overrides: Sequence[Override] = (),
    *,
    family: Sequence[StoredRelease],
    web_url: str = "",
    chain: Mapping[str, str | None] | None = None,
    embargo_until: datetime | None = None,
) -> None:
    """Every field of a release version, then its body, and what the proof was told to let pass.

    `embargo_until` is the embargo in force; None where it is that of its words.
    """
    out, version = console(), stored.version
    place, day = version.dateline_place, version.dateline_date
    rows: list[tuple[str, str]] = [
        ("release", f"{stored.release.slug} (version {version.number}, {version.content_hash[:12]})"),
        ("headline", version.headline),
        ("kind", version.kind),
        ("language", version.lang),
        _relation(stored, family),
        *((name.replace("_", " "), slug or "") for name, slug in (chain or {}).items()),
        ("standfirst", version.standfirst),
        ("dateline", ", ".join(part for part in (place, day.isoformat() if day else "") if part)),
        ("embargo until", _embargo(version.embargo_until, embargo_until, zone)),
        ("sector", version.sector),
        ("signatory", _person(version.signatory)),
        *(("press contact", _person(contact)) for contact in version.contacts),
        *((file.role, f"{file.name} ({file.media_type}, {file.size:,} bytes)") for file in files),
        *((f"extra: {name}", str(value)) for name, value in version.extra.items()),
        ("made by", version.author and f"{version.author}, {when(version.created_at, zone)}"),
        ("on the web", web_url and f"{web_url} (once it was sent and its embargo is over)"),
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
            show_under(out, f"{line}{remark['text']}")
    if overrides:
        out.print()
        show_overrides(overrides, zone)


def _embargo(said: datetime | None, in_force: datetime | None, zone: ZoneInfo) -> str:
    """Until when it is held, and what its words say where a command has moved or lifted that."""
    if in_force is None or in_force == said:
        return when(said, zone)
    return f"{when(in_force, zone)} (in its words: {when(said, zone)})"


def languages_of(stored: StoredRelease, family: Sequence[StoredRelease]) -> str:
    """The language of a release in a listing: with its translations', or with whose translation it is."""
    if len(family) == 1:
        return stored.version.lang
    if family[0].release.id != stored.release.id:
        return f"{stored.version.lang} of {family[0].release.slug}"
    return ", ".join(one.version.lang for one in family)


def _relation(stored: StoredRelease, family: Sequence[StoredRelease]) -> tuple[str, str]:
    """What the other language versions are, or which one this is a translation of."""
    original = family[0].release
    if original.id != stored.release.id:
        return "translation of", original.slug
    return "translations", ", ".join(f"{one.version.lang}: {one.release.slug}" for one in family[1:])


def _person(parts: dict[str, str]) -> str:
    return ", ".join(
        part for part in (parts.get(key, "") for key in ("name", "role", "sector", "email", "phone")) if part
    )


def finding_as_json(finding: Finding, result: ProofResult) -> dict[str, Any]:
    """One finding of the proof, and who let it pass (null: nobody)."""
    let_pass = result.passed.get(finding)
    return asdict(finding) | {"override": override_as_json(let_pass) if let_pass else None}


def show_proof(result: ProofResult, slug: str, moment: datetime, manifest: Manifest, *, command: str) -> None:
    """What the proof found, stops first, each with its line, its words and the way to mend it.

    `manifest` says whose messages were written, and who is left out. `command` proves the same for the same people:
    with an override it lets pass what stops.
    """
    from distributor.dispatch.proof.overrides import NEVER_PASSED

    out = console()
    written = f"{count(len(manifest.recipients), 'message')} written strictly"
    left_out = f"; left out: {_reasons(manifest)}" if manifest.left_out else ""
    out.print(f"Proof of «{slug}» for {moment:%A %d %B %Y %H:%M %Z}; {written}{left_out}.")
    for finding in result.findings:
        let_pass = result.passed.get(finding)
        passed = let_pass is not None and finding.level == Level.STOP
        style = "dim" if passed else LEVEL_STYLES[finding.level]
        label = "passed" if passed else finding.level.value.upper()
        out.print(styled(f"{label:6} {finding.code}", style))
        place = f"line {finding.line}: " if finding.line else ""
        show_under(out, finding.message, indent=7)
        if finding.excerpt:
            show_under(out, f"{place}«{finding.excerpt}»", indent=7)
        if finding.why:
            show_under(out, finding.why, "dim", indent=7)
        if let_pass is not None:
            show_under(out, _who_let_pass(let_pass, moment.tzinfo), indent=7)
        elif finding.mend:
            show_under(out, finding.mend, indent=7)
    if not result.findings:
        out.print("Nothing found.")
    levels = Counter(finding.level.value for finding in result.findings)
    if result.stops:
        codes = dict.fromkeys(finding.code for finding in result.stops if finding.code not in NEVER_PASSED)
        if codes:
            asked = " ".join(f"--override {code}" for code in codes)
            suggest("To let it pass, named and logged:", f'{command} {asked} --because "…"')
    elif levels:
        out.print("Nothing stops it.")


def show_overrides(overrides: Sequence[Override], zone: tzinfo) -> None:
    """Every finding that somebody let pass: who, when and why."""
    for one in overrides:
        console().print(styled(f"Passed: {one.code}: {_who_let_pass(one, zone)}", "yellow"))


def _who_let_pass(one: Override, zone: tzinfo | None) -> str:
    return f"let pass by {one.actor}, {one.at.astimezone(zone):%Y-%m-%d %H:%M}: «{one.because}»"


def override_as_json(one: Override) -> dict[str, Any]:
    """An override, under the names of its row."""
    return {"code": one.code, "actor": one.actor, "at": one.at, "because": one.because}


# Manifests


def manifest_as_json(manifest: Manifest, slug: str, had_earlier: int) -> dict[str, Any]:
    """Who gets it, who does not, and why; `had_earlier` of them have, or wait for, an earlier version."""

    def person(planned: PlannedRecipient) -> dict[str, Any]:
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
        "only_lists": list(manifest.only_lists),
        "where": manifest.where,
        "manifest_hash": manifest.digest,
        "total": len(manifest.recipients),
        "had_earlier_version": had_earlier,
        "by_sector": manifest.recipients.by("sector"),
        "by_outlet": manifest.recipients.by("outlet"),
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
            spare=[2, 4],
            whole=[1],
        )
        out.print()
    out.print(f"{count(len(manifest.recipients), 'recipient')}; left out: {_reasons(manifest) or 'nobody'}.")
    for label in ("sector", "outlet"):
        counter = manifest.recipients.by(label)
        shown = ", ".join(f"{name or '(none)'} {many}" for name, many in counter.most_common(MANY))
        more = f" and {len(counter) - MANY} more" if len(counter) > MANY else ""
        if counter:
            out.print(f"By {label}: {shown}{more}")
    for one in manifest.recipients.merged():
        show_under(out, f"one message: {one.recipient.name or one.address}: {one.merged}")
    left = manifest.left_out if detailed else manifest.left_out[:MANY]
    for left_out in left:
        who = left_out.planned.recipient.name or left_out.planned.address
        show_under(out, f"left out: {who}: {left_out.because}")
    if len(left) < len(manifest.left_out):
        out.print(f"  … and {len(manifest.left_out) - len(left)} more (--dry-run shows them all)")


def _reasons(manifest: Manifest) -> str:
    reasons = Counter(one.reason for one in manifest.left_out)
    return ", ".join(f"{many} {_REASONS[reason]}" for reason, many in reasons.items())


_REASONS = {
    LeftOutReason.OBJECTION: "for an objection",
    LeftOutReason.CAME_BACK: "whose mail came back",
    LeftOutReason.EXCLUDED: "by an excluded list",
    LeftOutReason.NOT_MEANT: "by --only or --where",
    LeftOutReason.OTHER_CHANNEL: "who want our news in another way",
    LeftOutReason.ALREADY_SENT: "on an earlier dispatch of this release",
    LeftOutReason.SAME_ADDRESS: "for a shared address",
    LeftOutReason.SAME_JOURNALIST: "at another address of a journalist",
    LeftOutReason.OTHER_VERSION: "with another version",
    LeftOutReason.NOT_FOLLOWED_UP: "not to be followed up",
}


# Dispatches


def describe_dispatch(row: DispatchRow) -> str:
    """A dispatch on one line."""
    return f"Dispatch {row.id} of «{row.slug}», version {row.version}: {row.words}"


def show_dispatch(row: DispatchRow, doubtful: Sequence[dict[str, Any]], zone: ZoneInfo) -> None:
    """How a dispatch stands, what it waits for, and who is in doubt."""
    out = console()
    without = f", without {', '.join(row.excluded_lists)}" if row.excluded_lists else ""
    out.print(f"Dispatch {row.id} of «{row.slug}», version {row.version}: {row.headline}")
    out.print(f"State: {row.words}", soft_wrap=True)
    out.print(f"Lists: {', '.join(row.lists) or '(none)'}{without}")
    if row.account != DEFAULT_ACCOUNT or row.then or row.takeover:
        out.print(row.way, soft_wrap=True)
    for one in row.sign_offs:
        signed = when(datetime.fromisoformat(one["signed_at"]), zone)
        out.print(f"Signed off by {one['name']} ({one['actor']}), {signed}, {one['digest'][:12]}")
    if row.scheduled_at is not None:
        start = "To start on" if row.started_at is None else "Its start:"
        out.print(f"{start} {say_instant(row.scheduled_at, zone)}", soft_wrap=True)
    if row.not_after is not None:
        out.print(f"Cut-off: whoever has not left by {say_instant(row.not_after, zone)} is withheld", soft_wrap=True)
    ended = "" if row.state == DispatchState.CANCELLED else f"; finished {when(row.finished_at, zone) or 'not yet'}"
    out.print(f"Started {when(row.started_at, zone) or 'not yet'}{ended}")
    show_table(["state", "recipients"], [(state_text(state), many) for state, many in row.counts.items()], right=[1])
    if row.waves:
        show_table(
            ["wave", "", "starts", "began", "recipients", "accepted"],
            [
                (
                    one.number,
                    f"{one.name} (exclusive)" if one.is_exclusive else one.name,
                    when(one.starts_at, zone) or "at once",
                    when(one.began_at, zone),
                    one.total,
                    one.counts.get(DeliveryState.ACCEPTED, 0),
                )
                for one in row.waves
            ],
            right=[0, 4, 5],
        )
    if row.next_attempt_at and row.in_hand:
        out.print(f"Next attempt: {when(row.next_attempt_at, zone)}.")
    elif row.next_attempt_at and row.state != DispatchState.PAUSED:
        suggest(f"Next attempt: {when(row.next_attempt_at, zone)}; leave running:", "distributor work")
    for one in doubtful:
        out.print(f"In doubt: {one['address']} {one['name']}, {one['message_id']}")
    if doubtful:
        suggest("What to look for, and how to end the doubt:", f"distributor dispatches resolve {row.id}")


def show_still_leaving(found: Sequence[StillLeaving]) -> None:
    """Say of each dispatch that what was planned leaves, whatever became of its release since.

    On standard error: standard output may be JSON.
    """
    for one in found:
        wait, get = ("recipient still waits", "gets") if one.waiting == 1 else ("recipients still wait", "get")
        console(stderr=True).print(
            f"{one.waiting} {wait} for version {one.version} (dispatch {one.dispatch_id}), and {get} that one."
            f" To end it: distributor dispatches cancel {one.dispatch_id}",
            soft_wrap=True,
        )
