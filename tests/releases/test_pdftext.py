"""What PDFs say: of the file that a press office attached, whole, broken, or only a picture."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfWriter

from distributor.releases.readers.pdftext import read_pdf


def test_a_pdf_without_text_says_so() -> None:
    file = io.BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(file)
    assert read_pdf(file.getvalue()) == (None, "it holds no text, only pictures.")


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"%PDF-1.7\n1 0 obj << >>\nstartxref\n9\n%%EOF", b"\x00" * 1000])
def test_a_broken_pdf_is_told_and_raises_nothing(content: bytes) -> None:
    text, why = read_pdf(content)
    assert text is None
    assert why
