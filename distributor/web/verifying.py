"""`/verify`: «is this ours?», by the hash of a release or of a file that went with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from distributor.releases.publishing import Published, find_corrections, newest_published, published_as
from distributor.rendering.typography import typeset
from distributor.web.releases import told_correction
from distributor.web.site import Site

_NEWEST = 50
_DIGEST = re.compile(r"[0-9a-f]{64}")
_BETWEEN = re.compile(r"[\s:-]+")


def routes(site: Site) -> list[Route]:
    """The page, which is also what the site shows first."""
    return [Route(path, partial(_verify, site), methods=["GET"]) for path in ("/verify", "/")]


async def _verify(site: Site, request: Request) -> Response:
    language = site.pages.language_for(request)
    asked = request.query_params.get("hash", "")[:200]
    digest = _BETWEEN.sub("", asked).lower()
    is_digest = _DIGEST.fullmatch(digest) is not None
    found, newest, superseded = await site.read(partial(_find, site=site), digest if is_digest else "")
    identity = site.identity

    def entries(published: Sequence[Published]) -> list[dict[str, Any]]:
        return [_entry(site, one, superseded, language) for one in published]

    return site.pages.show(
        "verify",
        language,
        asked=asked,
        is_digest=is_digest,
        matches=entries(found),
        releases=entries(newest),
        organisation=identity.organisation,
        press_office=identity.reply_address or identity.from_address,
    )


_Superseded = dict[int, Published | None]


def _find(session: Session, digest: str, *, site: Site) -> tuple[list[Published], list[Published], _Superseded]:
    now = site.now()
    found = published_as(session, digest, now) if digest else []
    newest = newest_published(session, now, _NEWEST)
    releases = {one.release.id for one in (*found, *newest) if one.release.id is not None}
    return found, newest, find_corrections(session, releases, now)


def _entry(site: Site, published: Published, superseded: _Superseded, language: str) -> dict[str, Any]:
    version = published.version
    assert published.release.id is not None, "it was read"
    correction = superseded[published.release.id]
    return {
        "href": site.release_path(published.release.id),
        "lang": version.lang,
        "headline": typeset(version.headline, version.lang),
        "since": site.pages.day(published.since, language, site.workspace.settings.timezone),
        "number": version.number,
        "superseded": told_correction(site, correction, language) if correction else None,
        "digest": version.content_hash,
        "files": [{"name": file.name, "digest": file.sha256} for file in published.attached],
    }
