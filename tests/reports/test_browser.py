"""The report's page in a browser: nothing fetched, no error, found by search and in order, usable by everybody."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from browser import opened, violations
from seeded import STATES, seed
from test_full import page_of, reading, written

from distributor.db.engine import Database
from distributor.reports import html


@pytest.fixture
def page(file_database: Database, tmp_path: Path) -> Path:
    number, _ = seed(file_database)
    file = tmp_path / "rapport.html"
    file.write_text(written(file_database, number), "utf-8")
    return file


def test_the_page_opens_without_a_word_of_complaint(page: Path, tmp_path: Path) -> None:
    shown, console = opened(page, tmp_path / "profile", "--host-resolver-rules=MAP * ~NOTFOUND")
    assert console == ""
    body = shown.partition("<tbody></tbody>")[0]
    assert shown.count('<span class="tag s-rejected">') >= 3
    assert body
    rows = re.search(r'id="recipients">.*?<tbody>(.*?)</tbody>', shown, re.DOTALL)
    assert rows
    assert rows[1].count("<tr>") == len(STATES)
    assert "incertain" in rows[1].partition("</tr>")[0], "the worst first"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(page: Path, tmp_path: Path, scheme: str) -> None:
    flags = ("--blink-settings=preferredColorScheme=0",) if scheme == "dark" else ()
    assert violations(page, tmp_path / "profile", *flags) == []


def test_fifty_thousand_stand_in_it_and_a_hundred_are_shown(file_database: Database, tmp_path: Path) -> None:
    number, _ = seed(file_database)
    with reading(file_database, number) as (connection, report):
        from distributor.reports import queries

        one = next(queries.recipients(connection, [number]))
        out = io.BytesIO()
        many = ({**one, "name": f"Inès {place}", "history": []} for place in range(50_000))
        assert html.write_html(out, page_of(connection, report), many) == 50_000
    file = tmp_path / "rapport.html"
    file.write_bytes(out.getvalue())
    shown, console = opened(file, tmp_path / "profile")
    assert console == ""
    assert "1–100 / 50000" in shown


def test_what_is_wrong_with_a_page_is_found(page: Path, tmp_path: Path) -> None:
    """The check itself can fail: a picture without words, a pale text, and a request that is tried."""
    bad = page.with_name("bad.html")
    wrong = '<img src="http://192.0.2.1/pixel.gif"><p style="color:#ccc;background:#fff">pâle</p></body>'
    bad.write_text(page.read_text("utf-8").replace("</body>", wrong), "utf-8")
    assert {one.partition(":")[0] for one in violations(bad, tmp_path / "profile")} >= {"image-alt", "color-contrast"}
    _shown, console = opened(bad, tmp_path / "other")
    assert "Content Security Policy" in console, "the page's own policy holds the request back"
