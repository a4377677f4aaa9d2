"""The links and pictures of a text, wherever they stand, and what a host's name tells of it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from distributor.releases.draft import ReleaseDraft

MARKDOWN_LINK = re.compile(
    r"(?P<image>!?)\[(?P<text>[^\[\]]{0,400})\]"
    r"\(\s{0,3}<?(?P<target>[^\s<>()]{0,2000}(?:\([^\s()]{0,200}\)[^\s<>()]{0,500})?)>?"
    r"(?:\s{1,3}[\"'(](?P<title>[^\"\n]{0,300})[\"')])?\s{0,3}\)"
)
_BARE = re.compile(r"(?<![\w(<\[])(?:https?:/{1,2}|www\.)[^\s<>«»“”\"\]]{1,2000}")
_PRIVATE = re.compile(
    r"localhost|.*\.(?:local|localhost|lan|intranet|internal|home|corp|localdomain)"
    r"|(?:preprod|staging|recette|dev|test|intranet)\..+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link or picture of a text: what it shows, where it leads, and where it stands."""

    text: str
    target: str
    title: str
    start: int
    end: int
    is_image: bool


def find_links(text: str) -> list[Link]:
    """The links and pictures of a Markdown text, in its order; bare web addresses too."""
    found = [
        Link(match["text"], match["target"], match["title"] or "", match.start(), match.end(), bool(match["image"]))
        for match in MARKDOWN_LINK.finditer(text)
    ]
    taken = bytearray(len(text))
    for one in found:
        taken[one.start : one.end] = b"\1" * (one.end - one.start)
    for match in _BARE.finditer(text):
        if not taken[match.start()]:
            address = match[0].rstrip(".,;:!?)'’*_")
            found.append(Link("", address, "", match.start(), match.start() + len(address), is_image=False))
    return sorted(found, key=lambda one: one.start)


def web_links(draft: ReleaseDraft) -> list[str]:
    """Every web address that a release links to, each once, in its order; those of pictures too."""
    texts = (draft.standfirst, draft.body, draft.boilerplate)
    found = [one.target for text in texts for one in find_links(text)]
    whole = (f"https://{url}" if url.startswith("www.") else url for url in found)
    return list(dict.fromkeys(url for url in whole if url.lower().startswith(("http://", "https://"))))


def host_of(url: str) -> str:
    """The host of a web address, in small letters; "" where there is none."""
    try:
        return (urlsplit(url if "://" in url else f"https://{url}").hostname or "").lower()
    except ValueError:
        return ""


def is_private_host(host: str) -> bool:
    """Whether a host is, by its name or number alone, of a private network, a machine, or not yet public."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return bool(_PRIVATE.fullmatch(host))
