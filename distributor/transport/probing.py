"""A visit to a mail server without a message: what it says of itself to someone who logs in and leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from distributor import clock
from distributor.transport.account import SmtpAccount
from distributor.transport.grouping import Grouping, in_silence
from distributor.transport.opening import open_connection
from distributor.transport.smtp import SmtpConnection


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a visit showed.

    `certificate_expires` is None in clear; `auth_method` is the one that was used, or "".
    """

    greeting: str
    tls: str
    extensions: tuple[str, ...]
    auth_methods: tuple[str, ...]
    auth_method: str
    size_limit: int | None
    certificate_expires: datetime | None
    duration_ms: int


async def probe(account: SmtpAccount) -> ProbeReport:
    """Connect, log in and leave without sending anything; raise what `open_connection` raises."""
    started = clock.monotonic()
    opened = await open_connection(account)
    certificate_expires = opened.certificate_expires
    await SmtpConnection(opened, account, Grouping(in_silence)).close()
    return ProbeReport(
        greeting=opened.greeting,
        tls=opened.tls,
        extensions=tuple(" ".join(pair).strip().upper() for pair in opened.extensions.items()),
        auth_methods=tuple(opened.extensions.get("auth", "").upper().split()),
        auth_method=opened.auth_method.upper(),
        size_limit=opened.size_limit,
        certificate_expires=certificate_expires,
        duration_ms=round((clock.monotonic() - started) * 1000),
    )
