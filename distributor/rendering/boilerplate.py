"""The boilerplate and its heading: the template writes one, and many texts bring their own."""

from __future__ import annotations

import re

from distributor.folding import fold

_HEADING = re.compile(r"(?:#{1,6}\s+(?P<marked>[^\n]+?)[\s#]*|\*\*(?P<bold>[^*\n]+)\*\*\s*:?|(?P<plain>[^\n]{1,40}))")


def without_about(boilerplate: str, about: str) -> tuple[str, bool]:
    """The boilerplate below its heading, and whether it has one of its own («À propos des Eaux Vives»).

    One that says no more than `about`, the template's, goes: it would stand there twice.
    """
    first, _, rest = boilerplate.strip().partition("\n\n")
    found = _HEADING.fullmatch(first.strip())
    if found is None or not rest.strip():
        return boilerplate, False
    words = found["marked"] or found["bold"] or found["plain"]
    if fold(words) == fold(about):
        return rest.strip(), False
    return boilerplate, found["plain"] is None
