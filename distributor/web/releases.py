"""`/r/TOKEN`: a release as the web sees it, and its files; from the end of its embargo on, and not a second before."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from distributor.dispatch.messages.composing import release_of
from distributor.dispatch.messages.enclosing import enclose_kept
from distributor.errors import BadInput
from distributor.files import reading
from distributor.releases.attachments import FileRole, KeptFile
from distributor.releases.publishing import Published, find_correction, find_published, published_file
from distributor.rendering import body
from distributor.rendering.boilerplate import without_about
from distributor.rendering.texts import Texts
from distributor.rendering.typography import is_right_to_left, typeset
from distributor.rendering.values import InlineImage, Release
from distributor.tokens import Purpose
from distributor.web.site import Site

_ALIGNED = re.compile(r' style="text-align: ?(left|center|right);?"')


def routes(site: Site) -> list[Route]:
    """The page of a release, and each of its files under its SHA-256."""
    return [
        Route("/r/{token}", partial(_release, site), methods=["GET"]),
        Route("/r/{token}/{digest}", partial(_file, site), methods=["GET"]),
    ]


async def _release(site: Site, request: Request) -> Response:
    published = await _published(site, request)
    language = site.pages.language_for(request, published.version.lang)
    values = await site.compute(partial(_values, site, published))
    assert published.release.id is not None, "it was read"
    correction = await site.read(find_correction, published.release.id, site.now())
    superseded = told_correction(site, correction, language) if correction else None
    since = site.pages.day(published.since, language, site.workspace.settings.timezone)
    return site.pages.show(
        "release", language, since=since, superseded=superseded, verify=f"{site.prefix}/verify", **values
    )


def told_correction(site: Site, correction: Published, language: str) -> dict[str, str]:
    """What stands in place of a release today, in words, and where it is to be read."""
    assert correction.release.id is not None, "it was read"
    words = site.pages.words(language)
    day = site.pages.day(correction.since, language, site.workspace.settings.timezone)
    return {
        "words": str(words[f"superseded_{correction.version.kind}"]).replace("{date}", day),
        "href": site.release_path(correction.release.id),
        "lang": correction.version.lang,
        "headline": typeset(correction.version.headline, correction.version.lang),
    }


async def _file(site: Site, request: Request) -> Response:
    published = await _published(site, request)
    file = published_file(published, request.path_params["digest"])
    if file is None:
        raise HTTPException(404)
    # The row names the copy; nothing that a visitor wrote is part of a path.
    path = site.workspace.path / file.path
    if not await site.compute(partial(_is_whole, site, file)):
        site.say(f"not served: a file of «{published.release.slug}» is gone from attachments/ or has changed")
        raise HTTPException(404)
    is_shown = file.role != FileRole.ATTACHMENT
    return FileResponse(
        path,
        media_type=file.media_type,
        headers={
            "Content-Disposition": "inline"
            if is_shown
            else f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


async def _published(site: Site, request: Request) -> Published:
    """The release a link names; for one that is not out the very answer to one that does not exist."""
    number = site.number_in(request, Purpose.RELEASE)
    published = await site.read(find_published, number, site.now())
    if published is None:
        raise HTTPException(404)
    return published


def _is_whole(site: Site, file: KeptFile) -> bool:
    path = site.workspace.path / file.path
    try:
        with reading(path) as opened:
            return not path.is_symlink() and hashlib.file_digest(opened, "sha256").hexdigest() == file.sha256
    except BadInput:
        return False


def _values(site: Site, published: Published) -> dict[str, Any]:
    """What the template says of a release: its own words, as messages have them."""
    assert published.release.id is not None, "it was read"
    here = site.release_path(published.release.id)
    release = release_of(published.version, published.release.slug, embargo_until=None)  # it is over
    settings = site.workspace.settings
    texts = site.workspace.templates.texts(release.lang)
    shown = [file for file in published.files if file.role != FileRole.ATTACHMENT]
    images = enclose_kept(site.workspace.path, shown, site.identity.domain).images
    html = partial(_html, release.lang, images, shown, here)
    boilerplate, is_headed = without_about(release.boilerplate, str(texts.words["about"]))
    logo = next((file for file in shown if file.role == FileRole.LOGO), None)
    day = release.dateline_date or published.since.astimezone(settings.timezone).date()
    return {
        "release": _typeset(release),
        "texts": texts.words,
        "lang_of_release": release.lang,
        "dir_of_release": "rtl" if is_right_to_left(release.lang) else "ltr",
        "organisation": site.identity.organisation,
        "logo": f"{here}/{logo.sha256}" if logo else "",
        "dateline": texts.dateline(release.dateline_place, day),
        "body": html(release.body),
        "boilerplate": html(boilerplate),
        "boilerplate_is_headed": is_headed,
        "changes": html(release.changes),
        "event": _event(release, texts, html),
        "files": [
            {"href": f"{here}/{file.sha256}", "name": file.name, "kilobytes": str(max(1, round(file.size / 1000)))}
            for file in published.attached
        ],
    }


def _typeset(release: Release) -> dict[str, Any]:
    return {
        "headline": typeset(release.headline, release.lang),
        "standfirst": typeset(release.standfirst, release.lang),
        "kind": release.kind,
        "signatory_name": release.signatory_name,
        "signatory_role": release.signatory_role,
        "signatory_sector": release.signatory_sector,
        "contacts": release.contacts,
    }


def _event(release: Release, texts: Texts, html: Any) -> list[tuple[str, Markup]]:
    told = (
        ("event_date", release.event.date),
        ("event_place", release.event.place),
        ("event_rsvp", release.event.rsvp),
    )
    return [(str(texts.words[name]), html(value)) for name, value in told if value]


def _html(language: str, images: Sequence[InlineImage], files: Sequence[KeptFile], here: str, text: str) -> Markup:
    """A text in Markdown, its pictures from this very site, and without a style that the policy would not apply."""
    made = body.to_html(text, language, images)
    for image in images:
        file = next(one for one in files if one.source == image.source)
        made = made.replace(f'src="cid:{image.cid}"', f'src="{here}/{file.sha256}"')
    return Markup(_ALIGNED.sub(r' class="\1"', made))  # noqa: S704 - sanitised by `body`
