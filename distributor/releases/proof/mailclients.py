"""Which HTML and CSS break in which mail programs, from caniemail.com's measurements (mailclients.tsv)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PLATFORMS = {
    "windows": "Windows",
    "windows-mail": "Windows Mail",
    "macos": "macOS",
    "outlook-com": "outlook.com",
    "ios": "iOS",
    "android": "Android",
    "desktop-webmail": "webmail",
    "mobile-webmail": "mobile webmail",
}
_CLIENTS = {
    "gmail": "Gmail",
    "outlook": "Outlook",
    "apple-mail": "Apple Mail",
    "orange": "Orange",
    "sfr": "SFR",
    "laposte": "La Poste",
    "free-fr": "Free",
}
_ALL = "all"


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that HTML or CSS can do: its title, and the mail programs that do not show it."""

    slug: str
    title: str
    lacking: tuple[str, ...]

    @property
    def url(self) -> str:
        """Where it was measured."""
        return f"https://www.caniemail.com/features/{self.slug}/"


# A comment is read by one mail program only, if by any: what stands in one was meant for it.
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_STYLE = re.compile(
    r"<style\b[^>]{0,500}>(?P<sheet>.*?)(?:</style|\Z)|\sstyle\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')",
    re.DOTALL | re.IGNORECASE,
)
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_IN_HTML = {
    "html-input-text": r"<input\b(?![^>]{0,200}type=[\"']?(?!text|email|search))",
    "html-input-checkbox": r"<input\b[^>]{0,200}type=[\"']?checkbox",
    "html-input-radio": r"<input\b[^>]{0,200}type=[\"']?radio",
    "html-input-submit": r"<input\b[^>]{0,200}type=[\"']?submit",
    "html-button-submit": r"<button\b",
    "html-image-maps": r"<map\b",
    "html-link": r"<link\b",
    "html-popover": r"<\w+\b[^>]{0,300}\spopover\b",
    "html-srcset": r"<img\b[^>]{0,500}\ssrcset\s*=",
    "image-base64": r"<img\b[^>]{0,500}\ssrc\s*=\s*[\"']?data:",
}
_IN_CSS = {
    "css-display-flex": r"display\s*:\s*(?:inline-)?flex\b",
    "css-display-grid": r"display\s*:\s*(?:inline-)?grid\b",
    "css-background-image": r"background(?:-image)?\s*:[^;}]{0,200}url\(",
    "css-position": r"(?<![\w-])position\s*:\s*(?!static)",
    "css-variables": r"(?<![\w-])var\(",
    "css-at-font-face": r"@font-face\b",
    "css-at-import": r"@import\b",
    "css-visibility": r"(?<![\w-])visibility\s*:\s*(?!visible)",
    "css-float": r"(?<![\w-])float\s*:\s*(?!none)",
    "css-gap": r"(?<![\w-])(?:column-|row-)?gap\s*:",
    "css-modern-color": r"(?<![\w-])(?:oklch|oklab|lch|lab)\(",
    "css-column-count": r"(?<![\w-])(?:column-count|columns)\s*:",
}


def features_in(html: str) -> Iterator[Feature]:
    """What of the table an HTML message uses and some mail program does not show."""
    plain = _COMMENT.sub("", html)
    sheets = [match["sheet"] or match["double"] or match["single"] or "" for match in _STYLE.finditer(plain)]
    css = _CSS_COMMENT.sub("", "\n".join(sheets))
    for feature, in_css, pattern in _table():
        if pattern.search(css if in_css else plain):
            yield feature


@cache
def _table() -> tuple[tuple[Feature, bool, re.Pattern[str]], ...]:
    """Each feature with whether it stands in CSS, and how it is found."""
    lines = files(__package__).joinpath("mailclients.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
    return tuple(
        (
            Feature(row["feature"], row["title"], tuple(_lacking(row))),
            row["feature"].startswith("css-"),
            _pattern(row["feature"]),
        )
        for row in rows
    )


def _lacking(row: dict[str, str]) -> Iterator[str]:
    for key, name in _CLIENTS.items():
        if row[key] == _ALL:
            yield name
        elif row[key]:
            yield f"{name} ({', '.join(_PLATFORMS[platform] for platform in row[key].split())})"


def _pattern(slug: str) -> re.Pattern[str]:
    """How a feature is found: by a pattern of its own, or by its name."""
    family, _, name = slug.partition("-")
    own = _IN_HTML.get(slug) or _IN_CSS.get(slug)
    if own is None and family == "image":
        own = rf"<img\b[^>]{{0,1000}}\ssrc\s*=\s*[\"']?[^\"'\s>]{{1,1000}}\.{name}\b"
    elif own is None and family == "html":
        own = rf"<{name}\b"
    elif own is None and name.startswith("unit-"):
        unit = name.removeprefix("unit-")
        own = r"(?<![\w-])calc\(" if unit == "calc" else rf"(?<![\w#-])\d*\.?\d+{unit}\b"
    elif own is None and name.startswith("function-"):
        own = rf"(?<![\w-]){name.removeprefix('function-')}\("
    elif own is None and name.endswith("-gradient"):
        own = rf"{name}\("
    elif own is None and name == "nesting":
        own = r"\{[^{}@]{0,500}&\s?[.:#\w]"
    elif own is None:
        own = rf"(?<![\w-]){name}\s*:"
    return re.compile(own, re.IGNORECASE)
