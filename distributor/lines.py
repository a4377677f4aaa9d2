"""Lines as they go on a wire: what no message may hold, and the parts of one that were found fit already."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_LINE_OCTETS = 998
"""Without its end (RFC 5321 §4.5.3.1.6)."""

_NO_LINE_END = bytes(set(range(256)) - set(b"\r\n"))
_BARE_LF = re.compile(rb"\n(?<!\r\n)")
"""Where CR and LF take turns, no bare LF means no bare CR; the search is twice as fast as counting the pairs."""
_LEADING_DOT = re.compile(rb"\r\n\.")


class Fit(bytes):
    """Whole lines of which `require_fit` has nothing to say, and none of which begins with a dot.

    Most of a message is the same for everybody. What is looked at once need not be looked at again for each of them.
    """

    __slots__ = ()


def fit(lines: bytes) -> bytes:
    """These lines as `Fit`, or, where they are not, as they are: whoever sends them looks at them then."""
    try:
        require_fit(lines)
    except ValueError:
        return lines
    return Fit(lines) if lines.endswith(b"\r\n") and not has_leading_dot(lines) else lines


def put_together(parts: Sequence[bytes]) -> bytes:
    """The parts as one, `Fit` where they are; each of them holds whole lines. Only what is new in them is looked at."""
    new = [part for part in parts if part and type(part) is not Fit]
    is_whole = all([part.endswith(b"\r\n") for part in new])  # noqa: C419 - a generator takes longer for so few
    whole = b"".join(parts)
    return Fit(whole) if is_whole and type(fit(b"".join(new))) is Fit else whole


def require_fit(message: bytes) -> None:
    """Raise `ValueError` for what would be smuggled or mangled on its way, in words about «the message».

    Bare CR or LF (RFC 5321 §2.3.8), NUL, lines over 998 octets (§4.5.3.1.6).
    """
    if type(message) is Fit:
        return
    ends = message.translate(None, _NO_LINE_END)
    if ends != b"\r\n" * (len(ends) // 2) or _BARE_LF.search(message):
        raise ValueError("the message has a line end other than CRLF")
    if b"\0" in message:
        raise ValueError("the message has a NUL")
    if _has_long_line(message):
        raise ValueError(f"the message has a line of more than {MAX_LINE_OCTETS} octets")


def has_leading_dot(message: bytes) -> bool:
    """Whether a line begins with a dot."""
    return type(message) is not Fit and (message.startswith(b".") or _LEADING_DOT.search(message) is not None)


def _has_long_line(message: bytes) -> bool:
    # Jumping from line end to line end, 998 octets at a time, looks at a fraction of the message.
    start = 0
    while len(message) - start > MAX_LINE_OCTETS:
        end = message.rfind(b"\r\n", start, start + MAX_LINE_OCTETS + 2)
        if end == -1:
            return True
        start = end + 2
    return False
