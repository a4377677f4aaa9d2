"""The proof of a release before it is sent: many small rules, each of which looks for one mistake."""

from __future__ import annotations

from itertools import chain, islice

from distributor.releases.findings import Finding, Level, ProofSubject, RenderFailure
from distributor.releases.proof import (
    calendar,
    corrections,
    delivery,
    embargoes,
    essentials,
    figures,
    files,
    hours,
    impossible,
    leftovers,
    links,
    names,
    pictures,
    reach,
    recipients,
    shape,
    signs,
    unfinished,
    wording,
)
from distributor.releases.proof.rule import LANGUAGES, Check, Rule

__all__ = ["LANGUAGES", "RULES", "Finding", "Level", "ProofSubject", "RenderFailure", "Rule", "proof"]

_ORDER = {Level.STOP: 0, Level.WARN: 1, Level.NOTE: 2}
_MOST = 50
"""How often one check speaks: whoever has fifty placeholders left need not be shown the next thousand."""

_FAMILIES = (
    *(essentials, corrections, calendar, impossible, embargoes, hours, leftovers, unfinished, reach, figures, names),
    *(wording, signs, shape, links, pictures, files, delivery, recipients),
)
RULES: tuple[Rule, ...] = tuple(chain.from_iterable(family.RULES for family in _FAMILIES))
"""Every rule, family by family."""

_CHECKS: tuple[Check, ...] = tuple(chain.from_iterable(family.CHECKS for family in _FAMILIES))


def proof(subject: ProofSubject, language: str = "en") -> list[Finding]:
    """Everything the rules find, each thing once: stops first, then by line (findings without one lead).

    Sentences are in `language`, one of `LANGUAGES`; English for any other.
    """
    hits = chain.from_iterable(islice(check(subject), _MOST) for check in _CHECKS)
    findings = dict.fromkeys(hit.told(language) for hit in hits)
    return sorted(findings, key=lambda finding: (_ORDER[finding.level], finding.line or 0))
