"""A folder of lists and the base: planned, then all or nothing; written back, the files are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from distributor.addresses import parse_address
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.lists import listmaking, press_lists
from distributor.contacts.lists.listfolder import INDEX, ListEntry, read_folder, read_index, write_index
from distributor.contacts.lists.listwriting import write_list
from distributor.contacts.lists.syncing import SyncPlan, sync_lists
from distributor.contacts.objections import suppression
from distributor.contacts.sources.csvfile import read_csv
from distributor.contacts.sources.reading import read_source
from distributor.contacts.sources.rows import SourceTable
from distributor.db.engine import Database
from distributor.errors import BadInput, Refused
from distributor.folding import slugify
from distributor.models import Audit, Contact, MediaList, MediaListDeparture
from distributor.tokens import Keyring

KEYRING = Keyring(b"k" * 32)
HEADER = "Civilité;Prénom;Nom;Média;Fonction;E-mail;Secteurs;Langue\n"
HELENE = "Mme;Hélène;Lefèvre;Le Jour;Cheffe;helene@jour.example;Économie;fr\n"
PAUL = "M.;Paul;Bois;Agence Nord;Reporter;paul@agence.example;Économie;fr\n"
ZOE = "Mme;Zoé;Clos;Scènes;Critique;zoe@scenes.example;Culture;fr\n"
LISTS_TOML = """[culture]
name = "Culture & scènes"

[eco-fr]
name = "Éco, en français"
sector = "Économie"
query = "sector:economie and language:fr"
"""
FOLDER = {"economie.csv": HEADER + HELENE + PAUL, "culture.csv": HEADER + ZOE + HELENE, INDEX: LISTS_TOML}

Folder = Mapping[str, str | bytes]


def run(base: Database, folder: Folder, *, agreed: SyncPlan | None = None, delete: bool = False) -> SyncPlan:
    content = {name: text.encode() if isinstance(text, str) else text for name, text in folder.items()}
    entries = read_folder(content.get(INDEX, b"").decode(), [name for name in content if name.endswith(".csv")])

    def open_file(name: str) -> Sequence[SourceTable]:
        return read_source(content[name], name=name)

    return sync_lists(base, entries, open_file, keyring=KEYRING, actor="anne", agreed=agreed, delete=delete)


def sync(base: Database, folder: Folder, *, delete: bool = False) -> SyncPlan:
    return run(base, folder, agreed=run(base, folder, delete=delete), delete=delete)


def export(base: Database) -> dict[str, bytes]:
    with base.session(reads_only=True) as session:
        lists = list(session.scalars(select(MediaList).order_by(col(MediaList.slug))))
        written = [write_list(session, one, KEYRING) for one in lists]
    files = {entry.file_name: content for entry, content in written if entry.file_name}
    return files | {INDEX: write_index(entry for entry, _ in written).encode()}


def people(base: Database, slug: str) -> list[str]:
    with base.session(reads_only=True) as session:
        return [one.first_name for one in press_lists.list_members(session, slug, KEYRING)]


def test_a_plan_writes_nothing_and_says_all(database: Database) -> None:
    plan = run(database, FOLDER)
    culture, eco_fr, economie = plan.lists
    assert (culture.slug, culture.about, len(culture.added)) == ("culture", ("new list",), 2)
    assert (economie.added, economie.created) == (
        ("Hélène Lefèvre <helene@jour.example>", "Paul Bois <paul@agence.example>"),
        1,
    )
    assert eco_fr.about == ("new list", "query: sector:economie and language:fr", "sector: Économie")
    with database.session(reads_only=True) as session:
        assert session.exec(select(Contact)).all() == []
        assert session.exec(select(MediaList)).all() == []


def test_the_base_agrees_and_a_second_time_there_is_nothing_to_do(database: Database) -> None:
    sync(database, FOLDER)
    assert people(database, "economie") == ["Hélène", "Paul"]
    assert sorted(people(database, "culture")) == ["Hélène", "Zoé"]
    assert people(database, "eco-fr") == ["Hélène", "Paul"]
    with database.session(reads_only=True) as session:
        assert press_lists.find_list(session, "culture").name == "Culture & scènes"
        assert len(session.exec(select(Audit).where(col(Audit.action) == "lists.sync")).all()) == 1
    assert run(database, FOLDER).is_nothing


def test_written_back_synced_and_written_again_the_files_are_the_same(database: Database) -> None:
    sync(database, FOLDER)
    files = export(database)
    assert set(files) == {"culture.csv", "economie.csv", INDEX}
    plan = run(database, files)
    assert plan.is_nothing, plan
    sync(database, files)
    assert export(database) == files


def test_an_edited_file_is_what_the_base_then_writes(database: Database) -> None:
    sync(database, FOLDER)
    files = export(database)
    text = files["economie.csv"].decode("utf-8-sig")
    edited = text.replace("Reporter", "Rédacteur en chef").splitlines(keepends=True)
    assert len(edited) == 3
    files["economie.csv"] = ("\ufeff" + "".join(line for line in edited if "Hélène" not in line)).encode()
    sync(database, files)
    assert export(database) == files
    assert people(database, "economie") == ["Paul"]


def test_a_list_of_nobody_goes_out_and_comes_back(database: Database) -> None:
    sync(database, FOLDER)
    with database.session() as session:
        listmaking.create_list(session, "Relance", keyring=KEYRING, actor="anne")
    assert run(database, export(database)).is_nothing
    emptied = run(database, export(database) | {"culture.csv": HEADER})
    assert [(one.slug, len(one.removed)) for one in emptied.lists if not one.is_nothing] == [("culture", 2)]


def test_who_is_not_in_the_file_any_more_leaves_the_list_and_stays_in_the_base(database: Database) -> None:
    sync(database, FOLDER)
    with database.session() as session:
        listmaking.add_members(session, press_lists.find_list(session, "economie"), ["zoe"], actor="anne")
    plan = sync(database, {**FOLDER, "economie.csv": HEADER + PAUL.replace("Reporter", "Chef")})
    (economie,) = [one for one in plan.lists if not one.is_nothing]
    assert economie.removed == ("Hélène Lefèvre <helene@jour.example>", "Zoé Clos <zoe@scenes.example>")
    assert [who for who, _ in economie.changed] == ["Paul Bois <paul@agence.example>"]
    assert people(database, "economie") == ["Paul"]
    with database.session(reads_only=True) as session:
        assert len(session.exec(select(Contact)).all()) == 3
        gone = session.exec(select(MediaListDeparture)).all()
    assert {(one.source, one.reason) for one in gone} == {("economie.csv", "not in the file any more")}


def test_lists_that_the_folder_has_not_stay_unless_told(database: Database) -> None:
    import_contacts(database, read_csv((HEADER + ZOE).encode(), name="z.csv"), list_name="Vieille", keyring=KEYRING)
    assert run(database, FOLDER).only_here == ("vieille",)
    sync(database, FOLDER)
    assert people(database, "vieille") == ["Zoé"]
    sync(database, FOLDER, delete=True)
    with database.session(reads_only=True) as session, pytest.raises(BadInput, match="no press list"):
        press_lists.find_list(session, "vieille")


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ({"a.csv": HEADER + HELENE + "Mme;Ada;Neuve;;;ada;;\n"}, "would be taken off"),
        ({"a.csv": HEADER + HELENE, INDEX: '[b]\nquery = "sectr:x"\n'}, "no field «sectr»"),
        ({"a.csv": HEADER + HELENE, INDEX: '[b]\nquery = "list:nulle"\n'}, "cannot be answered"),
        ({"a.csv": HEADER + HELENE, INDEX: '[b]\nquery = "list:b"\n'}, "defined by itself"),
        ({"a.csv": HEADER + HELENE, INDEX: '[a]\nquery = "name:x"\n'}, "Keep one of them"),
        ({INDEX: '[a]\nname = "A"\n'}, "neither a file a.csv nor a query"),
        ({"a.csv": HEADER + HELENE, "A.csv": HEADER + PAUL}, "are both the list «a»"),
        ({INDEX: "[a\n"}, "cannot be read"),
        ({INDEX: "[a]\nname = 3\n"}, "A text is expected"),
        ({INDEX: '[a]\nowner = "x"\n'}, "«owner» is not known"),
        ({INDEX: 'name = "x"\n'}, "«name» is no list"),
        ({"tous.csv": HEADER + HELENE}, "is a smart list in the base"),
        ({INDEX: '[vieille]\nquery = "name:x"\n'}, "has members in the base"),
    ],
)
def test_what_cannot_be_done_is_not_done_at_all(file_database: Database, folder: Folder, words: str) -> None:
    import_contacts(
        file_database, read_csv((HEADER + ZOE).encode(), name="z.csv"), list_name="Vieille", keyring=KEYRING
    )
    with file_database.session() as session:
        session.add(MediaList(slug="tous", name="Tous", query="name:any"))
    before = export(file_database)
    with pytest.raises(BadInput, match=words):
        run(file_database, folder)
    assert export(file_database) == before


def test_a_row_that_cannot_be_read_is_named_with_its_line(database: Database) -> None:
    with pytest.raises(BadInput) as caught:
        run(database, {"a.csv": HEADER + HELENE + "Mme;Ada;Neuve;;;ada;;\n"})
    assert (caught.value.file, caught.value.line) == ("a.csv", 3)


def test_a_base_that_changed_after_the_plan_is_left_alone(database: Database) -> None:
    plan = run(database, FOLDER)
    sync(database, {"economie.csv": HEADER + HELENE})
    with pytest.raises(Refused, match="has changed since"):
        run(database, FOLDER, agreed=plan)
    with database.session(reads_only=True) as session:
        assert len(session.exec(select(Contact)).all()) == 1


def test_rejects_files_are_no_lists() -> None:
    assert [one.slug for one in read_folder("", ["a.csv", "a-rejects.csv", "a-rejects-2.csv"])] == ["a"]


_TEXT = st.text(max_size=20)


@given(st.dictionaries(_TEXT.map(slugify).filter(bool), st.tuples(_TEXT.filter(bool), _TEXT, _TEXT), max_size=4))
def test_the_index_reads_back_whatever_the_names(lists: dict[str, tuple[str, str, str]]) -> None:
    entries = [
        ListEntry(slug, name=name, sector=about, query=query.strip()) for slug, (name, about, query) in lists.items()
    ]
    found = read_index(write_index(entries))
    assert {(one.slug, one.name, one.sector or "", one.query) for one in found.values()} == {
        (one.slug, one.name, one.sector, one.query) for one in entries
    }


def test_an_objection_kept_as_a_hash_goes_out_and_comes_back_without_a_change(database: Database) -> None:
    sync(database, FOLDER)
    with database.session() as session:
        suppression.add(session, KEYRING, parse_address("paul@agence.example"), reason="non", actor="anne")
    files = export(database)
    assert "oui" in files["economie.csv"].decode()
    plan = run(database, files)
    assert plan.is_nothing, plan
