"""Overrides of the proof: who let which finding pass, for whom, why and when; each a row of the audit."""

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
_ABOUT_PEOPLE = frozenset({"embargo-ahead"})
"""Findings that only certain people's word can let pass: an override of them says nothing of anybody else."""


@dataclass(frozen=True, slots=True)
class Override:
    """That `actor` lets one finding pass. `contacts` are those it was said for; None where it is about words only."""

    code: str
    fingerprint: str
    because: str
    actor: str
    at: datetime
    contacts: frozenset[int] | None = None

    def covers(self, finding: Finding, contacts: frozenset[int]) -> bool:
        """Whether `finding`, about a sending to `contacts`, is the very one that was let pass."""
        return self.fingerprint == _fingerprint(finding) and (self.contacts is None or contacts <= self.contacts)


def override(finding: Finding, contacts: frozenset[int], *, because: str, actor: str, at: datetime) -> Override:
    """The override of one finding, about a sending to `contacts`; nothing is written."""
    concerned = contacts if finding.code in _ABOUT_PEOPLE else None
    return Override(finding.code, _fingerprint(finding), because, actor, at, concerned)


def record(session: Session, version: ReleaseVersion, overrides: Iterable[Override]) -> None:
    """Log overrides: they hold for this version, and for no other."""
    for one in overrides:
        details: dict[str, Any] = {"code": one.code, "fingerprint": one.fingerprint, "because": one.because}
        if one.contacts is not None:
            details |= {"contacts": sorted(one.contacts)}
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
            contacts=frozenset(row.details["contacts"]) if "contacts" in row.details else None,
        )
        for row in rows
    ]


def passed(
    findings: Sequence[Finding], overrides: Sequence[Override], contacts: frozenset[int]
) -> Mapping[Finding, Override]:
    """The findings that an override covers, each with the latest that does."""
    return {finding: one for one in overrides for finding in findings if one.covers(finding, contacts)}


def _fingerprint(finding: Finding) -> str:
    """What makes a finding the same one: its rule, its line, and the words it is about."""
    parts = (finding.code, str(finding.line or ""), finding.excerpt)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
