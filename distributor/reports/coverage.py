"""Noting coverage: an address on the web, the outlet, the day."""

from __future__ import annotations

import unicodedata
from datetime import date
from urllib.parse import urlsplit

from sqlmodel import Session, select

from distributor.errors import BadInput
from distributor.models import Coverage


def add_coverage(
    session: Session, release_id: int, url: str, *, outlet: str, title: str, day: str, today: date
) -> Coverage:
    """Note one piece of coverage; `BadInput` for an address that is none, one noted before, or a day to come."""
    host = _host(url)
    try:
        published_on = date.fromisoformat(day) if day else today
    except ValueError:
        raise BadInput(f"«{day}» is no day.", field="--date", mend="Write it as 2026-11-28.") from None
    if published_on > today:
        raise BadInput(f"{published_on} is still to come.", field="--date", mend="Say when it appeared.")
    if session.exec(select(Coverage).where(Coverage.url == url)).first() is not None:
        raise BadInput(f"{url} is noted already.", mend="See: distributor coverage list")
    noted = Coverage(
        release_id=release_id,
        url=url,
        outlet=unicodedata.normalize("NFC", outlet.strip()) or host,
        title=unicodedata.normalize("NFC", title.strip()),
        published_on=published_on,
    )
    session.add(noted)
    session.flush()
    return noted


def _host(url: str) -> str:
    """The site's name; only http and https can be opened from a report without harm."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = None, ""
    if parts is None or parts.scheme not in ("http", "https") or not host or any(char.isspace() for char in url):
        raise BadInput(
            f"«{url}» is no address on the web.", field="URL", mend="Write it whole: https://site.example/page"
        )
    return host.removeprefix("www.")
