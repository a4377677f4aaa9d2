"""E-mail addresses: reading what people write, one normal form, one key per mailbox."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from sys import intern


class BadAddress(ValueError):
    """The text is not an e-mail address that mail can be sent to; the message says why, in one sentence."""


_PLAIN = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?P<top>[a-z]{2,})")
_RESERVED = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})
_SHORT = 64
"""So short a whole address cannot be too long in any of its parts (RFC 5321 §4.5.3.1.1, RFC 1035 §2.3.4)."""
_PRINTERS = str.maketrans(
    dict.fromkeys("\u2019\u2018\u201b\u02bc\u2032", "'") | dict.fromkeys("\u2010\u2011\u2013\u2212", "-")
)
_ENCODED_WORD = re.compile(r"=\?[^?]+\?[BbQq]\?[^?]*\?=")


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox, validated.

    `local` is NFC and keeps its case; `domain` is lower-case ASCII (A-labels, RFC 5891), which is what the
    envelope and the headers carry; `unicode_domain` is the same domain as people read it.
    """

    local: str
    domain: str
    unicode_domain: str

    @property
    def spec(self) -> str:
        """The address as it goes on the wire: `local@a-label-domain`."""
        return f"{self.local}@{self.domain}"

    @property
    def key(self) -> str:
        """What two spellings of one mailbox have in common: the identity used to merge and to suppress.

        No provider's private rules (dots, `+tag`) are guessed: cutting them would join different people.
        """
        local = self.local
        if local.isascii():  # most are; it comes to the same
            return f"{local.lower()}@{self.domain}"
        return f"{unicodedata.normalize('NFC', local).casefold()}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether a server must offer SMTPUTF8 to take this address (RFC 6531 §3.3)."""
        return not self.local.isascii()

    def __str__(self) -> str:
        return f"{self.local}@{self.unicode_domain}"


def parse_address(text: str) -> Address:
    """Read a bare address such as `a.b@journal.example`; raise `BadAddress` for anything else."""
    # Most are plain, and the library says the same of them: it takes fifty times as long, and is slow to load.
    plain = _PLAIN.fullmatch(text) if len(text) <= _SHORT else None
    if plain and plain["top"] not in _RESERVED:
        return kept_address(text)
    return _parse_any(text)


def _parse_any(text: str) -> Address:
    """As `parse_address`, of any text."""
    if any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in text):
        raise BadAddress("The address holds a control character or a line end.")
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - for the few that are not plain

    try:
        found = validate_email(
            text,
            check_deliverability=False,
            allow_quoted_local=True,
            strict=True,  # local parts of at most 64 octets: RFC 5321 §4.5.3.1.1
        )
    except EmailNotValidError as error:
        raise BadAddress(str(error).rstrip(".") + ".") from None
    if any(sign in found.local_part for sign in "<>@"):
        # Lawful within quotes (RFC 5321 §4.1.2), but it ends an envelope's path or splits an address for many a reader.
        raise BadAddress("There is a «<», «>» or «@» inside quotes before the @-sign, which mail servers mistake.")
    if not found.local_part.isprintable():
        raise BadAddress("There is a character before the @-sign that cannot be seen.")
    if _ENCODED_WORD.search(found.local_part):
        raise BadAddress(
            "What stands before the @-sign is an encoded word (RFC 2047), which mail programs would decode."
        )
    assert found.ascii_domain is not None
    typed = text.rpartition("@")[0]
    # Of «NOC» and some such names the library makes small letters; spelling stays as it was typed, here as above.
    local = typed if typed.lower() == found.local_part else found.local_part
    return Address(local, found.ascii_domain.lower(), found.domain)


def straightened(text: str) -> str:
    """An address with the apostrophes and hyphens of typewriters, which Word turns into those of printers.

    RFC 6531 allows the others too; nobody has them in an address: who types «o'brien» in a mail program has a «'».
    """
    return text if text.isascii() else text.translate(_PRINTERS)


def domain_names(text: str) -> tuple[str, str]:
    """A domain as A-labels, and as people read it; what is no domain, in small letters, as both."""
    try:
        found = parse_address(f"x@{text}")
    except BadAddress:
        return text.lower(), text.lower()
    return found.domain, found.unicode_domain


def is_address(text: str) -> bool:
    """Whether mail can be sent to it."""
    try:
        parse_address(text)
    except BadAddress:
        return False
    return True


def kept_address(spec: str) -> Address:
    """The address behind a `spec` that we validated and stored ourselves: split, not checked again."""
    local, _, domain = spec.rpartition("@")
    if "xn--" not in domain:
        domain = intern(domain)  # many have the same
        return Address(local, domain, domain)
    return parse_address(spec)
