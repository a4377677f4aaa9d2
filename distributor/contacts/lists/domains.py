"""Whether mail domains take mail, as the DNS says: asked a few at a time within a bounded time, kept with its age."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TypeAlias

from sqlalchemy import select
from sqlmodel import Session, col

from distributor import clock
from distributor.models import DomainCheck

Lookup: TypeAlias = Callable[[str, str], Sequence[str] | None]
"""(name, record type) → the records as text, none when there are none; None when the DNS does not say."""

MAX_AGE = timedelta(days=7)
"""How long an answer counts."""

_AT_ONCE = 8


class TakesMail(StrEnum):
    """Whether mail can be sent to a domain."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DomainAnswer:
    """What the DNS said of a domain, in words, and when."""

    domain: str
    takes_mail: TakesMail
    answer: str
    checked_at: datetime


def kept_answers(session: Session, domains: Collection[str]) -> dict[str, DomainAnswer]:
    """What was answered before, however long ago."""
    rows = session.scalars(select(DomainCheck).where(col(DomainCheck.domain).in_(domains))) if domains else ()
    return {row.domain: DomainAnswer(row.domain, TakesMail(row.takes_mail), row.answer, row.checked_at) for row in rows}


def ask_domains(
    domains: Iterable[str], kept: Mapping[str, DomainAnswer], lookup: Lookup, *, seconds: float
) -> list[DomainAnswer]:
    """Ask the DNS about the domains of which no answer of the last days is kept; return the new answers.

    `lookup` is called from several threads, each call of a few seconds at most; once `seconds` have gone by, no further
    domain is asked. Where the DNS does not say, there is no new answer, and an older one still stands.
    """
    moment, until = clock.now(), clock.monotonic() + seconds
    due = [one for one in domains if one not in kept or moment - kept[one].checked_at > MAX_AGE]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        answers = list(threads.map(partial(_ask_in_time, lookup=lookup, until=until), due))
    return [
        DomainAnswer(domain, said[0], said[1], moment)
        for domain, said in zip(due, answers, strict=True)
        if said[0] is not TakesMail.UNKNOWN
    ]


def keep_answers(session: Session, answers: Iterable[DomainAnswer]) -> None:
    """Keep what the DNS said."""
    for one in answers:
        row = DomainCheck(domain=one.domain, takes_mail=one.takes_mail, answer=one.answer, checked_at=one.checked_at)
        session.merge(row)


def ask(domain: str, lookup: Lookup) -> tuple[TakesMail, str]:
    """Whether `domain` takes mail, and why (RFC 5321 §5.1, RFC 7505)."""
    records = lookup(domain, "MX")
    if records is None:
        return TakesMail.UNKNOWN, "the DNS does not say"
    hosts = [record.split()[-1].rstrip(".") for record in records if record.split()]
    if hosts:
        # A null MX stands alone (RFC 7505 §3); beside others it is a mistake that senders pass over.
        taking = [host for host in hosts if host]
        return (TakesMail.YES, f"MX {taking[0]}") if taking else (TakesMail.NO, "says that it takes no mail (null MX)")
    found = [lookup(domain, kind) for kind in ("A", "AAAA")]
    if any(found):
        return TakesMail.YES, "no MX record, but a machine of that name"
    if None in found:
        return TakesMail.UNKNOWN, "the DNS does not say"
    return TakesMail.NO, "has neither MX record nor address"


def _ask_in_time(domain: str, *, lookup: Lookup, until: float) -> tuple[TakesMail, str]:
    return ask(domain, lookup) if clock.monotonic() < until else (TakesMail.UNKNOWN, "not asked: it took too long")
