"""What a message is: every reader in turn, the most certain first."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field, replace
from email.message import Message

from distributor.decoding import CONTROLS
from distributor.feedback import absences, arf, departures, dsn, machines, nonstandard, objecting
from distributor.feedback.events import Absence, Finding, Judgement, Kind, Reading
from distributor.feedback.letter import Letter, inner_letter, read_letter
from distributor.feedback.returned import Returned, read_returned, split
from distributor.feedback.wording import header_addresses

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,400}>")
_MAX_FOR_OTHERS = 60_000
_LINES_FOR_OTHERS = 2_000
_BOUNDARIES_FOR_OTHERS = 200
_MAX_WORDS = 2_000
_WRITTEN = frozenset(
    {
        Kind.OBJECTION, Kind.REPLY, Kind.OTHER, Kind.DEPARTURE, Kind.OUT_OF_OFFICE, Kind.AUTO_REPLY, Kind.CHALLENGE,
    }
)  # fmt: skip
"""What a person wrote, or had a machine write, and no mail server."""


def read_message(raw: bytes) -> Reading:
    """Read one raw message, whatever it is; never raises, in time that grows with its length only."""
    letter = _forwarded(read_letter(raw))
    said, copied = split(letter.text)
    returned = read_returned(letter.returned or copied)
    kind, findings, more = _judge(letter, said, returned, raw)
    sender = (header_addresses(letter.header("From")) or [""])[0]
    return Reading(
        kind=kind,
        findings=findings,
        sender=sender,
        subject=letter.header("Subject")[:500],
        words=_shown(objecting.own_words(said)) if kind in _WRITTEN else "",
        plain=more.plain,
        absence=more.absence,
        message_ids=_message_ids(letter, returned, kind),
        envelope_ids=(more.envelope_id,) if more.envelope_id else (),
        sent_to=_sent_to(letter),
        trouble=letter.trouble,
    )


def _shown(words: str) -> str:
    """A stranger's words as they may be kept and shown: not endless, and nothing that steers what shows them."""
    return CONTROLS.sub("", words.encode("utf-8", "replace").decode())[:_MAX_WORDS].strip()


def _forwarded(letter: Letter) -> Letter:
    """The report that somebody forwarded as an attachment, with or without a word; else the letter itself.

    A gateway that sets its notice of confidentiality under everything wraps a report too, under the report's subject.
    """
    if letter.nested is None or letter.first("message/delivery-status") is not None:
        return letter
    inner = inner_letter(letter)
    is_report = inner is not None and inner.first("message/delivery-status", "message/feedback-report") is not None
    is_handed_on = inner is not None and (
        not nonstandard.is_machine(letter) or letter.header("Subject") == inner.header("Subject")
    )
    return inner if inner is not None and (not letter.text.strip() or (is_report and is_handed_on)) else letter


@dataclass(frozen=True, slots=True)
class _More:
    """What only some kinds have."""

    plain: bool = False
    absence: Absence = field(default_factory=Absence)
    envelope_id: str = ""


_NOTHING = _More()
_Judged = tuple[Kind, tuple[Finding, ...], _More]


def _judge(letter: Letter, said: str, returned: Returned, raw: bytes) -> _Judged:  # noqa: PLR0911 - one per reader
    complaint = arf.read_complaint(letter, returned)
    if complaint is not None:
        return *complaint, _NOTHING
    if arf.is_domain_report(letter):
        return Kind.DOMAIN_REPORT, (), _NOTHING
    if machines.is_receipt(letter) and not machines.says_rejected(said):
        return Kind.RECEIPT, (), _NOTHING
    report = dsn.read_status(letter, said)
    if report is not None and report.findings:
        return (
            _report_kind(report.findings),
            _completed(report.findings, letter, said, returned),
            _More(envelope_id=report.envelope_id),
        )
    if machines.is_automatic(letter) and not _may_be_servers(letter):
        return _automatic(letter, said)
    others = _others(raw) if nonstandard.is_machine(letter) or nonstandard.may_be_bounce(letter, said) else {}
    if report is not None or nonstandard.looks_like_bounce(letter, said, others):
        findings = nonstandard.read_bounce(letter, said, returned, others)
        return _report_kind(findings), findings, _More(envelope_id=report.envelope_id if report else "")
    if machines.is_automatic(letter):
        return _automatic(letter, said)
    judged = _from_a_person(letter, said)
    if judged[0] in {Kind.REPLY, Kind.OTHER} and nonstandard.is_machine(letter):
        return _automatic(letter, said)  # nobody's own mail has an empty return path (RFC 3834 §3.3)
    return judged


def _may_be_servers(letter: Letter) -> bool:
    """Whether an automatic message may be a mail server's, not an answering machine's: both may have no return path."""
    if nonstandard.has_daemons_name(letter) or letter.raw("X-Failed-Recipients"):
        return True
    return nonstandard.has_bounce_subject(letter) and not machines.says_automatic(letter)


def _report_kind(findings: tuple[Finding, ...]) -> Kind:
    if all(one.judgement is Judgement.NOT_A_BOUNCE for one in findings):
        return Kind.DELIVERED
    return (
        Kind.BOUNCE
        if any(one.final and one.judgement is not Judgement.NOT_A_BOUNCE for one in findings)
        else Kind.DELAY
    )


def _completed(findings: tuple[Finding, ...], letter: Letter, said: str, returned: Returned) -> tuple[Finding, ...]:
    """Fill in the address that a report left out or spoilt, where the rest of the message leaves no doubt."""
    if all(one.address for one in findings):
        return findings
    known = [one for one in findings if one.address]
    if known:
        return tuple(known)
    named = nonstandard.read_bounce(letter, said, returned, {})
    if len(findings) == 1 and len(named) >= 1:
        return tuple(replace(findings[0], address=one.address) for one in named)
    return findings


def _automatic(letter: Letter, said: str) -> _Judged:
    subject = letter.header("Subject")
    sender = (header_addresses(letter.header("From")) or [""])[0]
    finding = (Finding(sender, Judgement.NOT_A_BOUNCE, "", "auto-reply", False, "header", final=False),)
    if departures.says_gone(subject, said):
        return Kind.DEPARTURE, finding, _More(absence=absences.read_absence(said, letter.header("Date")))
    if machines.is_challenge(f"{subject}\n{said}"):
        return Kind.CHALLENGE, finding, _NOTHING
    if machines.says_away(subject, said):
        away = absences.read_absence(said, letter.header("Date"), subject)
        return Kind.OUT_OF_OFFICE, finding, _More(absence=away)
    return Kind.AUTO_REPLY, finding, _NOTHING


def _from_a_person(letter: Letter, said: str) -> _Judged:
    subject = letter.header("Subject")
    own_words = objecting.own_words(said)
    if machines.is_challenge(f"{subject}\n{own_words}"):
        return Kind.CHALLENGE, (), _NOTHING
    objection = objecting.read_objection(subject, own_words)
    if objection is not None:
        return Kind.OBJECTION, (), _More(plain=objection.plain)
    if departures.says_gone(subject, own_words, by_machine=False):
        return Kind.DEPARTURE, (), _More(absence=absences.read_absence(own_words, letter.header("Date")))
    is_answer = bool(letter.raw("In-Reply-To") or letter.raw("References")) or bool(
        re.match(r"\s*(?:re|ré|rép|aw|sv|antw)\s*:", subject, re.IGNORECASE)
    )
    return (Kind.REPLY if is_answer else Kind.OTHER), (), _NOTHING


def _others(raw: bytes) -> dict[str, bool]:
    """What flufl.bounce finds, and whether it would be tried again: it knows servers long gone, some of which send."""
    import email  # noqa: PLC0415
    from email.policy import compat32  # noqa: PLC0415

    data = raw[:_MAX_FOR_OTHERS].replace(b"\r\n", b"\n")
    data = b"\n".join(data.split(b"\n", _LINES_FOR_OTHERS)[:_LINES_FOR_OTHERS])
    if data.count(b"\n--") > _BOUNDARIES_FOR_OTHERS:
        return {}
    logging.getLogger("flufl.bounce").disabled = True  # it prints a traceback for what it cannot read
    from flufl.bounce import all_failures  # noqa: PLC0415 - a tenth of a second that most messages do not need

    try:
        message: Message = email.message_from_bytes(data, policy=compat32)
        temporary, permanent = all_failures(message)
    except Exception:  # noqa: BLE001 - a stranger's parser on a stranger's message
        return {}
    found = [(one, False) for one in sorted(permanent)] + [(one, True) for one in sorted(temporary - permanent)]
    named = {(one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one)): later for one, later in found}
    return {one: later for one, later in named.items() if "@" in one}


def _message_ids(letter: Letter, returned: Returned, kind: Kind) -> tuple[str, ...]:
    """The message it is about: what came back with it; for an answer, what it answers."""
    values = [*returned.fields.get("message-id", []), *returned.fields.get("x-original-message-id", [])]
    values.append(letter.raw("Original-Message-ID"))
    if kind not in {Kind.BOUNCE, Kind.DELAY} or not any(values):
        values += [letter.raw("In-Reply-To"), letter.raw("References")]
    return tuple(dict.fromkeys(one for value in values for one in _MESSAGE_ID.findall(value[:20_000])[-20:]))[:40]


def _sent_to(letter: Letter) -> tuple[str, ...]:
    names = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Resent-To", "Cc")
    return tuple(dict.fromkeys(header_addresses(*letter.all(*names)[:60])))[:40]
