"""Overrides of the proof: who let which finding pass, why and when; each a row of the audit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from distributor.models import Audit, ReleaseVersion
from distributor.releases.findings import Finding

_ACTION = "proof.override"

NEVER_PASSED = {
    "undefined-field": "A message that cannot be written cannot be sent.",
    "embargo-ahead": "It stops nothing: who has not agreed to hold the release gets it at the end of its embargo.",
    "provenance": "Nobody is written to of whom it is not known where their address comes from.",
}
"""Findings that nobody can let pass, and why."""


@dataclass(frozen=True, slots=True)
class Override:
    """That `actor` lets one finding pass."""

    code: str
    fingerprint: str
    because: str
    actor: str
    at: datetime

    def covers(self, finding: Finding) -> bool:
        """Whether `finding` is the very one that was let pass."""
        return self.fingerprint == _fingerprint(finding)


def override(finding: Finding, *, because: str, actor: str, at: datetime) -> Override:
    """The override of one finding; nothing is written."""
    return Override(finding.code, _fingerprint(finding), because, actor, at)


def record(session: Session, version: ReleaseVersion, overrides: Iterable[Override]) -> None:
    """Log overrides: they hold for this version, and for no other."""
    for one in overrides:
        details: dict[str, Any] = {"code": one.code, "fingerprint": one.fingerprint, "because": one.because}
        session.add(Audit(at=one.at, actor=one.actor, action=_ACTION, subject=version.content_hash, details=details))


def standing(session: Session, version: ReleaseVersion) -> list[Override]:
    """Every override of this version, oldest first."""
    rows = session.exec(
        select(Audit).where(Audit.action == _ACTION, Audit.subject == version.content_hash).order_by(col(Audit.id))
    )
    return [
        Override(
            code=row.details["code"],
            fingerprint=row.details.get("fingerprint", ""),
            because=row.details["because"],
            actor=row.actor,
            at=row.at,
        )
        for row in rows
    ]


def passed(findings: Sequence[Finding], overrides: Sequence[Override]) -> Mapping[Finding, Override]:
    """The findings that an override covers, each with the latest that does."""
    return {finding: one for one in overrides for finding in findings if one.covers(finding)}


def _fingerprint(finding: Finding) -> str:
    """What makes a finding the same one: its rule, its line, and the words it is about."""
    parts = (finding.code, str(finding.line or ""), finding.excerpt)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
