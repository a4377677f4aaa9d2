"""Showing messages as contacts would get them: one after the other, in the browser, in a file."""

from __future__ import annotations

import sys
import tempfile
import webbrowser
from collections.abc import Iterable
from pathlib import Path

import typer

from distributor.cli.terminal.output import console
from distributor.files import Output, OwnFiles
from distributor.rendering.composer import Preview
from distributor.rendering.previews import preview_page


def save_preview(shown: Preview, own: OwnFiles, *, html: Path | None, eml: Path | None) -> None:
    """Write the HTML part and the whole message to the files named, an earlier preview's among them; both or none."""
    wanted = [
        (Output(path, own, endings), content)
        for path, endings, content in ((html, (".html", ".htm"), shown.page.encode()), (eml, (".eml",), shown.raw))
        if path is not None
    ]
    for output, _ in wanted:
        output.check()
    for output, content in wanted:
        output.write(content)


def show_previews(messages: Iterable[Preview]) -> None:
    """Print the headers and text of each; on a terminal the next one comes when it is asked for."""
    out = console()
    waits = out.is_terminal and sys.stdin.isatty()
    for number, shown in enumerate(messages):
        if number and waits and typer.prompt("Enter for the next, q to end", default="", show_default=False) == "q":
            return
        if number:
            out.rule()
        for name, value in shown.headers:
            out.print(f"{name}: {value}", soft_wrap=True)
        out.print()
        out.print(shown.text, soft_wrap=True)


def open_page(shown: Preview) -> None:
    """Open the page of one message in the browser: telephone and desktop, light and dark, headers, text."""
    with tempfile.NamedTemporaryFile("w", suffix=".html", delete=False, encoding="utf-8") as page:
        page.write(preview_page(shown))
    if not webbrowser.open(Path(page.name).as_uri()):
        console().print(f"No browser could be opened; the page is {page.name}")
