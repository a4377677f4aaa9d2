"""What is held on a person: every table that can refer to one is read, named in two languages, and shown."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from databases import on_sqlite
from ledgerbase import KEYRING
from people import ADDRESS, SECOND, add_everybody, add_history
from sqlmodel import SQLModel

from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.privacy.data import Held, collect, references
from distributor.privacy.page import TITLES, held_as_page
from distributor.privacy.subject import find_subject


def held(database: Database, who: str = ADDRESS) -> Held:
    """All that is held on somebody."""
    with database.session() as session:
        return collect(session, KEYRING, find_subject(session, who))


def test_every_table_with_a_reference_to_a_person_is_there_and_has_a_title(database: Database) -> None:
    add_history(database, add_everybody(database))
    found = held(database)
    about = {
        table.name
        for table in SQLModel.metadata.tables.values()
        if references(table, "contact") or references(table, "delivery")
    }
    assert about | {"contact", "suppression", "audit"} == set(found.rows) == set(TITLES)
    assert [name for name, rows in found.rows.items() if not rows] == []


def test_the_rows_are_hers_and_nobody_elses(database: Database) -> None:
    her = add_everybody(database)
    mine = add_history(database, her)
    found = held(database, SECOND)
    assert [row["address"] for row in found.rows["contact"]] == [ADDRESS, SECOND]
    assert [row["id"] for row in found.rows["delivery"]][:2] == mine
    assert len(found.rows["delivery"]) == 3  # a test was written as for her
    assert {row["delivery_id"] for row in found.rows["attempt"]} == set(mine)
    assert [row["digest"] for row in found.rows["feedback_event"]] == ["b1"]
    assert found.rows["affiliation"][0]["outlet"] == "Voix d’Iroise"
    assert found.rows["media_list_member"][0]["media_list"] == "Santé"
    assert [row["scope"] for row in found.rows["suppression"]] == ["sport"] * 3  # under each of her addresses
    assert found.lists == ("sante",)
    assert "Abgrall" not in str(found.as_json())


@on_sqlite
def test_the_page_speaks_the_readers_language_and_escapes(database: Database) -> None:
    add_history(database, add_everybody(database))
    zone = ZoneInfo("Europe/Paris")
    page = held_as_page(held(database), organisation="La <Halle>", contact_address="presse@halle.example", zone=zone)
    assert '<html lang="fr">' in page
    assert "La &lt;Halle&gt;" in page
    assert "Communiqués envoyés" in page
    assert "06 99 00 12 34" in page
    assert "user helene.quemere unknown" in page


def test_a_stranger_is_told(database: Database) -> None:
    with pytest.raises(BadInput, match="Nothing is held"):
        held(database, "nobody@x.example")
