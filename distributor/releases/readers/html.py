"""Reading a release saved as a web page: its text as Markdown; scripts, styles and trackers left out, and told."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Callable
from urllib.parse import unquote, unquote_to_bytes

import nh3

from distributor.decoding import decode
from distributor.errors import BadInput
from distributor.releases.draft import Remark
from distributor.releases.media import read_picture
from distributor.releases.readers.decoding import clean_text
from distributor.releases.readers.richtext import RichText, write_markdown

MAX_BYTES = 10_000_000

_START = re.compile(
    rb"\s*(?:<!--.{0,2000}?-->\s*|<\?xml[^>]{0,200}>\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", re.IGNORECASE)
_LOOKED_AT = 4096
# What web pages call by another name than they mean (WHATWG Encoding §4.2), and what we could not have read so far in.
_MEANT = {"iso8859-1": "cp1252", "ascii": "cp1252", "utf-16": "utf-8", "utf-16-le": "utf-8", "utf-16-be": "utf-8"}

_REMOVED = {
    "scripts": re.compile(r"<script\b", re.IGNORECASE),
    "style sheets": re.compile(r"<(?:style\b|link\b[^>]{0,300}\bstylesheet\b)", re.IGNORECASE),
    "comments of the page's maker": re.compile(r"<!--(?!\[)"),
    "embedded pages or players": re.compile(r"<(?:iframe|object|embed|video|audio|canvas|svg)\b", re.IGNORECASE),
}
_EMPTIED = {
    *("script", "style", "title", "noscript", "template", "iframe", "object", "embed", "video", "audio", "canvas"),
    *("svg", "math", "select", "textarea"),
}
_TAGS = {
    *("p", "div", "section", "article", "main", "header", "footer", "aside", "nav", "figure", "figcaption", "address"),
    *("center", "dl", "dt", "dd", "fieldset", "form", "button", "details", "summary", "hgroup", "caption"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "br", "ul", "ol", "li", "blockquote", "pre", "code", "table", "thead"),
    *("tbody", "tfoot", "tr", "th", "td", "a", "img", "b", "strong", "i", "em", "cite", "s", "strike", "del", "ins"),
    *("sup", "sub", "mark", "span", "u", "font", "small", "big", "q", "abbr", "time", "bdi", "bdo", "label"),
}
_ATTRIBUTES = {
    "*": {"style", "hidden"}, "a": {"href"}, "img": {"src", "alt", "width", "height"}, "ol": {"start"},
    "td": {"colspan"}, "th": {"colspan"},
}  # fmt: skip
_AROUND = ("nav", "aside", "form", "button")
_MAX_PICTURES = 50
_TRACKER = re.compile(r"\b(?:width|height)\s*[:=]\s*[\"']?\s*[01](?:px)?\s*[\"';\s>]", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b[^>]*>")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_ELEMENT = re.compile(r"<[A-Za-z]")
_MAX_ELEMENTS = 20_000
_DATA = re.compile(r"data:(image/[\w.+-]{1,60})((?:;[\w=.-]{1,60})*),(.*)", re.IGNORECASE | re.DOTALL)


def is_page(raw: bytes) -> bool:
    """Whether a file begins as a web page does."""
    head = raw[:_LOOKED_AT]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = decode(head).text.encode("utf-8", "replace")
    return bool(_START.match(head.removeprefix(codecs.BOM_UTF8)))


def read_page(raw: bytes, beside: Callable[[str], bytes | None]) -> RichText:
    """The text of a web page as Markdown; `beside` gives the bytes of a picture saved with it, by its relative path.

    Of a page with one `<article>` or `<main>` that holds its title, what stands around it is left out. Every word that
    is left out stands in a remark. Raises `BadInput` for a page that is too large or holds no text.
    """
    if len(raw) > MAX_BYTES:
        raise BadInput(
            f"This web page is {len(raw) / 1e6:.0f} MB long; a release is at most {MAX_BYTES // 1_000_000} MB.",
            mend="Copy its text into a document of its own, and import that.",
        )
    html, told = _decode(raw)
    remarks = list(told)
    if len(_ELEMENT.findall(html)) > _MAX_ELEMENTS:  # nested in each other, they would take the square of their number
        raise BadInput(
            "This web page is too large to be a release.",
            mend="Copy its text into a document of its own, and import that.",
        )
    removed = [f"{what} ({many})" for what, pattern in _REMOVED.items() if (many := len(pattern.findall(html)))]
    if removed:
        remarks.append(Remark(None, f"Left out of the web page: {', '.join(removed)}."))
    clean = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_EMPTIED,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel", "data"},
        link_rel=None,
    )
    content, around = _content(_without_trackers(clean, remarks))
    pictures = _Pictures(beside)
    written = write_markdown(content, pictures.take)
    outside = " ".join(write_markdown(part, lambda _src, alt: alt and "x").text for part in around)
    remarks += _told(written.marked, "Highlighted in the page")
    remarks += _told(written.hidden, "Hidden in the page, and left out")
    remarks += _told(written.inserted, "Marked as inserted", code="tracked-change")
    remarks += _told(written.unlinked, "A link that a message cannot carry is now its words alone")
    if shown := _words_of(outside):
        remarks.append(Remark(None, f"Left out around the text: «{shown}»."))
    remarks += pictures.remarks
    return RichText(written.text, tuple(remarks), pictures.taken)


def _decode(raw: bytes) -> tuple[str, tuple[Remark, ...]]:
    """The text in the encoding that its byte-order mark, or else its `<meta>`, names; else as any text file."""
    found = _CHARSET.search(raw[:_LOOKED_AT])
    named = found[1].decode("ascii", "replace").lower() if found else ""
    told: tuple[Remark, ...] = ()
    text = None
    if named and not raw.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            codec = codecs.lookup(named).name
            text = raw.decode(_MEANT.get(codec, codec))
        except (LookupError, ValueError):  # of no name, of no text, or not what it says
            told = (Remark(None, f"The web page says its encoding is {named}, and is not in it: check the accents."),)
    if text is None:
        text = decode(raw).text
    cleaned, remarks = clean_text(text.replace("\0", ""))
    return cleaned, told + tuple(Remark(None, remark.text) for remark in remarks)


def _without_trackers(html: str, remarks: list[Remark]) -> str:
    """The page without the pictures of one pixel that count readers."""
    count = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal count
        if not _TRACKER.search(match[0]):
            return match[0]
        count += 1
        return ""

    kept = _IMAGE.sub(keep, html)
    if count:
        remarks.append(
            Remark(None, f"Left out of the web page: {count} invisible picture{'s' * (count > 1)} (trackers).")
        )
    return kept


def _content(html: str) -> tuple[str, list[str]]:
    """The part of a clean page that is its text, and the parts around it."""
    around = []
    for tag in ("article", "main"):
        start, end = html.find(f"<{tag}"), html.rfind(f"</{tag}>")
        if html.count(f"<{tag}") != 1 or end < start:
            continue
        inner = html[start:end]
        if "<h1" in html and "<h1" not in inner:
            continue
        around = [html[:start], html[end:]]
        html = inner
        break
    for tag in _AROUND:
        pieces = re.split(rf"(<{tag}[\s>].*?</{tag}>)", html, flags=re.DOTALL)
        around += pieces[1::2]
        html = "".join(pieces[::2])
    return html, around


class _Pictures:
    """The pictures of a page that can go inside a message, with their bytes; of the others it is told."""

    def __init__(self, beside: Callable[[str], bytes | None]) -> None:
        self._beside = beside
        self.taken: dict[str, bytes] = {}
        self.remarks: list[Remark] = []

    def take(self, source: str, alt: str) -> str:
        """The path that the text shows a picture by; a picture of the web stays a link; "" where there is none."""
        named = f"«{alt}»" if alt else "without a description"
        if _SCHEME.match(source) and source[:5].lower() != "data:":
            if source.lower().startswith(("http:", "https:")):
                return source
            self._say(f"A picture {named} was left out: its address is none of the web's.")
            return ""
        content = _data(source) if source[:5].lower() == "data:" else self._beside(unquote(source.partition("?")[0]))
        picture = read_picture(content) if content else None
        if content is None or picture is None or len(self.taken) >= _MAX_PICTURES:
            where = "" if source[:5].lower() == "data:" or not source else f" ({source[:80]})"
            self._say(f"A picture {named}{where} was left out: it is not there, or none that mail programs show.")
            return ""
        name = next((name for name, held in self.taken.items() if held == content), "")
        if not name:
            name = f"picture-{len(self.taken) + 1}.{picture.media_type.removeprefix('image/').replace('jpeg', 'jpg')}"
            self.taken[name] = content
        return name

    def _say(self, text: str) -> None:
        self.remarks.append(Remark(None, text))


def _data(source: str) -> bytes | None:
    """The bytes of a `data:` URL (RFC 2397); None for one that is broken."""
    match = _DATA.match(source)
    if match is None:
        return None
    try:
        coded = unquote_to_bytes(match[3])
        return base64.b64decode(coded) if ";base64" in match[2].lower() else coded
    except binascii.Error:
        return None


def _told(texts: tuple[str, ...], what: str, *, code: str = "") -> list[Remark]:
    return [Remark(None, f"{what}: «{text}».", code) for text in texts]


def _words_of(markdown: str) -> str:
    return " ".join(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown).split())
