"""Showing one message as one contact would get it."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path

from distributor import clock
from distributor.addresses import kept_address
from distributor.cli.output import console
from distributor.cli.proving import open_composer
from distributor.contacts import members
from distributor.dispatch.manifest import recipient_from
from distributor.dispatch.preflight import SAMPLE_MESSAGE_ID
from distributor.files import Output, OwnFiles
from distributor.releases import store
from distributor.rendering.composer import Preview
from distributor.rendering.values import Recipient
from distributor.wiring import Workspace


def preview_message(workspace: Workspace, slug: str, contact: str) -> Preview:
    """The message of one contact (of the first one, or of nobody in particular, when none is named)."""
    with workspace.database.session(reads_only=True) as session:
        stored = store.find_release(session, slug)
        member = members.find_contact(session, contact) if contact else members.first_contact(session)
        opened = open_composer(workspace, session, stored)
    recipient = recipient_from(member) if member else Recipient(kept_address(opened.identity.from_address))
    message_id = SAMPLE_MESSAGE_ID.format(domain=opened.identity.domain)
    stamp = opened.identity.stamp(workspace.keyring, 0, message_id, clock.now().replace(microsecond=0))
    return opened.composer.preview(recipient, stamp)


def save_preview(shown: Preview, own: OwnFiles, *, html: Path | None, eml: Path | None) -> None:
    """Write the HTML part and the whole message to the files named, an earlier preview's among them; both or none."""
    wanted = [
        (Output(path, own, endings), content)
        for path, endings, content in ((html, (".html", ".htm"), shown.html.encode()), (eml, (".eml",), shown.raw))
        if path is not None
    ]
    for output, _ in wanted:
        output.check()
    for output, content in wanted:
        output.write(content)


def show_preview(shown: Preview, *, in_browser: bool) -> None:
    """Print headers and text; open the HTML part in the browser if asked."""
    out = console()
    for name, value in shown.headers:
        out.print(f"{name}: {value}")
    out.print()
    out.print(shown.text)
    if in_browser:
        with tempfile.NamedTemporaryFile("w", suffix=".html", delete=False, encoding="utf-8") as page:
            page.write(shown.html)
        if not webbrowser.open(Path(page.name).as_uri()):
            out.print(f"No browser could be opened; the page is {page.name}")
