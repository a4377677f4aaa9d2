"""A release about which the proof has nothing to say, to be spoiled one word at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from distributor.releases.proof import Finding, ProofSubject, proof
from distributor.releases.readers.document import read_release

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 3, 12, 12, tzinfo=PARIS)
GOOD = """Les Ateliers du Lac demandent des horaires de nuit à revoir

Les salariés de la filière demandent depuis des mois que les horaires de nuit soient revus avec eux. Ils travaillent
dans trois bâtiments du port, sans pause après minuit, et avec un repos trop court entre deux postes. CHANGE

Contact presse : Jeanne Martin – 06 12 34 56 78 – j.martin@ateliers.example

Brest, le 12 mars 2026
"""
ENGLISH = """---
title: Lake Works asks for other night shifts
lang: en
dateline: {place: Brest, date: 2026-03-12}
contact: {name: Jeanne Martin, phone: 06 12 34 56 78, email: j.martin@ateliers.example}
---

The people of the yard have asked for months that the night shifts be set with them. They
work in three halls of the port, without a break after midnight, and with too short a rest between two turns. CHANGE
"""


def subject(words: str = "", *, text: str = GOOD, send: datetime = NOON, **known: Any) -> ProofSubject:
    """The good release with `words` in it; `known` are further fields of the subject."""
    source = text.replace(" CHANGE", f" {words}" if words else "")
    draft = read_release(source.encode(), file="release.txt", timezone=PARIS)
    return ProofSubject(draft, source, send, PARIS, **known)


def found(words: str = "", **options: Any) -> dict[str, Finding]:
    """What the proof finds, by code."""
    return {finding.code: finding for finding in proof(subject(words, **options))}


def with_draft(words: str = "", **changes: Any) -> dict[str, Finding]:
    """What it finds when fields of the draft are others."""
    one = subject(words)
    return {finding.code: finding for finding in proof(replace(one, draft=replace(one.draft, **changes)))}
