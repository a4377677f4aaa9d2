"""The pages: their templates, their words in French and English, and which of the two a reader gets."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from babel.dates import format_date, format_time
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

_FOLDER = Path(__file__).with_name("templates")
_LANGUAGES = ("fr", "en")


class Pages:
    """The pages of one site; `language` is what a reader gets of whom nothing is known.

    Every page holds its whole style: nothing is fetched, and the policy names that style by its hash.
    """

    def __init__(self, language: str) -> None:
        self._fallback = language if language in _LANGUAGES else "en"
        self._words = {one: _read_words(one) for one in _LANGUAGES}
        self._environment = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._style = (_FOLDER / "style.css").read_text(encoding="utf-8")
        self.style_hash = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode("ascii")

    def language_for(self, request: Request, known: str = "") -> str:
        """A page's language: as asked for by `?lang=`, as the reader is `known` to read, or as the browser says."""
        asked = request.query_params.get("lang", "")
        for one in (asked, known, *_accepted(request.headers.get("accept-language", ""))):
            if one[:2].lower() in _LANGUAGES:
                return one[:2].lower()
        return self._fallback

    def words(self, language: str) -> Mapping[str, Any]:
        """The words of one language."""
        return self._words[language]

    def show(self, name: str, language: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page, complete. `values` are what its template names besides the words."""
        other = next(one for one in _LANGUAGES if one != language)
        html = self._environment.get_template(f"{name}.html.j2").render(
            lang=language,
            other_lang=other,
            other_words=self._words[other],
            words=self._words[language],
            style=self._style,
            **values,
        )
        headers = {"Content-Language": language, "Vary": "Accept-Language"}
        return HTMLResponse(html, status_code=status, headers=headers)

    def day(self, moment: datetime, language: str, zone: ZoneInfo) -> str:
        """A moment's day and hour, as a reader of that language writes them."""
        local = moment.astimezone(zone)
        form = "H 'h' mm" if language == "fr" else "HH:mm"
        return (
            f"{format_date(local.date(), 'long', locale=language)}, {format_time(local.time(), form, locale=language)}"
        )


def _read_words(language: str) -> Mapping[str, Any]:
    words: dict[str, Any] = yaml.safe_load((_FOLDER / f"words.{language}.yaml").read_text(encoding="utf-8"))
    return words


def _accepted(header: str) -> list[str]:
    """The languages of an Accept-Language field (RFC 9110 §12.5.4), the most wanted first, as far as it can be read."""
    found: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        tag, _, quality = part.strip().partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if tag and weight > 0:
            found.append((weight, tag))
    return [tag for _, tag in sorted(found, key=lambda one: -one[0])]
