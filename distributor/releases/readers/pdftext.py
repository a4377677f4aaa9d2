"""What a PDF says on its first pages, where pypdf is installed."""

from __future__ import annotations

import io
import logging

_PAGES = 10
_NOT_INSTALLED = "pypdf is not installed."
_NO_TEXT = "it holds no text, only pictures."


def read_pdf(content: bytes) -> tuple[str | None, str]:
    """The text of a PDF's first pages and "", or None and why there is none."""
    try:
        from pypdf import PdfReader  # noqa: PLC0415 - heavy, and may not be installed
    except ImportError:
        return None, _NOT_INSTALLED
    # It tells every oddity of a file in warnings of its own, which say nothing to a press office.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(content))
        text = "\n".join(page.extract_text() for _, page in zip(range(_PAGES), reader.pages, strict=False))
    except Exception as error:  # noqa: BLE001 - a broken file makes it raise anything
        return None, f"it cannot be read ({type(error).__name__})."
    return (text, "") if text.strip() else (None, _NO_TEXT)
