"""What is asked of a server that offers DSN (RFC 3461): which failures to tell, and by which names to tell them."""

from __future__ import annotations

import re

_LONGEST_ENVELOPE_ID = 100
_LONGEST_RECIPIENT = 500
_NOT_XTEXT = re.compile(rb"[^!-*,-<>-~]")
_NOT_IN_UTF8_ADDRESS = re.compile(r"[^!-*,-<>-\[\]-~]")


def mail_options(envelope_id: str) -> bytes:
    """What follows MAIL: a report brings back the headers only, and names the message by `envelope_id` ("": not)."""
    named = _xtext(envelope_id.encode("ascii", "replace"))
    return b" RET=HDRS" + (b" ENVID=" + named if 0 < len(named) <= _LONGEST_ENVELOPE_ID else b"")


def recipient_options(recipient: str) -> bytes:
    """What follows RCPT: failures and delays are told, with the address as we wrote it, wherever it was forwarded."""
    if recipient.isascii():
        original = b"rfc822;" + _xtext(recipient.encode("ascii"))
    else:  # RFC 6533 §3, in the form that any server takes
        escaped = _NOT_IN_UTF8_ADDRESS.sub(lambda found: f"\\x{{{ord(found[0]):02X}}}", recipient)
        original = b"utf-8;" + escaped.encode("ascii")
    named = b" ORCPT=" + original if len(original) <= _LONGEST_RECIPIENT else b""
    return b" NOTIFY=FAILURE,DELAY" + named


def _xtext(text: bytes) -> bytes:
    """Printable ASCII without blanks, «+» and «=»; whatever else as «+» and two figures (RFC 3461 §4)."""
    return _NOT_XTEXT.sub(lambda found: b"+%02X" % found[0][0], text)
