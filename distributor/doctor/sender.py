"""What the DNS says of the sender's domain, in short: kept for a day, so that no proof waits for it twice."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlmodel import Session

from distributor import clock
from distributor.db.engine import Database
from distributor.doctor.check import Level, contained
from distributor.doctor.lookup import DnsLookup, Lookup, is_for_examples
from distributor.models import DomainCheck
from distributor.releases.findings import SenderAnswer
from distributor.settings import Settings

_SECONDS = 4.0
_MAX_AGE = timedelta(days=1)
_SILENT_AGE = timedelta(minutes=10)
_NAME = "sender of {domain}"  # no mail domain has a blank in it
_UNKNOWN = "unknown"


def ask_about_sender(database: Database, settings: Settings, lookup: Lookup | None = None) -> SenderAnswer | None:
    """What SPF, DKIM, DMARC and MX records say against the sender; None without a sender, or for an example's.

    An answer is kept for a day, silence for ten minutes.
    """
    if settings.mail_from is None or is_for_examples(settings.mail_from.address.domain):
        return None
    domain = settings.mail_from.address.domain
    with database.session(reads_only=True) as session:
        kept = _kept(session, domain)
    if kept is not None:
        return kept
    from distributor.doctor.domain import domain_checks  # noqa: PLC0415 - once a day, and every send comes by here

    checks = list(contained("domain", domain_checks(settings, lookup or DnsLookup(total_seconds=_SECONDS))))
    examined = [check for check in checks if check.level is not Level.SKIP]
    answer = SenderAnswer(
        domain,
        tuple((check.name, check.message) for check in examined if check.level in {Level.WARN, Level.FAIL}),
        "" if examined else next((check.message for check in checks), ""),
    )
    with database.session() as session:
        words = json.dumps([*answer.faults, answer.silent], ensure_ascii=False)
        name = _NAME.format(domain=domain)
        session.merge(DomainCheck(domain=name, takes_mail=_UNKNOWN, answer=words, checked_at=clock.now()))
    return answer


def _kept(session: Session, domain: str) -> SenderAnswer | None:
    row = session.get(DomainCheck, _NAME.format(domain=domain))
    if row is None:
        return None
    *faults, silent = json.loads(row.answer)
    is_fresh = clock.now() - row.checked_at <= (_SILENT_AGE if silent else _MAX_AGE)
    return SenderAnswer(domain, tuple((name, said) for name, said in faults), silent) if is_fresh else None
