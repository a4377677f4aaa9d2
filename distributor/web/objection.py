"""`/u/TOKEN`: the page on which a journalist objects, and the one click of mail programs (RFC 8058)."""

from __future__ import annotations

from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from distributor.addresses import Address
from distributor.feedback.objection_link import EVERYTHING, Reader, find_reader, object_to
from distributor.tokens import Purpose
from distributor.web.site import Site

_SECTOR = "sector:"
_LONGEST_FIELD = 1024


def routes(site: Site) -> list[Route]:
    """GET and HEAD show, and never act: what fetches links ahead of a reader (scanners, previews) objects not."""
    return [
        Route("/u/{token}", partial(_show, site), methods=["GET"]),
        Route("/u/{token}", partial(_object, site), methods=["POST"]),
    ]


async def _show(site: Site, request: Request) -> Response:
    reader = await _reader(site, request)
    if reader is None:
        return _test(site, request)
    language = site.pages.language_for(request, reader.language)
    return site.pages.show("objection", language, reader=reader, masked=masked(reader.address))


async def _object(site: Site, request: Request) -> Response:
    reader = await _reader(site, request)
    scope, way = await _wish(request)
    if reader is None:
        return _test(site, request)
    if scope != EVERYTHING and scope not in reader.sectors:
        raise HTTPException(400)
    if scope not in reader.scopes:  # asked again, it costs no write
        await site.write(object_to, site.keyring, reader, scope, way=way)
    language = site.pages.language_for(request, reader.language)
    return site.pages.show("noted", language, reader=reader, sector=reader.sectors.get(scope, ""))


async def _reader(site: Site, request: Request) -> Reader | None:
    """Whose link it is; None for the link of a test message, which is nobody's. 404 for any other."""
    number = site.number_in(request, Purpose.UNSUBSCRIBE)
    if number == 0:
        return None
    reader = await site.read(find_reader, site.keyring, number)
    if reader is None:
        raise HTTPException(404)
    return reader


async def _wish(request: Request) -> tuple[str, str]:
    """The scope that a form asks for, and how; 400 for a body that says neither of what we understand.

    A form of the page's own (`scope`), or the one key and value of RFC 8058 §3.2, in either of its two encodings.
    """
    async with request.form(max_files=0, max_fields=10, max_part_size=_LONGEST_FIELD) as form:
        click, scope = form.get("List-Unsubscribe"), form.get("scope")
    if isinstance(click, str) and click.strip().lower() == "one-click":
        return EVERYTHING, "one click"
    if scope == "all":
        return EVERYTHING, "web page"
    if isinstance(scope, str) and scope.removeprefix(_SECTOR) not in ("", scope):
        return scope.removeprefix(_SECTOR), "web page"
    raise HTTPException(400)


def _test(site: Site, request: Request) -> Response:
    language = site.pages.language_for(request)
    words = site.pages.words(language)
    return site.pages.show("notice", language, heading=words["test_title"], text=words["test_text"])


def masked(address: Address | None) -> str:
    """An address as its owner knows it again, and whoever got the message forwarded does not learn it."""
    return f"{address.local[:1]}***@{address.unicode_domain}" if address else ""
