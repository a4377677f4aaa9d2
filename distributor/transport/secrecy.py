"""What is secret in a log-in, taken out of the words of a server that repeats it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable

HIDDEN = "(hidden)"

_ENCODED = re.compile(r"[A-Za-z0-9+/=]{8,}")
_BETWEEN = re.compile(r"[\0\x01]|Bearer ")
_SHORTEST = 3
"""What is shorter, and stands in every sentence, is nobody's secret."""


def revealed_by(words: Iterable[bytes]) -> frozenset[str]:
    """The secrets in words of an AUTH exchange: themselves, and what their base64 ends with (RFC 4616, XOAUTH2).

    Before it comes the user's name, which is none.
    """
    found = set()
    for word in words:
        found.add(word.decode("utf-8", "replace"))
        try:
            decoded = base64.b64decode(word, validate=True).decode("utf-8", "replace")
        except binascii.Error:
            continue
        found.update(list(filter(None, _BETWEEN.split(decoded)))[-1:])
    return frozenset(secret for secret in found if len(secret) >= _SHORTEST)


def told_at_login(username: str, secret: str) -> list[str]:
    """What a server may repeat of a log-in: password or token, as it is and as it goes over.

    By itself (AUTH LOGIN), or in one piece with the user's name (RFC 4616, XOAUTH2).
    """
    pieces = (secret, f"\0{username}\0{secret}", f"user={username}\1auth=Bearer {secret}\1\1")
    return [secret, *(base64.b64encode(piece.encode()).decode() for piece in pieces)]


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """`text` without these secrets, and without pieces of them as they were encoded."""
    known = sorted(filter(None, secrets), key=len, reverse=True)
    for secret in known:
        text = text.replace(secret, HIDDEN)
    return _ENCODED.sub(lambda found: HIDDEN if any(found[0] in secret for secret in known) else found[0], text)
