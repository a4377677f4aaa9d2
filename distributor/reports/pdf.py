"""The report as a PDF for the board: the page's figures and curve, without the recipients; tagged (PDF/UA-1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from distributor.errors import BadInput
from distributor.reports.charts import timeline_chart
from distributor.reports.page import Page

if TYPE_CHECKING:
    from typst import PDFStandard

_STANDARDS: list[PDFStandard] = ["a-2a", "ua-1"]
_NO_FILES = "/dev/null"  # as the root of every path, so that no path leads to a file


def make_pdf(page: Page) -> bytes:
    """The PDF; the same figures give the same bytes. `BadInput` where Typst is not installed, or no font has a letter.

    The words reach Typst as JSON, never as markup: whatever stands in a name or an answer is data.
    """
    try:
        import typst  # noqa: PLC0415 - an extra, and 50 MB that only a PDF needs
    except ImportError:
        raise BadInput(
            "PDFs are made by Typst, which is not installed.", mend="pip install 'distributor[pdf]'"
        ) from None
    figures = page.figures()
    figures["chart"] = timeline_chart(
        page.details.timeline, page.zone, title=figures["words"]["timeline"], colours="print"
    )
    record = json.dumps(figures, ensure_ascii=False, default=str)
    layout = (Path(__file__).parent / "report.typ").read_bytes()
    for borrowed in (False, True):  # first with Typst's own fonts alone, so that every machine makes the same file
        try:
            compiler = typst.Compiler(
                layout, root=_NO_FILES, ignore_system_fonts=not borrowed, sys_inputs={"record": record}
            )
            made = compiler.compile(format="pdf", pdf_standards=_STANDARDS, timestamp=int(page.made_at.timestamp()))
        except typst.TypstError as error:
            if "could not be displayed" not in error.diagnostic:
                raise
            continue
        assert isinstance(made, bytes), "one file, since none was named to be written"
        return made
    raise BadInput("No font on this machine can show every letter of this report.", mend="Install Noto, or use --html.")
