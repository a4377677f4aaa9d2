"""The real import command: killed in the middle, twice at once, dry, and again: the base is whole, or as it was."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from office import Office, finish, invent, until, write_list

MANY = 8000


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An empty workspace, not to be changed."""
    made = Office(tmp_path_factory.mktemp("empty") / "press")
    made.run("init")
    return made


@pytest.fixture
def new(empty: Office, tmp_path: Path) -> Office:
    """An empty workspace of this test's own."""
    return empty.copied_to(tmp_path)


def digest(office: Office) -> str:
    """What the database file is, byte for byte."""
    return hashlib.sha256((office.path / "press.db").read_bytes()).hexdigest()


def long_list(folder: Path) -> Path:
    """A list that takes a while."""
    return write_list(folder / "long.csv", invent(MANY, sector="social"))


def test_an_import_killed_in_the_middle_leaves_the_base_as_it_was(new: Office, tmp_path: Path) -> None:
    new.run("contacts", "import", str(write_list(tmp_path / "before.csv", invent(5, mark="x"))), "--list", "before")
    before = new.contents()
    journal = new.path / "press.db-wal"
    killed = new.start("contacts", "import", str(long_list(tmp_path)), "--list", "social")
    # What does not fit into memory any more is in the journal long before the end.
    until(lambda: journal.exists() and journal.stat().st_size > 500_000, "it had begun to write", process=killed)
    killed.kill()
    finish(killed, -9)
    assert new.contents() == before
    new.run("contacts", "import", str(tmp_path / "long.csv"), "--list", "social")
    assert new.query("SELECT count(*) FROM media_list_member")[0][0] == MANY + 5


def test_an_import_that_must_wait_says_so_and_goes_on(new: Office, tmp_path: Path) -> None:
    file = write_list(tmp_path / "list.csv", invent(5))
    with closing(sqlite3.connect(new.path / "press.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = new.start("contacts", "import", str(file), "--list", "social")
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == "Another command is writing to the contact base; waiting for it.\n"
        other.execute("ROLLBACK")
    assert "5 new" in finish(waiting, 0).out


def test_a_dry_run_says_all_and_writes_not_a_byte(new: Office, tmp_path: Path) -> None:
    file = write_list(tmp_path / "list.csv", invent(5))
    before = digest(new)
    dry = new.json("contacts", "import", str(file), "--list", "social", "--dry-run", "--save-mapping", "x")
    assert (dry["counts"]["new"], len(dry["rows"])) == (5, 5)
    assert digest(new) == before


def test_the_same_file_again_writes_not_a_byte(new: Office, tmp_path: Path) -> None:
    file = write_list(tmp_path / "list.csv", invent(50))
    first = new.json("contacts", "import", str(file), "--list", "social")
    before = digest(new)
    again = new.json("contacts", "import", str(file), "--list", "social")
    assert (first["counts"]["new"], again["counts"]["unchanged"]) == (50, 50)
    assert digest(new) == before
    assert set(again["rows"][0]) == {"line", "result", "address", "name", "changes", "reason", "sheet"}


def test_columns_are_mapped_and_the_mapping_is_kept_on_the_command_line(new: Office, tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text("Joindre;Patronyme\nanne@journal.example;Martin\nnul;Duval\n", encoding="utf-8")
    maps = ["--map", "Joindre=address", "--map", "Patronyme=last_name"]
    ran = new.run("contacts", "import", str(file), "--list", "a", *maps, "--save-mapping", "odd")
    again = "--list a --source odd.csv --map Joindre=address --map Patronyme=last_name"
    assert again in ran.out  # for the rejects file
    ran = new.run("contacts", "import", str(file), "--list", "b")
    assert "Columns read by the saved mapping «odd»." in ran.out
    assert new.json("contacts", "mappings")[0]["columns"] == {"Joindre": "address", "Patronyme": "last_name"}


def test_what_a_second_mend_leaves_is_numbered(new: Office, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("Nom;E-mail\nMartin;nul\nDuval;rien\n", encoding="utf-8")
    for name in ("odd.csv", "odd-rejects.csv", "odd-rejects-2.csv"):
        new.run("contacts", "import", str(tmp_path / name))
    left = {"odd.csv", "odd-rejects.csv", "odd-rejects-2.csv", "odd-rejects-3.csv"}
    assert {one.name for one in tmp_path.glob("odd*")} == left


def test_a_sector_that_there_is_not_comes_with_the_command_that_makes_it(new: Office) -> None:
    for known in ("", "The sectors are: culture. "):
        ran = new.run("lists", "create", "Presse", "--sector", "Économie", code=2)
        way = "distributor sectors add 'Économie'"
        assert ran.err == f"There is no sector «Économie». {known}To make it: {way}\n"
        if not known:
            new.run("sectors", "add", "Culture")


def test_provenance_is_said_for_the_whole_file(new: Office, tmp_path: Path) -> None:
    file = write_list(tmp_path / "list.csv", invent(2))
    said = ("--source", "Salon de mai", "--legal-basis", "consent", "--collected-on", "12/05/2026")
    new.run("contacts", "import", str(file), *said)
    found = new.query("SELECT DISTINCT source, legal_basis, substr(collected_at, 1, 10) FROM contact")
    assert found == [("Salon de mai", "consent", "2026-05-12")]
    assert new.query("SELECT count(*) FROM media_list_member") == [(0,)]


def test_json_of_a_file_of_bad_rows_is_json(new: Office, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("E-mail\nnul\n", encoding="utf-8")
    ran = new.run("contacts", "import", str(file), "--list", "a", "--json")
    (row,) = json.loads(ran.out)["rows"]
    assert (row["line"], row["result"]) == (2, "rejected")


def test_what_is_said_to_mend_columns_that_nothing_names_can_be_done_for_blocks_of_lines(
    new: Office, tmp_path: Path
) -> None:
    """A row of names can be put above a table, but above no blocks: whatever is said to be done reads them aright."""
    file = tmp_path / "blocs.txt"
    file.write_text(
        "Quotidien du Soir\nAnne Martin\nanne.martin@qds.example\n\n"
        "Libre Ouest\nLuc Petit\nluc.petit@lo.example\n\nLisière\nZoé Perçin\nzoe.percin@rl.example\n",
        encoding="utf-8",
    )
    said = new.run("contacts", "import", str(file), "--list", "presse", "--dry-run").out
    assert "column 2 as «Full name»" in said
    (advice,) = re.findall(r"Where that is wrong: (--map '(.+?)=FIELD')", " ".join(said.split()))
    assert advice == ("--map 'Column 1=FIELD'", "Column 1")
    new.run("contacts", "import", str(file), "--list", "presse", "--map", f"{advice[1]}=outlet")
    assert {one["outlet"] for one in new.json("contacts", "list")} == {"Quotidien du Soir", "Libre Ouest", "Lisière"}
