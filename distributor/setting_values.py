"""The kinds of value that a setting may have, each read from its text; `ValueError` for what is none of its kind."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from distributor.addresses import Address, parse_address

_HOST = re.compile(r"[\w.-]+")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SELECTOR = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_SELECTOR_LENGTH = 100
_DOMAIN_LIMIT = re.compile(r"(\S+)\s+(\d{1,9})(?:\s*/\s*(second|minute|hour|day)|\s+(at once))")


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that never shows itself: not in logs, not in `repr`, not in reports."""

    _value: str = ""

    def reveal(self) -> str:
        """The value, for the one place that needs it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(set)" if self._value else "Secret(empty)"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name (or "") and an address."""

    name: str
    address: Address

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else str(self.address)


def integer(low: int, high: int) -> Callable[[str], int]:
    """The reader of whole numbers from `low` to `high`."""

    def parse(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(text)
        return number

    return parse


def yes_or_no(text: str) -> bool:
    """Read one of the two words, however written."""
    if text.lower() not in {"yes", "no"}:
        raise ValueError(text)
    return text.lower() == "yes"


def positive(text: str) -> float:
    """Read a number above 0 and below 10,000."""
    number = float(text)
    if not 0 < number < 10_000:
        raise ValueError(text)
    return number


def seconds(text: str) -> float:
    """Read a time of an hour at most, 0 included."""
    number = float(text)
    if not 0 <= number <= 3600:
        raise ValueError(text)
    return number


def minutes(text: str) -> tuple[float, ...]:
    """Read times in a row, with commas between them, each as `positive`."""
    return tuple(positive(part) for part in text.split(","))


def mailbox(text: str) -> Mailbox:
    """Read `Name <address>`: the name may hold commas and full stops without quotes; headers quote it themselves."""
    if not text.isprintable():
        raise ValueError(text)
    if not text.endswith(">"):
        return Mailbox("", address(text))
    name, _, spec = text[:-1].rpartition("<")
    return Mailbox(name.strip().strip('"').strip(), address(spec.strip()))


def address(text: str) -> Address:
    """Read an address of our own: accents before its @ would ask SMTPUTF8 (RFC 6531) of every journalist's server."""
    found = parse_address(text)
    if found.needs_smtputf8:
        raise ValueError(text)
    return found


def domain(text: str) -> str:
    """Read a domain of our own, as A-labels."""
    return parse_address(f"x@{text}").domain


def domain_limits(text: str) -> Mapping[str, Mapping[str, int]]:
    """Read what domains may be sent, as `orange.fr 10/minute, orange.fr 2 at once`: domain → name of a limit → number.

    A domain, as A-labels, may be named several times, and each limit of it once.
    """
    found: dict[str, dict[str, int]] = {}
    for part in text.split(","):
        limit = _DOMAIN_LIMIT.fullmatch(part.strip())
        if limit is None or int(limit[2]) < 1:
            raise ValueError(text)
        own, name = found.setdefault(domain(limit[1]), {}), f"per_{limit[3]}" if limit[3] else "connections"
        if name in own:
            raise ValueError(text)
        own[name] = int(limit[2])
    return found


def is_selector(text: str) -> bool:
    """Whether `text` can name a DKIM key: labels of small letters, figures and hyphens (RFC 6376 §3.1)."""
    return len(text) <= _SELECTOR_LENGTH and _SELECTOR.fullmatch(text) is not None


def selectors(text: str) -> tuple[str, ...]:
    """Read names of DKIM keys, with commas between them, none twice."""
    names = tuple(part.strip() for part in text.split(","))
    if not all(map(is_selector, names)) or len(set(names)) != len(names):
        raise ValueError(text)
    return names


def tenant(text: str) -> str:
    """Read what stands in an address of Microsoft's for the directory: a number, a domain, or «organizations»."""
    if not re.fullmatch(r"[A-Za-z0-9.-]{1,253}", text):
        raise ValueError(text)
    return text


def inner_path(text: str) -> str:
    """Read the name of one file in the workspace, as `inner_paths`."""
    (path,) = inner_paths(text)
    return path


def inner_paths(text: str) -> tuple[str, ...]:
    """Read the names of files in the workspace: a frozen dispatch names them, whatever machine carries it."""
    paths = [PurePosixPath(part.strip()) for part in text.split(",")]
    if any(path.is_absolute() or not path.name or ".." in path.parts for path in paths) or not text.isprintable():
        raise ValueError(text)
    return tuple(map(str, paths))


def host(text: str) -> str:
    """Read a server's name, or its IP address with or without brackets (RFC 1123 §2.1: labels of 1 to 63 octets)."""
    try:
        ipaddress.ip_address(text[1:-1] if text.startswith("[") and text.endswith("]") else text)
    except ValueError:
        # As the resolver will encode it: a label that is empty or too long raises UnicodeError there.
        if not _HOST.fullmatch(text) or len(text.encode("idna")) > 253:
            raise
    return text


def https_url(text: str) -> str:
    """Read an https address without query and fragment; a slash at its end is left out."""
    parts = urlsplit(text)
    _ = parts.port  # raises ValueError for what is no port
    if parts.scheme != "https" or not parts.hostname or not text.isascii() or any(c in text for c in ' <>"?#'):
        raise ValueError(text)
    return text.rstrip("/")


def long_enough(text: str) -> str:
    """Read a key: 32 characters at least. The error does not quote it."""
    if len(text) < 32:
        raise ValueError
    return text


def keys(text: str) -> tuple[Secret, ...]:
    """Read keys, with commas between them, each as `long_enough`, none twice."""
    found = [long_enough(part.strip()) for part in text.split(",")]
    if len(set(found)) != len(found):
        raise ValueError
    return tuple(map(Secret, found))


def zone(text: str) -> ZoneInfo:
    """Read a time zone; raises `ZoneInfoNotFoundError`, or `OSError` for a folder of them, such as Europe."""
    return ZoneInfo(text)


def language(text: str) -> str:
    """Read a language's code of two letters; the code in small ones."""
    if not (len(text) == 2 and text.isascii() and text.isalpha()):
        raise ValueError(text)
    return text.lower()
