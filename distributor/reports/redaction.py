"""A report for handing on: nobody in it is named, and the same person has the same key in every report."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from typing import Any

_KEPT = frozenset(
    {
        "id", "dispatch_id", "version", "outlet_kind", "sector", "domain", "language", "lists", "state", "verdict",
        "phase", "code", "enhanced_code", "attempts", "accepted_at", "next_attempt_at", "updated_at", "wave",
        "not_before", "embargo_until", "held_until", "by_embargo", "corrects", "corrected_by", "to_be_withheld",
    }
)  # fmt: skip
"""Columns that tell of nobody. The rest is emptied: names, outlets, and the servers' words, which quote addresses."""

_ATTEMPT_KEPT = frozenset(
    {"number", "started_at", "duration_ms", "phase", "verdict", "state", "code", "enhanced_code", "tls"}
)
_ASSUMED = re.compile(r"(assumed sent|to be sent again|not accepted).*", re.DOTALL)


def redacted(rows: Iterator[dict[str, Any]], secret: bytes) -> Iterator[dict[str, Any]]:
    """The rows with a keyed hash in place of each address; only domains and what servers answered in codes stay."""
    for row in rows:
        made = {name: value if name in _KEPT else "" for name, value in row.items()}
        made["address"] = keyed(row["address"], secret)
        made["reason"] = _reason(row["reason"])
        made["history"] = [_attempt(one) for one in row["history"]]
        yield made


def keyed(address: str, secret: bytes) -> str:
    """Sixteen hexadecimal digits that stand for an address; without the workspace's key nobody can make them."""
    return hmac.new(secret, b"distributor/report\0" + address.casefold().encode(), hashlib.sha256).hexdigest()[:16]


def _attempt(attempt: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if name in _ATTEMPT_KEPT else "" for name, value in attempt.items()}


def _reason(reason: str) -> str:
    """Our own reason, without the name of who gave it."""
    return _ASSUMED.sub(r"\1", reason)
