"""The site as one ASGI application: every route, and what is answered where there is none."""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from distributor.errors import DistributorError
from distributor.web import health, hooks, objection, releases, verifying
from distributor.web.guard import Guard
from distributor.web.site import Site

_NOTICES = {400: "refused", 404: "missing", 405: "missing", 429: "busy", 503: "trouble"}


def make_app(site: Site) -> ASGIApp:
    """The application, guarded. It stands where the public address begins, and answers a supervisor at the root too."""
    routes: list[BaseRoute] = [
        *objection.routes(site),
        *releases.routes(site),
        *verifying.routes(site),
        *hooks.routes(site),
        *health.routes(site),
    ]
    if site.prefix:
        routes = [Mount(site.prefix, routes=routes), *health.routes(site)]
    app = Starlette(
        routes=routes,
        exception_handlers={HTTPException: partial(_refuse, site), DistributorError: partial(_fail, site)},
    )
    return Guard(app, site)


async def _refuse(site: Site, request: Request, error: Exception) -> Response:
    """A page with a plain sentence, in the reader's language; one for all that is not there, whatever the reason."""
    assert isinstance(error, HTTPException)
    return _notice(site, request, error.status_code, dict(error.headers or {}))


async def _fail(site: Site, request: Request, error: Exception) -> Response:
    """The disk is full, another command writes, the key is another one: nothing was recorded, and that is said."""
    site.say(f"not answered: {error}")
    return _notice(site, request, 503, {"Retry-After": "120"})


def _notice(site: Site, request: Request, status: int, headers: dict[str, str]) -> Response:
    name = _NOTICES.get(status)
    if name is None or request.method not in ("GET", "HEAD", "POST"):
        return PlainTextResponse("", status, headers)
    language = site.pages.language_for(request)
    words = site.pages.words(language)
    page = site.pages.show(
        "notice", language, status=status, heading=words[f"{name}_title"], text=words[f"{name}_text"]
    )
    page.headers.update(headers)
    return page
