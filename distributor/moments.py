"""What an instant is to us: aware, and in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def require_aware(moment: datetime) -> datetime:
    """Return `moment` in UTC; raise `ValueError` if it is naive, since a naive time names no instant."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone names no instant")
    return moment.astimezone(UTC)
