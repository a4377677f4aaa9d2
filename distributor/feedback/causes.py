"""From a mail server's words and codes to the cause: words go before numbers."""

from __future__ import annotations

import re

from distributor.feedback.causewords import RULES
from distributor.feedback.events import DEAD, Cause
from distributor.states import Phase, Verdict
from distributor.transport.echoes import RECIPIENT, without_echoes
from distributor.transport.replies import read as read_reply

_C = Cause


_PROVIDERS = {
    Verdict.HARD: _C.UNKNOWN_USER,
    Verdict.FULL: _C.FULL,
    Verdict.POLICY: _C.BLOCK,
    Verdict.THROTTLED: _C.RATE,
    Verdict.CONCURRENCY: _C.RATE,
    Verdict.ACCOUNT: _C.TOO_BIG,
    Verdict.SENDER: _C.SENDER,
    Verdict.AUTHENTICATION: _C.AUTHENTICATION,
}
"""What the marks of French providers (OFR, LPN, SFR), which `transport` knows, mean after the fact."""

_BY_STATUS: tuple[tuple[str, Cause], ...] = (
    (r"1\.(?:1|3|10|0)", _C.UNKNOWN_USER),
    (r"1\.2", _C.UNKNOWN_HOST),
    (r"1\.6", _C.MOVED),
    (r"1\.(?:7|8)", _C.SENDER),
    (r"2\.1", _C.SUSPENDED),
    (r"2\.2", _C.FULL),
    (r"2\.3", _C.TOO_BIG),
    (r"2\.\d+", _C.SYSTEM),
    (r"3\.4", _C.TOO_BIG),
    (r"3\.2", _C.NO_MAIL_HOST),
    (r"3\.\d+", _C.SYSTEM),
    (r"4\.(?:1|2|3|0)", _C.NETWORK),
    (r"4\.4", _C.UNKNOWN_HOST),
    (r"4\.6", _C.LOOP),
    (r"4\.7", _C.EXPIRED),
    (r"4\.14", _C.LOOP),
    (r"4\.310", _C.UNKNOWN_HOST),
    (r"4\.\d+", _C.NETWORK),
    (r"5\.3", _C.RATE),
    (r"6\.\d+", _C.CONTENT),
    (r"7\.(?:2\d|9|509|515)", _C.AUTHENTICATION),
    (r"7\.1[34]", _C.SUSPENDED),
    (r"7\.17", _C.MOVED),
    (r"7\.\d+", _C.POLICY),
)
_STATUS_RULES = tuple((re.compile(pattern), cause) for pattern, cause in _BY_STATUS)

_CERTAIN = {"5.1.1": _C.UNKNOWN_USER, "5.1.10": _C.UNKNOWN_USER, "5.1.2": _C.UNKNOWN_HOST}
_CERTAIN |= {"4.2.2": _C.FULL, "5.2.2": _C.FULL}
"""Codes that mean one thing only, whatever a server says beside them about spelling, filters or policy."""

_VAGUE = frozenset(
    {None, _C.SUSPENDED, _C.SYSTEM, _C.NETWORK, _C.EXPIRED, _C.POLICY, _C.CONTENT, _C.LOOP, _C.NO_MAIL_HOST}
)
_BOILERPLATE = re.compile(
    r"google tried to deliver your message.{0,200}?(?:error that the other server returned was"
    r"|cause of this error)\W*(?:the error that the other server returned was\W*)?"
    r"|for further assistance.{0,120}?postmaster\W|there was a (?:temporary )?(?:problem"
    r"|error) (?:while )?delivering your"
    rf"|\b(?:message|mail|e-?mail) (?:sent |addressed )?to {RECIPIENT} (?:was|has been|could not be"
    rf"|cannot be) (?:rejected"
    r"|returned|refused|blocked|delivered)\b"
    r"|if you do so, please include this problem report.{0,120}?(?:returned message|below)\W"
    r"|please (?:direct further questions|contact|visit|see|check the recipient|try).{0,80}",
    re.IGNORECASE,
)
# Exchange 2003's «<mx.journal.example #5.1.1 smtp;550 …>»: what stands in brackets is no echo but the reply.
_BRACKETED = re.compile(r"<([^<>]{0,200}#[245]\.\d{1,3}\.\d{1,3}[^<>]{0,1000})>")
# «<lea@journal.example>: host mx.journal.example[…] said: 550 …»: who speaks to whom is no part of why.
_SPEAKER = re.compile(r"^.{0,120}?\b(?:said:|refused to talk to me:) (?=\S)", re.IGNORECASE)
_TERSE = re.compile(
    r"(?:^|said: )\W*(?:[245]\.\d\.\d[^\d].{0,40})?5\d\d\W*(?:user unknown|unknown user)", re.IGNORECASE
)
_AFTER_BODY = re.compile(r"in reply to (?:the )?end of data|after end of data", re.IGNORECASE)
# Said to the connection, to EHLO or to MAIL FROM: the recipient was not named yet, so it can only be about us.
_BEFORE_RECIPIENT = re.compile(
    r"in reply to (?:MAIL FROM|EHLO|HELO) command|after (?:pipelined )?(?:MAIL FROM|EHLO|HELO):"
    r"|>>> (?:MAIL FROM|EHLO|HELO)\b[^>]*(?:>[^<>]*)?<<< 5\d\d",
    re.IGNORECASE,
)
_MAX_WORDS = 3_000


def cause_of(said: str, status: str = "", address: str = "") -> Cause:
    """Why a server did not deliver to `address`, by its words `said` and its RFC 3463 code."""
    text = _BRACKETED.sub(r" \1 ", said[:_MAX_WORDS])
    provider = read_reply(Phase.RCPT, 550, text, recipient=address)
    if provider.rule.startswith(("orange-", "sfr-")) and provider.outcome.verdict in _PROVIDERS:
        return _PROVIDERS[provider.outcome.verdict]
    words = _BOILERPLATE.sub(" ", " ".join(without_echoes(text, address).split()))
    words = _SPEAKER.sub("", words, count=1)
    spoken = next((rule.cause for rule in RULES if rule.words.search(words)), None)
    certain = _CERTAIN.get(status)
    if certain is not None and spoken in _VAGUE:
        return certain
    return spoken or by_status(status)


def by_status(status: str) -> Cause:
    """Why, by the RFC 3463 code alone; `OTHER` for one that says nothing."""
    detail = status.partition(".")[2]
    return next((cause for pattern, cause in _STATUS_RULES if pattern.fullmatch(detail)), _C.OTHER)


def is_dead(cause: Cause) -> bool:
    """Whether no mail will ever reach the address: by the cause, never by a 5xx alone."""
    return cause in DEAD


def settled(cause: Cause, said: str, about: str, status: str, *, temporary: bool) -> Cause:
    """The cause, corrected by what else is known: `said` is the reply, `about` the text on the recipient.

    Before the recipient was named nothing can be said of them. «Unavailable» for now, by a code that names no address,
    is no unknown user. «No such host» for a while is a name server that does not answer, unless it says in so many
    words that there is no such name (NXDOMAIN).
    """
    if cause is _C.UNKNOWN_USER and is_filter(said, about, status):
        return _C.FILTERED
    if cause in DEAD and _BEFORE_RECIPIENT.search(about):
        return _C.SENDER
    if temporary and cause is _C.UNKNOWN_USER and status and not status[1:].startswith(".1."):
        return _C.SYSTEM
    if temporary and cause is _C.UNKNOWN_HOST and "nxdomain" not in f"{said} {about}".lower():
        return _C.NETWORK
    return cause


def is_filter(said: str, about: str, status: str) -> bool:
    """Whether «user unknown» may be a filter's word: said after the whole message, or by a code that says otherwise.

    Mobile carriers answer so to mail that their subscriber does not let in. `said` is the reply, `about` the text.
    """
    if status[1:].startswith(".1.") or not _TERSE.search(said):
        return False
    return bool(_AFTER_BODY.search(about)) or status[1:] in {".3.0", ".2.0"}
