"""Sectors by hand: two levels, renamed, moved, merged, deleted; no objection is ever forgotten by it."""

from __future__ import annotations

import pytest
from ledgerbase import KEYRING, add_deliveries
from sqlmodel import Session

from distributor.addresses import parse_address
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.lists.listmaking import create_list
from distributor.contacts.lists.press_lists import find_list, find_sector, list_members
from distributor.contacts.objections import suppression
from distributor.contacts.objections.objectors import Objectors
from distributor.contacts.people.sectors import (
    add_sector,
    delete_sector,
    merge_sectors,
    move_sector,
    rename_sector,
    tree,
)
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.errors import BadInput, Refused

LIST = """Nom;E-mail;Secteur
Aubry;helene@jour.example;Sport > Cyclisme
Bois;paul@soir.example;Sport
Clos;ines@fil.example;Culture, Vélo
"""
HELENE = "helene@jour.example"


@pytest.fixture
def base(database: Database) -> Database:
    import_contacts(database, read_csv(LIST.encode(), name="l.csv"), list_name="velo", sector="Vélo", keyring=KEYRING)
    return database


def object_(session: Session, scope: str) -> None:
    suppression.add(session, KEYRING, parse_address(HELENE), reason="no", scope=scope, actor="anne")


def forbids(session: Session, scope: str) -> bool:
    return Objectors(session, KEYRING).against(None, HELENE, [scope]) is not None


def shown(session: Session) -> list[tuple[str, str, int, int, int]]:
    return [(one.slug, one.parent, one.contacts, one.lists, one.objections) for one in tree(session)]


def test_the_tree_counts_contacts_lists_and_objections(base: Database) -> None:
    with base.session() as session:
        object_(session, "sport")
        assert shown(session) == [
            ("culture", "", 1, 0, 0), ("sport", "", 1, 0, 1), ("cyclisme", "sport", 1, 0, 0), ("velo", "", 3, 1, 0),
        ]  # fmt: skip


def test_there_are_two_levels(base: Database) -> None:
    with base.session() as session:
        sport, cycling, velo = (find_sector(session, name) for name in ("sport", "cyclisme", "vélo"))
        assert add_sector(session, "Rugby", parent=sport, actor="anne").parent_id == sport.id
        for act in (
            lambda: add_sector(session, "Piste", parent=cycling, actor="anne"),
            lambda: move_sector(session, velo, cycling, actor="anne"),
            lambda: move_sector(session, sport, velo, actor="anne"),
        ):
            with pytest.raises(BadInput, match="two levels"):
                act()
        with pytest.raises(BadInput, match="under itself"):
            move_sector(session, sport, sport, actor="anne")
        with pytest.raises(BadInput, match="already"):
            add_sector(session, "VÉLO", actor="anne")
        with pytest.raises(BadInput, match="cannot name"):
            add_sector(session, "…", actor="anne")


def test_a_renamed_sector_takes_its_objections_and_smart_lists_along(base: Database) -> None:
    with base.session() as session:
        object_(session, "cyclisme")
        create_list(session, "Roues", query='sector:"cyclisme" and not sector:culture', actor="anne", keyring=KEYRING)
        assert rename_sector(session, find_sector(session, "cyclisme"), "Deux-roues", actor="anne") == 1
    with base.session() as session:
        assert forbids(session, "deux-roues")
        assert forbids(session, "cyclisme")  # a release may still call it so
        assert find_list(session, "roues").query == "sector:deux-roues and not sector:culture"
        assert [one.last_name for one in list_members(session, "roues", KEYRING)] == ["Aubry"]
        assert rename_sector(session, find_sector(session, "deux-roues"), "DEUX ROUES", actor="anne") == 0
        with pytest.raises(BadInput, match="already"):
            rename_sector(session, find_sector(session, "sport"), "culture", actor="anne")


def test_who_objected_to_the_parent_goes_on_objecting_to_a_child_that_moves_away(base: Database) -> None:
    with base.session() as session:
        object_(session, "sport")
        assert forbids(session, "cyclisme")
        assert move_sector(session, find_sector(session, "cyclisme"), None, actor="anne") == 1
        assert forbids(session, "cyclisme")
        assert (
            move_sector(session, find_sector(session, "cyclisme"), find_sector(session, "culture"), actor="anne") == 0
        )


@pytest.mark.parametrize("scope", ["cyclisme", "sport"])
def test_merged_sectors_join_contacts_lists_and_objections(base: Database, scope: str) -> None:
    with base.session() as session:
        object_(session, scope)
        carried = merge_sectors(session, find_sector(session, "velo"), find_sector(session, "cyclisme"), actor="anne")
        assert carried == 1
        assert forbids(session, "velo")
        assert [(one[0], one[2], one[3]) for one in shown(session)] == [
            ("culture", 1, 0),
            ("sport", 1, 0),
            ("velo", 3, 1),
        ]


def test_a_parent_merged_into_its_child_leaves_the_child_on_top(base: Database) -> None:
    with base.session() as session:
        cycling = find_sector(session, "cyclisme")
        merge_sectors(session, cycling, find_sector(session, "sport"), actor="anne")
        assert [one[:3] for one in shown(session)] == [("culture", "", 1), ("cyclisme", "", 2), ("velo", "", 3)]
        with pytest.raises(BadInput, match="one sector already"):
            merge_sectors(session, cycling, cycling, actor="anne")


def test_children_do_not_become_a_third_level_by_a_merge(base: Database) -> None:
    with base.session() as session:
        rugby = add_sector(session, "Rugby", parent=find_sector(session, "culture"), actor="anne")
        with pytest.raises(BadInput, match="stand others"):
            merge_sectors(session, rugby, find_sector(session, "sport"), actor="anne")


def test_a_sector_in_use_by_others_is_not_deleted_and_objections_stay(base: Database) -> None:
    with base.session() as session:
        create_list(session, "Roues", query="sector:culture", actor="anne", keyring=KEYRING)
        object_(session, "velo")
        with pytest.raises(BadInput, match="stand others: cyclisme"):
            delete_sector(session, find_sector(session, "sport"), actor="anne")
        with pytest.raises(BadInput, match="smart list roues asks"):
            delete_sector(session, find_sector(session, "culture"), actor="anne")
        delete_sector(session, find_sector(session, "velo"), actor="anne")
        assert "velo" not in [one.slug for one in tree(session)]
        assert forbids(session, "velo")
        assert len(list(list_members(session, "velo", KEYRING))) == 3


@pytest.mark.parametrize("column", ["sector_slug", "release_sector_slug"])
def test_nothing_is_renamed_under_messages_that_wait(base: Database, column: str) -> None:
    add_deliveries(base, 1, **{"sector_slug": "", column: "sport"})
    with base.session() as session:
        sport = find_sector(session, "sport")
        for act in (
            lambda: rename_sector(session, sport, "Sports", actor="anne"),
            lambda: merge_sectors(session, find_sector(session, "velo"), sport, actor="anne"),
        ):
            with pytest.raises(Refused, match="still waits to send"):
                act()
