"""How manifests and proofs look on a terminal, and their stable JSON shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from distributor.cli.terminal.output import LEVEL_STYLES, console, count, show_table, show_under, styled, suggest
from distributor.dispatch.recipients.manifest import LeftOutReason, Manifest
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.releases.findings import Finding, Level

if TYPE_CHECKING:  # who looks at a release proves nothing
    from distributor.dispatch.proof.overrides import Override
    from distributor.dispatch.proof.preflight import ProofResult

MANY = 15


# Proofs


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
