"""Addresses and status codes as they stand in the text of a report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import getaddresses

from distributor.addresses import BadAddress, parse_address

_ATOM = r"[^\s<>()\[\],;:\"@\\（）【】「」『』《》〈〉，、；：。“”„«»]"
# Every pattern begins where a run begins and is possessive, so that time grows with the length only.
ADDRESS = rf"(?:(?<![^\s<>()\[\],;:\"'=«»])\"[^\"\n]{{1,80}}\"|{_ATOM}++)@(?:[\w-]++(?:\.[\w-]++)*+|\[[\d.]{{7,15}}\])"
_FOUND = re.compile(rf"(?<![^\s<>()\[\],;:\"'=«»*`|/]){ADDRESS}")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d]|\.\d)")
_REPLY = re.compile(r"(?<![\d.\w-])([45]\d\d)(?=[\s:;,>]|-(?!\d\d)|$)")

_MAX_FIELD = 4_000
_MAX_FIELDS = 20
_DIALOGUE = re.compile(r"\s*(?:>>>|<<<|[45]\d\d)|.{0,80}\bMAIL FROM:", re.IGNORECASE)

DAEMONS = frozenset(
    [
        "mailer-daemon",
        "mailerdaemon",
        "mail-daemon",
        "maildaemon",
        "daemon",
        "mdaemon",
        "postmaster",
        "mailer",
        "mailsystem",
        "mailadmin",
        "postoffice",
        "post_master",
        "mail-deamon",
        "mailer_daemon",
        "mail_daemon",
        "microsoftexchange",
        "symantec_antivirus",
        "bounces-noreply",
        "mailer-daemon@",
    ]
)
"""What stands before the @ when a machine writes."""


def addresses_in(text: str) -> Iterator[re.Match[str]]:
    """Every address in a text, where it stands; links are none."""
    return (found for found in _FOUND.finditer(text) if "/" not in found[0].split("@")[0][:8])


def tidy(text: str) -> str:
    """An address as a report writes it, without its brackets and marks; "" for what is none."""
    text = text.strip().strip("\"'`“”«»‘’()[]*,;:|<> \t")
    text = re.sub(r"^(?:smtp|mailto|rfc822|rfc-822|imceaex-[^@]*)\s*[:;]\s*", "", text, flags=re.IGNORECASE)
    text = text.strip("<>\"' ").rstrip(".")
    local, at, domain = text.rpartition("@")
    if not (at and local and domain) or any(char.isspace() for char in domain) or len(text) > 320:
        return ""
    if local.startswith('"') and local.endswith('"') and re.fullmatch(r"[\w.+=-]+", local[1:-1]):
        local = local[1:-1]
    return "" if any(char in "<>" or char.isspace() for char in local.strip('"')) else f"{local}@{domain}"


def header_addresses(*values: str) -> list[str]:
    """The addresses of header fields, without names."""
    try:
        pairs = getaddresses([value[:_MAX_FIELD] for value in values[:_MAX_FIELDS] if value], strict=False)
    except (TypeError, ValueError, RecursionError):
        pairs = []
    found = [tidy(address) for _, address in pairs]
    return [one for one in found if one] or [
        tidy(one[0]) for value in values[:_MAX_FIELDS] for one in addresses_in(value[:_MAX_FIELD])
    ]


def same(address: str) -> str:
    """What two spellings of one address have in common; an address that is none has its own spelling."""
    try:
        return parse_address(address).key
    except BadAddress:
        return address.casefold()


def is_daemon(address: str) -> bool:
    """Whether a machine writes under this address."""
    local = address.partition("@")[0].casefold()
    return local in DAEMONS or local.startswith(("mailer-daemon", "postmaster", "mail.delivery", "mail-delivery"))


def said_of(address: str, text: str) -> str:
    """The lines about an address: from one that names it to the next that names another, or a few lines on."""
    kept: list[str] = []
    low = address.casefold()
    left = 0
    for line in text.split("\n")[:5_000]:
        if low in line.casefold():
            left = 8
            kept.append(line)
        elif left:
            if "@" in line and not _DIALOGUE.match(line) and next(addresses_in(line), None):
                left = 0
                continue
            if not line.strip() and _says_something(kept, low):
                left = 0
                continue
            kept.append(line)
            left -= 1
    return " ".join(" ".join(kept).split())[:3_000]


def _says_something(lines: list[str], address: str) -> bool:
    return len(re.sub(r"[\W\d_]+", "", "".join(lines).casefold().replace(address, ""))) > 12


def status_in(text: str) -> str:
    """The most telling RFC 3463 code in a text: one with a detail goes before «x.0.0»; or ""."""
    found = [one for one in _STATUS.findall(text) if one[0] in "45"]
    return next((one for one in found if not one.endswith(".0.0")), found[0] if found else "")


def reply_in(text: str) -> int | None:
    """The SMTP reply code in a text, or None."""
    found = _REPLY.search(text)
    return int(found[1]) if found else None
