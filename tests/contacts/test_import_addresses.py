"""Second addresses, on both engines: one person once, an address never of two people, a nameless row split."""

from __future__ import annotations

from collections.abc import Sequence

from ledgerbase import KEYRING
from sqlmodel import select
from test_importing import dump, load, members, results

from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.intake.report import ImportReport
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.models import Affiliation, Contact

ANNE = "Mme;Anne;Martin;Le Journal;Journaliste;Économie;anne@journal.example;01 02;fr;Économie;;Brest\n"
BOTH = ANNE.replace("anne@journal.example", "anne@journal.example, anne@perso.example")


def owners(database: Database) -> dict[str, str]:
    """Whose each address is: address → the owner's main one."""
    with database.session() as session:
        rows = session.exec(select(Contact)).all()
    by_id = {row.id: row for row in rows}
    return {str(row.address): str(by_id[row.same_as_id or row.id].address) for row in rows}


def told(report: ImportReport, index: int = 0) -> str:
    """What was told of a row."""
    return " | ".join(report.outcomes[index].changes)


def test_a_second_address_of_a_named_person_is_theirs_and_found_again(database: Database) -> None:
    report = load(database, BOTH)
    assert results(report) == ["new"]
    assert "second address: anne@perso.example" in told(report)
    assert owners(database) == {
        "anne@journal.example": "anne@journal.example",
        "anne@perso.example": "anne@journal.example",
    }
    assert [member.address for member in members(database)] == ["anne@journal.example"]
    again = load(database, ANNE.replace("anne@journal", "ANNE@perso").replace("01 02", "09 09"))
    assert results(again) == ["updated"]
    assert "is a second address of Anne Martin <anne@journal.example>" in told(again)
    (anne,) = members(database)
    assert (anne.address, anne.phone) == ("anne@journal.example", "09 09")


def test_who_is_written_to_at_a_second_address_is_not_renamed(database: Database) -> None:
    load(database, BOTH)
    report = load(database, "M.;Paul;Duval;;;;anne@perso.example;;;;;\n")
    assert "last_name: «Duval» left aside, this is a second address of Anne Martin" in told(report)
    assert [member.name for member in members(database)] == ["Anne Martin"]


def test_an_objection_at_a_second_address_is_the_persons(database: Database) -> None:
    load(database, BOTH)
    load(database, ";;;;;;anne@perso.example;;;;désinscrite;\n")
    assert members(database)[0].opted_out


def test_an_address_never_belongs_to_two_people(database: Database) -> None:
    paul = "M.;Paul;Duval;Le Journal;;;paul@journal.example, {};;fr;;;\n"
    desk = "redaction@journal.example"
    load(database, ANNE.replace("anne@journal.example", f"anne@journal.example, {desk}"))
    report = load(database, paul.format(desk))
    assert f"«{desk}» left aside: it belongs to Anne Martin" in told(report)
    report = load(database, paul.format("anne@journal.example"), name="juin.csv")
    assert "distributor contacts merge paul@journal.example anne@journal.example" in told(report)
    assert owners(database)[desk] == "anne@journal.example"
    assert len(members(database)) == 2


def test_a_known_person_at_a_new_address_is_that_person(database: Database) -> None:
    load(database, ANNE)
    report = load(database, ANNE.replace("anne@journal.example", "a.martin@autre.example, anne@journal.example"))
    assert results(report) == ["updated"]
    assert owners(database)["a.martin@autre.example"] == "anne@journal.example"
    stranger = ANNE.replace("Martin", "Morin").replace("anne@journal.example", "morin@x.example, anne@journal.example")
    assert results(load(database, stranger)) == ["new"]


def test_two_rows_of_one_person_under_two_addresses_are_merged(database: Database) -> None:
    report = load(database, BOTH, ANNE.replace("anne@journal", "anne@perso").replace("Le Journal", "Télé Sud"))
    assert results(report) == ["new", "merged"]
    assert len(members(database)) == 1


def test_two_addresses_without_a_name_are_split(database: Database) -> None:
    row = ";;;Le Journal;;;culture@journal.example / social@journal.example;;;;;\n"
    report = load(database, row)
    assert results(report) == ["split", "split"]
    assert "2 addresses and no name: 2 contacts" in told(report)
    assert results(load(database, row)) == ["unchanged", "unchanged"]
    assert [member.address for member in members(database)] == ["culture@journal.example", "social@journal.example"]


def test_the_same_addresses_again_change_nothing(database: Database) -> None:
    lines = (BOTH, ";;;X;;;a@x.example;;;;;\n", ANNE.replace("anne@journal.example", "anne@perso.example, a@x.example"))
    load(database, *lines)
    before = dump(database)
    assert set(results(load(database, *lines))) == {"unchanged"}
    assert dump(database) == before


def import_columns(database: Database, header: str, *rows: str, **options: object) -> ImportReport:
    """Import rows under a header of their own."""
    data = "".join(f"{line}\n" for line in (header, *rows)).encode()
    return import_contacts(
        database, read_csv(data, name="a.csv"), **({"list_name": "Presse"} | options), keyring=KEYRING
    )  # type: ignore[arg-type]  # a test's options


def affiliations(database: Database) -> Sequence[Affiliation]:
    """Every affiliation."""
    with database.session() as session:
        return session.exec(select(Affiliation).order_by(Affiliation.id)).all()  # type: ignore[arg-type]  # a column


def test_an_address_at_an_outlet_is_used_there_and_is_the_persons(database: Database) -> None:
    header = "E-mail;Nom;Prénom;Média;E-mail dans ce média;Dans ce média depuis"
    row = "anne@perso.example;Martin;Anne;Le Journal;a.martin@journal.example;1er mars 2024"
    import_columns(database, header, row)
    (post,) = affiliations(database)
    assert (post.address, str(post.valid_from)) == ("a.martin@journal.example", "2024-03-01")
    assert owners(database)["a.martin@journal.example"] == "anne@perso.example"
    assert [member.address for member in members(database)] == ["a.martin@journal.example"]
    before = dump(database)
    assert results(import_columns(database, header, row)) == ["unchanged"]
    assert dump(database) == before
    ended = import_columns(database, f"{header};Dans ce média jusqu'au", f"{row};30/06/2026")
    assert results(ended) == ["updated"]
    assert [str(post.valid_to) for post in affiliations(database)] == ["2026-06-30"]
