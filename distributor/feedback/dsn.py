"""Delivery status notifications: RFC 3464, its internationalised form RFC 6533, and what servers make of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from distributor.feedback.causes import by_status, cause_of, is_dead, settled
from distributor.feedback.events import Cause, Finding, Judgement, reason_class
from distributor.feedback.letter import Letter
from distributor.feedback.wording import reply_in, said_of, status_in, tidy

_FIELD = re.compile(r"^[ \t]{0,4}(?:>[ \t]?)?([A-Za-z][A-Za-z0-9-]{2,40})[ \t]*:[ \t]*(.*)$")
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_STARTS = frozenset({"final-recipient", "original-recipient", "x-actual-recipient"})
_PER_MESSAGE = frozenset({"reporting-mta", "original-envelope-id", "arrival-date", "received-from-mta", "dsn-gateway"})
_MAX_GROUPS = 200
DELIVERED = frozenset({"delivered", "relayed", "expanded"})


@dataclass(slots=True)
class _Group:
    """The fields of one recipient, names in small letters; the first of each name counts."""

    fields: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return self.fields.get(name, "")


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What a delivery status says: of each recipient its finding and action, and the message's envelope id."""

    findings: tuple[Finding, ...]
    actions: tuple[str, ...]
    envelope_id: str = ""


def read_status(letter: Letter, spoken: str) -> StatusReport | None:
    """The delivery status in a message, or None if there is none; `spoken` is the human part.

    Servers put it into parts of other types, split it over several, and leave blank lines where none belong: whatever
    has a field of a recipient begins a recipient.
    """
    text, evidence = _status_text(letter)
    if not text:
        return None
    message_fields, groups = _groups(text)
    findings: list[Finding] = []
    actions: list[str] = []
    seen: set[str] = set()
    for group in groups[:_MAX_GROUPS]:
        found = _finding(group, spoken, evidence)
        if found is None or found.address.casefold() in seen:
            continue
        seen.add(found.address.casefold())
        findings.append(found)
        actions.append(_action(group))
    return StatusReport(tuple(findings), tuple(actions), xtext_undone(message_fields.get("original-envelope-id")))


def _status_text(letter: Letter) -> tuple[str, str]:
    reports = [part for part in letter.parts if part.kind.endswith("delivery-status")]
    if reports:
        return "\n\n".join(part.text for part in reports), reports[0].kind
    for part in letter.parts:
        low = part.text.lower()
        if "final-recipient:" in low and ("action:" in low or "status:" in low):
            return part.text, part.kind
    return "", ""


def _groups(text: str) -> tuple[_Group, list[_Group]]:
    message, current = _Group(), _Group()
    groups: list[_Group] = []
    target = message
    for name, value in _fields(text):
        if name in _STARTS and (
            target is message
            or name in current.fields
            or ("final-recipient" in current.fields and "status" in current.fields)
        ):
            current = _Group()
            groups.append(current)
            target = current
        elif name in _PER_MESSAGE:
            message.fields.setdefault(name, value)
            continue
        target.fields.setdefault(name, value)
    return message, groups


def _fields(text: str) -> Iterator[tuple[str, str]]:
    name = ""
    lines: list[str] = []
    for line in text.split("\n"):
        found = _FIELD.match(line)
        if found and not (line[:1] in " \t" and name and found[1].lower() not in _STARTS):
            if name:
                yield name, " ".join(lines)
            name, lines = found[1].lower(), [found[2].strip()]
        elif (line[:1] in " \t" and line.strip() and name) or (line.strip() and name == "diagnostic-code"):
            lines.append(line.strip())
        elif not line.strip() and name:
            yield name, " ".join(lines)
            name, lines = "", []
    if name:
        yield name, " ".join(lines)


def _finding(group: _Group, spoken: str, evidence: str) -> Finding | None:
    original, final = (recipient(group.get(name)) for name in ("original-recipient", "final-recipient"))
    actual = recipient(group.get("x-actual-recipient"))
    address = original or final or actual
    if not address and not group.get("final-recipient"):
        return None
    action = _action(group)
    said = group.get("diagnostic-code") or group.get("x-supplementary-info") or group.get("x-notes-error")
    about = said_of(address, spoken) if address else ""
    status = _status(group.get("status"), said, about)
    if action in DELIVERED:
        return Finding(address, Judgement.NOT_A_BOUNCE, status, action, False, evidence, said=said, final=False)
    cause = next(
        (
            cause
            for words in (said if _says_something(said) else "", about, spoken)
            if words and (cause := cause_of(words, status, address)) is not Cause.OTHER
        ),
        by_status(status),
    )
    temporary = _is_temporary(status, action, said)
    cause = settled(cause, _without_type(said), about, status, temporary=temporary)
    return Finding(
        address,
        Judgement.TEMPORARY if temporary else Judgement.PERMANENT,
        status,
        reason_class(cause),
        is_dead(cause),
        evidence,
        cause,
        final=action != "delayed",
        said=_without_type(said),
        other_address=final if final and final.casefold() != address.casefold() else "",
    )


def recipient(value: str) -> str:
    """The address in a recipient field: its type taken off, xtext and `\\x{…}` undone (RFC 3461 §4, RFC 6533 §3)."""
    kind, mark, rest = value.partition(";")
    text = rest if mark else kind
    text = text.strip()
    if kind.strip().lower().startswith("utf-8"):
        text = _ESCAPED.sub(_character, text)
    if "+40" in text and "@" not in text:
        text = xtext_undone(text)
    elif mark:  # «lea+2Bpresse@»: a server that hands ORCPT on as it was written
        text = text.replace("+2B", "+").replace("+3D", "=")
    return tidy(text.split(" (")[0])


def xtext_undone(text: str) -> str:
    """What stands in xtext (RFC 3461 §4), which some servers hand on as they were given it."""
    return _XTEXT.sub(lambda found: chr(int(found[1], 16)), text)


def _character(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\N{REPLACEMENT CHARACTER}"


def _action(group: _Group) -> str:
    word = group.get("action").lower().split("(")[0].strip(" .;")
    return {"failure": "failed", "error": "failed", "deferred": "delayed", "delay": "delayed"}.get(word, word)


def _status(written: str, said: str, about: str) -> str:
    """The server's own code goes before what the reporting MTA made of it, where they agree on how long it lasts."""
    found = _STATUS.search(written)
    status = found[0] if found else ""
    spoken = next((one for one in (status_in(said), status_in(about)) if one and not one.endswith(".0.0")), "")
    return spoken if spoken and (not status or spoken[0] == status[0]) else status


def _is_temporary(status: str, action: str, said: str) -> bool:
    if action == "delayed":
        return True
    if status:
        return status.startswith("4")
    code = reply_in(said)
    return code is not None and code < 500


def _says_something(said: str) -> bool:
    return len(re.sub(r"[\W\d_]+", "", _without_type(said))) > 6


def _without_type(said: str) -> str:
    return re.sub(r"^\s*(?:smtp|x-[\w-]+|unknown|x400|dns)\s*;\s*", "", said, flags=re.IGNORECASE)
