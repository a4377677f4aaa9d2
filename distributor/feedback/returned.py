"""The message that came back within another: attached, or copied under the text of a report."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from distributor.feedback.wording import header_addresses

_HEADER = re.compile(r"^(?:>[ \t]?)?([A-Za-z][A-Za-z0-9-]{1,60}):(?:[ \t]*(.*))?$")
_KNOWN = frozenset(
    [
        "received",
        "return-path",
        "message-id",
        "from",
        "to",
        "cc",
        "subject",
        "date",
        "mime-version",
        "content-type",
        "reply-to",
        "sender",
        "delivered-to",
        "x-mailer",
        "content-transfer-encoding",
        "references",
        "in-reply-to",
        "dkim-signature",
        "domainkey-signature",
        "user-agent",
        "errors-to",
        "precedence",
        "list-id",
        "thread-index",
        "envelope-to",
        "x-originating-ip",
        "authentication-results",
        "x-received",
        "arc-seal",
        "importance",
        "organization",
        "x-sender",
    ]
)
_MARK = re.compile(
    r"^[ \t>*=_#-]*(?:(?:below |under |after )?(?:this|here|below|attached|following|included) (?:line )?(?:is|are"
    r"|follows)\b.{0,40}(?:copy|header|message|original)"
    r"|(?:the |your |-)*(?:original|returned|unsent|undelivered|source|rejected|failed|bounced"
    r"|first \d+ lines of) ?(?:your )?(?:original )?(?:message|mail|e-?mail|text)(?: text| header\w*)?"
    r"(?: (?:information|details?|was|is|begins?|starts?|below|attached|text|follows?|headers?|in part|removed"
    r"|on next line))* ?:?[ \t]*(?:[-=*_.#]+[ \t]*|\.)?$"
    r"|(?:message|mail) (?:headers?|text|body) follows|start of returned message|(?:the )?headers? (?:of|and"
    r"|from)\b.{0,30}(?:message|mail)"
    r"|your (?:message|mail) (?:reads|was|text|follows|began)\b.{0,30}:|unsent message|returned (?:mail"
    r"|message)( follows| text| headers)?[ \t]*-*$"
    r"|le message (?:d'origine|original|initial)|message d['’]origine|(?:voici|ci-dessous).{0,40}(?:copie|message"
    r"|en-t[êe]tes)"
    r"|message contents|copy of (?:the|your) message|---+ ?forwarded|--- message headers|reporting-mta:)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Returned:
    """The message that came back: its headers (names in small letters) and its text, empty where nothing did."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    text: str = ""

    def get(self, name: str) -> str:
        """The first field of that name, or ""."""
        return (self.fields.get(name) or [""])[0]

    def recipients(self) -> list[str]:
        """Whom it was sent to: what delivery wrote down, else To."""
        for name in ("x-original-to", "envelope-to", "x-actual-recipient", "original-recipient", "x-failed-recipients"):
            found = header_addresses(*self.fields.get(name, []))
            if found:
                return found
        found = header_addresses(*self.fields.get("to", []), *self.fields.get("apparently-to", []))
        return list(dict.fromkeys(found)) or header_addresses(*self.fields.get("delivered-to", []))

    def senders(self) -> list[str]:
        """Who sent it: us."""
        names = (
            "from",
            "return-path",
            "reply-to",
            "sender",
            "errors-to",
            "list-unsubscribe",
            "x-sender",
            "resent-from",
        )
        return header_addresses(*(value for name in names for value in self.fields.get(name, [])))


def split(text: str) -> tuple[str, str]:
    """A report's text as what it says, and the copy of the message under it ("" where there is none).

    A copy begins at a line that announces it, or where three headers that every message has follow one another.
    """
    lines = text.split("\n")
    for number, line in enumerate(lines):
        known, seen, ahead = 0, 0, number
        if _is_known(line):
            while ahead < len(lines) and seen < 40:
                here = lines[ahead]
                if _is_known(here):
                    known += 1
                elif not (here[:1] in (" ", "\t", ">") and here.strip()) and not _HEADER.match(here):
                    break
                ahead, seen = ahead + 1, seen + 1
            if known >= 3:
                return "\n".join(lines[:number]), "\n".join(lines[number:])
        elif len(line) < 200 and number and _MARK.match(line):
            rest = "\n".join(lines[number + 1 :])
            if _looks_like_headers(lines[number + 1 : number + 12]) or not _goes_on(lines[number + 1 :]):
                return "\n".join(lines[:number]), rest
    return text, ""


def _looks_like_headers(lines: list[str]) -> bool:
    return sum(_is_known(line) for line in lines) >= 1


def _goes_on(lines: list[str]) -> bool:
    """Whether the report itself goes on after a line that seemed to announce a copy."""
    return any("@" in line or re.match(r"^\s*[45]\d\d[ -]", line) for line in lines[:400])


def _is_known(line: str) -> bool:
    found = _HEADER.match(line)
    return found is not None and found[1].lower() in _KNOWN


def read_returned(text: str) -> Returned:
    """Read the headers at the head of a returned message."""
    fields: dict[str, list[str]] = {}
    name = ""
    lines = text.split("\n")[:2000]
    for written in lines:
        line = written
        if written.startswith(">"):
            line = "" if written.startswith(">From ") else written[1:].removeprefix(" ")
        found = _HEADER.match(line)
        if found:
            name = found[1].lower()
            fields.setdefault(name, []).append((found[2] or "").strip())
        elif line[:1] in (" ", "\t") and line.strip() and name:
            fields[name][-1] += " " + line.strip()
        elif not line.strip():
            if len(fields) >= 2:
                break
        elif not fields:
            continue
        else:
            name = ""
    return Returned(fields, text)
