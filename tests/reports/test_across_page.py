"""The page over time: its figures are those of the JSON, what strangers wrote is text, and everybody can use it."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from browser import opened, violations
from databases import on_sqlite
from ledgerbase import START
from markupsafe import escape
from seeded import MARKUP, STATES, seed
from sqlalchemy import update
from sqlmodel import col
from test_full import PARIS

from distributor.db.engine import Database
from distributor.models import Dispatch
from distributor.reports import queries_across
from distributor.reports.across_page import AcrossPage, write_page


def page_of(database: Database, language: str = "fr", since: datetime = START) -> AcrossPage:
    with database.reading() as connection:
        found = queries_across.since(connection, since, PARIS, queries_across.GROUPS)
    return AcrossPage(found=found, language=language, zone=PARIS, organisation="La Halle", made_at=START)


def written(page: AcrossPage) -> str:
    out = io.BytesIO()
    write_page(out, page)
    return out.getvalue().decode()


def two_releases(database: Database) -> None:
    """The second a month after the first."""
    seed(database)
    number, _ = seed(database, slug="autre", accepted_at=START + timedelta(days=30, minutes=5))
    with database.transaction() as connection:
        later = update(Dispatch).where(col(Dispatch.id) == number).values(started_at=START + timedelta(days=30))
        connection.execute(later)


@pytest.mark.parametrize(("language", "headline"), [("fr", "Depuis le 2 mars 2026"), ("en", "Since 2 Mar 2026")])
def test_it_says_the_figures_in_words_and_drawings(database: Database, language: str, headline: str) -> None:
    two_releases(database)
    page = page_of(database, language)
    shown = written(page)
    assert headline in shown
    figures = page.figures()
    assert figures["big"][0][0] == "2"
    assert figures["big"][1][0] == str(2 * len(STATES))
    for group in figures["groups"]:
        assert sum(int(row["figures"][0]) for row in group["rows"]) == 2 * len(STATES)
    (_, shares), (_, spans) = page.charts()
    assert shares.count('class="dot reactive') == spans.count('class="dot reactive') == 2
    assert 'role="img" aria-label="' in shares
    told = re.findall(r"[\d.]+(?= min)", shares + spans)
    assert "5" in told, "the minutes until 90 % had the second"


@on_sqlite
def test_nothing_strangers_wrote_is_markup(database: Database) -> None:
    two_releases(database)
    shown = written(page_of(database))
    assert "<script" not in shown
    assert "<b title" not in shown
    assert str(escape(MARKUP)) in shown
    assert not re.search(r'(?:src|href)="(?!https://)', shown)


def test_one_release_draws_no_trend_and_none_says_so(database: Database) -> None:
    assert "Rien n’a été envoyé depuis" in written(page_of(database))
    seed(database)
    assert "<svg" not in written(page_of(database))
    assert "Rien n’a été envoyé" in written(page_of(database, since=datetime(2027, 1, 1, tzinfo=UTC)))


@on_sqlite
def test_it_opens_without_a_word_of_complaint_for_everybody(database: Database, tmp_path: Path) -> None:
    two_releases(database)
    file = tmp_path / "temps.html"
    file.write_text(written(page_of(database)), "utf-8")
    assert opened(file, tmp_path / "profile", "--host-resolver-rules=MAP * ~NOTFOUND")[1] == ""
    assert violations(file, tmp_path / "profile") == []
