"""`/healthz` and `/readyz`: whether the process lives, and whether it could record an objection this very moment."""

from __future__ import annotations

from functools import partial

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from distributor.contacts.objections import suppression
from distributor.errors import DistributorError
from distributor.web.site import Site


def routes(site: Site) -> list[Route]:
    """What a supervisor asks; and what search engines are asked to leave alone."""
    return [
        Route("/healthz", _healthy, methods=["GET"]),
        Route("/readyz", partial(_ready, site), methods=["GET"]),
        Route("/robots.txt", _robots, methods=["GET"]),
        Route("/favicon.ico", _no_icon, methods=["GET"]),
    ]


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("alive\n")


async def _ready(site: Site, _request: Request) -> Response:
    """Take the write lock and look at the key: without either nobody's objection could be kept."""

    def look(session: Session) -> None:
        suppression.check_key_to_record(session, site.keyring)

    try:
        await site.write(look)
    except DistributorError as error:
        site.say(f"not ready: {error}")
        return PlainTextResponse("not ready\n", 503)
    return PlainTextResponse("ready\n")


async def _robots(_request: Request) -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /u/\nDisallow: /hooks/\n")


async def _no_icon(_request: Request) -> Response:
    """Browsers ask by themselves; we have none."""
    return Response(status_code=204, headers={"Cache-Control": "max-age=604800"})
