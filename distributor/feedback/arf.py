"""Complaints and authentication failures (ARF: RFC 5965, RFC 6591), and reports on a whole domain."""

from __future__ import annotations

import re

from distributor.feedback.events import Finding, Judgement, Kind
from distributor.feedback.letter import Letter
from distributor.feedback.returned import Returned
from distributor.feedback.wording import header_addresses, tidy

_FIELD = re.compile(r"^([A-Za-z][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_RECIPIENTS = ("original-rcpt-to", "removal-recipient", "original-recipient", "x-original-rcpt-to")
_AUTHENTICATION = frozenset({"auth-failure", "dmarc"})
_OPT_OUTS = frozenset({"opt-out", "opt-out-list"})
_AGGREGATE = re.compile(
    r"^\s*(?:\[[^\]]{1,40}\]\s*)?report[- ]domain:|\bdmarc aggregate report\b|\baggregated? dmarc report", re.IGNORECASE
)
_TLS_REPORT = re.compile(r"tlsrpt|tls-report", re.IGNORECASE)
_HOTMAIL = re.compile(r"@(?:\w+\.)*(?:hotmail|live|outlook|microsoft)\.com$", re.IGNORECASE)


def read_complaint(letter: Letter, returned: Returned) -> tuple[Kind, tuple[Finding, ...]] | None:
    """What a feedback report says, of whom; None when the message is none.

    Providers that hide the address leave an empty one: the message that came back tells whose it was. Outlook.com's
    older reports have no machine-readable part: they come from its complaint desk and carry the message.
    """
    part = letter.first("message/feedback-report")
    fields = _fields(part.text) if part else {}
    if part is None and letter.header("X-HmXmrOriginalRecipient"):
        fields = {"feedback-type": ["abuse"], "original-rcpt-to": [letter.header("X-HmXmrOriginalRecipient")]}
    elif part is None and letter.header("Feedback-Type"):
        fields = {"feedback-type": [letter.header("Feedback-Type")]}
    if not fields:
        inline = next(
            (one for one in letter.parts if re.search(r"^Feedback-Type:", one.text, re.MULTILINE | re.IGNORECASE)), None
        )
        if inline is None:
            return _by_complaint_desk(letter, returned)
        fields = _fields(inline.text)
    kind = (fields.get("feedback-type") or ["abuse"])[0].strip().lower() or "abuse"
    is_authentication = kind in _AUTHENTICATION or "auth-failure" in fields
    kind = "auth-failure" if is_authentication else "opt-out" if kind in _OPT_OUTS else kind
    addresses = [tidy(value) for name in _RECIPIENTS for value in fields.get(name, [])]
    addresses = list(dict.fromkeys(filter(None, addresses))) or returned.recipients()
    return (
        Kind.AUTHENTICATION_REPORT if is_authentication else Kind.COMPLAINT,
        _findings(addresses, f"feedback:{kind}", part.kind if part else "header"),
    )


def is_domain_report(letter: Letter) -> bool:
    """Whether it is a report on a whole domain (DMARC aggregate, RFC 7489 §7.2; SMTP TLS, RFC 8460)."""
    if _AGGREGATE.search(letter.header("Subject")) or letter.header("TLS-Report-Domain"):
        return True
    content_type = letter.raw("Content-Type")[:500]
    return bool(_TLS_REPORT.search(content_type)) or any(_TLS_REPORT.search(part.kind) for part in letter.parts)


def _by_complaint_desk(letter: Letter, returned: Returned) -> tuple[Kind, tuple[Finding, ...]] | None:
    sender = (header_addresses(letter.header("From")) or [""])[0]
    local = sender.partition("@")[0].lower()
    subject = letter.header("Subject").lower()
    is_desk = (
        local in {"staff", "complaints", "fbl", "feedbackloop", "scomp"} or local.startswith(("fbl", "feedback"))
    ) and ("complaint" in subject or "abuse" in subject or (_HOTMAIL.search(sender) and bool(returned.text)))
    if not is_desk:
        return None
    return Kind.COMPLAINT, _findings(returned.recipients(), "feedback:abuse", "message/rfc822")


def _findings(addresses: list[str], reason: str, evidence: str) -> tuple[Finding, ...]:
    return tuple(
        Finding(address, Judgement.FEEDBACK, "", reason, False, evidence, final=False) for address in addresses or [""]
    )


def _fields(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for match in _FIELD.finditer(text[:50_000]):
        found.setdefault(match[1].lower(), []).append(" ".join(match[2].split()))
    return found
