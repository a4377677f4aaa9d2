"""Real releases, imported, proved, looked at, sent and read back: text and HTML say the same, and no word is lost."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from markdown_it import MarkdownIt
from office import BUREAU, SHORT_LIST, Office
from smtpserver import Script, ScriptedServer, running

from distributor.cli.releases.authoring import take_in
from distributor.outgoing.naming import scope_of, selection_of
from distributor.outgoing.planning import plan_proved
from distributor.outgoing.previewing import preview_messages
from distributor.outgoing.proving import prove_release
from distributor.releases.readers.decoding import decode_source
from distributor.releases.readers.intake import read_file
from distributor.wiring import Workspace, open_workspace

SHARED = Path(__file__).parents[2] / "../shared"
FILES = [*sorted((SHARED / "data/releases").glob("*/*.md")), *sorted((SHARED / "releases").glob("*.txt"))]

pytestmark = pytest.mark.skipif(not FILES, reason="the shared releases are not at hand")


class Visible(HTMLParser):
    """What a reader of a page sees, and apart from it where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.links: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag in {"style", "title", "head"}:
            self._unseen += 1
        self.links.append(said.get("href") or "")
        self.said.append(" " if tag not in {"a", "strong", "em", "b", "i", "sup", "sub", "bdi", "code"} else "")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "title", "head"}:
            self._unseen -= 1

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.said.append(data)


def words(text: str) -> set[str]:
    plain = unicodedata.normalize("NFKC", unquote(text)).replace("\N{SOFT HYPHEN}", "")
    return {word.casefold() for word in re.findall(r"[^\W_]+", plain)}


def parts(raw: bytes) -> tuple[EmailMessage, str, Visible]:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    seen = Visible()
    seen.feed(html.get_content())
    return message, text.get_content(), seen


@contextmanager
def sending(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Workspace, ScriptedServer]]:
    with running(Script()) as server:
        for name, value in office.at(server.port).settings.items():
            monkeypatch.setenv(name, value)
        workspace = open_workspace(office.path)
        yield workspace, server
        workspace.database.close()


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_nothing_of_a_real_release_is_lost_on_its_way(
    file: Path, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = decode_source(file.read_bytes()).text
    with sending(office, monkeypatch) as (workspace, server):
        taken = take_in(workspace, file)
        slug, version = taken.stored.release.slug, taken.stored.version
        moment = datetime.combine(version.dateline_date or datetime.now(UTC), datetime.min.time(), UTC)
        scope = scope_of([BUREAU])
        proved = prove_release(workspace, slug, selection_of(scope), moment)
        (shown, *_) = preview_messages(workspace, slug, SHORT_LIST[0].address, []).messages
        log = workspace.log()
        (number,) = plan_proved(workspace, log, proved, scope)
        asyncio.run(workspace.carrier(log).carry(number, workspace.ways(), asyncio.Event()))
        accepted = list(server.accepted)
    assert proved.rendered == len(accepted) == len(SHORT_LIST)
    assert not [one for one in proved.result.findings if one.code == "undefined-field"]
    for raw in (shown.raw, *(one.message for one in accepted)):
        message, text, seen = parts(raw)
        assert message["Subject"] == " ".join(version.headline.split())
        visible = words("".join(seen.said))
        assert visible - words(text) == set()
        assert words(text) - visible - words(" ".join(seen.links)) == set()
        assert max(map(len, raw.split(b"\r\n"))) <= 998
    told: list[dict[str, Any]] = version.remarks
    front = source.partition("\n---\n")[0] if source.startswith("---\n") else ""
    keys = words("\n".join(re.findall(r"^\w+:", front, re.MULTILINE))) | {version.lang}
    lost = words(source) - keys - words(parts(shown.raw)[1])
    assert lost - words(" ".join(one["text"] for one in told)) == set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_no_word_of_a_real_release_saved_as_a_web_page_is_lost(file: Path) -> None:
    text = decode_source(file.read_bytes()).text.partition("\n---\n")[2] or decode_source(file.read_bytes()).text
    page = f"<!DOCTYPE html><html><body>{MarkdownIt('commonmark').enable('table').render(text)}</body></html>"
    taken = read_file(page.encode(), file="page.html", timezone=ZoneInfo("Europe/Paris"))
    seen = Visible()
    seen.feed(page)
    kept = [taken.source, *(remark.text for remark in taken.draft.remarks)]
    assert words("".join(seen.said)) - words(re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", "\n".join(kept))) == set()
