"""Cells that a spreadsheet would run as a formula: made harmless on the way out, read back on the way in."""

from __future__ import annotations

import re

# The wide ones too: a spreadsheet set to Japanese or Chinese reads them as the narrow.
_START = "=+\\-@\t\r\n＝＋－＠"
_WOULD_RUN = re.compile(f"'*[{_START}]")
_DEFUSED = re.compile(f"'+[{_START}]")


def defused(text: str) -> str:
    """`text` so that a spreadsheet shows it instead of running it: an apostrophe before what could start a formula.

    What looks defused already gets one more, so that `restored` gives every text back exactly as it was.
    """
    return f"'{text}" if _WOULD_RUN.match(text) else text


def restored(text: str) -> str:
    """What `defused` made, as it was before; any other text as it stands (`'t Hooft` keeps its apostrophe)."""
    return text[1:] if text[:1] == "'" and _DEFUSED.match(text) else text


def shielded(text: str) -> str:
    """`text` for a file whose cells are never run (XLSX, vCard), so that `restored` leaves it as it is."""
    return f"'{text}" if _DEFUSED.match(text) else text
