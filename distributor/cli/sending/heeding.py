"""What is shown for a last look before a send: the proof's warnings, and the recipients likeliest to look wrong."""

from __future__ import annotations

from collections.abc import Sequence

from distributor.cli.terminal.output import LEVEL_STYLES, console, count, show_table, styled, suggest
from distributor.dispatch.proof.examining import Odd
from distributor.dispatch.proof.preflight import ProofResult
from distributor.releases.findings import Level


def show_warnings(result: ProofResult, command: str) -> None:
    """Before a send: every warning in one line, for what stops nothing must still be seen; `command` shows the rest."""
    warnings = [finding for finding in result.findings if finding.level == Level.WARN]
    out = console()
    for finding in warnings:
        place = f" (line {finding.line})" if finding.line else ""
        out.print(styled(f"Warning: {finding.code}{place}: {finding.message}", LEVEL_STYLES[Level.WARN]))
    notes = sum(finding.level == Level.NOTE for finding in result.findings)
    if warnings or notes:
        said = " and ".join(count(many, word) for many, word in ((len(warnings), "warning"), (notes, "note")) if many)
        suggest(f"The proof has {said}; see:", command)


def show_oddest(found: Sequence[Odd]) -> None:
    """The recipients to look at before sending; nothing where nobody is odd."""
    if found:
        show_table(
            ["name", "address", "greeted", "look at"],
            [
                (odd.planned.recipient.name, odd.planned.address, odd.salutation, "; ".join(odd.reasons))
                for odd in found
            ],
            title="Look at these before you send",
            whole=[1],
        )
