"""Unpacking a workbook: which of its parts may hold contacts, and what is said of one that cannot be read."""

from __future__ import annotations

from distributor import unpacking
from distributor.errors import BadInput

MAX_UNPACKED = 256_000_000
# Pictures, charts, caches: no contact stands in them.
_PASSED_OVER = (
    "xl/media/", "xl/drawings/", "xl/theme/", "xl/pivot", "xl/externallinks/", "xl/charts/", "xl/embeddings/",
    "xl/printersettings/", "xl/ctrlprops/", "xl/activex/", "xl/vba", "xl/calcchain", "xl/comments", "xl/threaded",
    "xl/querytables/", "xl/model/", "docprops/", "customxml/", "pictures/", "thumbnails/", "object", "basic/",
    "configurations2/",
)  # fmt: skip
_KEPT = (".xml", ".rels", ".bin", "mimetype")
_SAVE_AGAIN = "Open it in Excel or LibreOffice, save it again as XLSX, and import that file."


class TooLarge(BadInput):
    """A workbook that would fill the memory: what is too large about it, and how its contacts can come in."""

    def __init__(self, what: str, *, file: str) -> None:
        super().__init__(
            f"It is too large to be a press list: {what}.",
            file=file or None,
            mend="Copy the contacts alone to a new workbook, or save the sheet as CSV, and import that file.",
        )


def damaged(file: str) -> BadInput:
    """What to say of a workbook that cannot be made sense of."""
    return BadInput("The workbook is damaged, or no workbook at all.", file=file or None, mend=_SAVE_AGAIN)


def encrypted(file: str) -> BadInput:
    """What to say of a workbook that wants a password."""
    return BadInput(
        "The workbook is protected by a password.",
        file=file or None,
        mend="Open it, save it without a password, and import that file.",
    )


def unpack(data: bytes, *, file: str = "") -> dict[str, bytes]:
    """The parts of a zipped workbook that may hold contacts, by name.

    Raises `BadInput` for a damaged or encrypted archive, and `TooLarge` for one that would fill the memory.
    """
    try:
        return unpacking.unpack(data, _is_kept, most=MAX_UNPACKED)
    except unpacking.TooLarge as error:
        raise TooLarge(str(error), file=file) from None
    except unpacking.Encrypted:
        raise encrypted(file) from None
    except unpacking.Damaged:
        raise damaged(file) from None


def _is_kept(name: str) -> bool:
    folded = name.casefold()
    return folded.endswith(_KEPT) and not folded.startswith(_PASSED_OVER)
