"""The real command on workbooks and cards: what comes in, what is told, and the rejects that come back."""

from __future__ import annotations

import json
from pathlib import Path

from commandtree import Run
from workbooks import altered, xlsx

from distributor.contacts.sources.reading import read_source

HEADER = ("Nom", "E-mail", "Téléphone", "Média")


def test_a_workbook_comes_in_and_its_rejects_come_back_mended(run: Run, folder: Path) -> None:
    sheets = {"Sport": [HEADER, ("Ève Roy", "eve@x.example", 612345678), ("Luc", "luc chez x")], "Notes": [["rien"]]}
    (folder / "presse.xlsx").write_bytes(xlsx(sheets))
    done = run("contacts", "import", str(folder / "presse.xlsx"), "--list", "Sport", workspace=folder)
    out = " ".join(done.stdout.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 new, 1 rejected" in out
    assert "sheet Sport, line 2: Ève Roy: Téléphone: the number 612345678 read as «0612345678»" in out
    assert "sheet Sport, line 3: rejected: E-mail: «luc chez x»" in out
    assert "«Notes»" in out
    rejects = (folder / "presse-rejects.xlsx").read_bytes()
    (table,) = read_source(rejects)
    assert table.header == (*HEADER, "Motif du rejet")
    mended = altered(rejects, "xl/sharedStrings.xml", lambda part: part.replace(b"luc chez x", b"luc@x.example"))
    (folder / "presse-rejects.xlsx").write_bytes(mended)
    again = run(
        "contacts", "import", str(folder / "presse-rejects.xlsx"), "--list", "Sport", "--json", workspace=folder
    )
    assert json.loads(again.stdout)["counts"]["new"] == 1


def test_cards_come_in_and_rejected_ones_are_kept_as_cards(run: Run, folder: Path) -> None:
    cards = "BEGIN:VCARD\nVERSION:3.0\nFN:Ève Roy\nEMAIL:eve@x.example\nEND:VCARD\nBEGIN:VCARD\nFN:Luc\nEND:VCARD\n"
    (folder / "contacts.vcf").write_text(cards, "utf-8")
    done = run("contacts", "import", str(folder / "contacts.vcf"), "--list", "Sport", workspace=folder)
    assert (done.returncode, "1 new, 1 rejected" in done.stdout) == (0, True)
    kept = (folder / "contacts-rejects.vcf").read_text("utf-8")
    assert kept.startswith("BEGIN:VCARD\nFN:Luc\nX-DISTRIBUTOR-REJECTED:")


def test_a_bomb_is_one_sentence(run: Run, folder: Path) -> None:
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    sheet = xlsx({"A": [HEADER]})
    bomb = altered(sheet, "xl/worksheets/sheet1.xml", lambda part: part.replace(b"</sheetData>", far))
    (folder / "liste.csv").write_bytes(bomb)  # whatever it calls itself
    done = run("contacts", "import", str(folder / "liste.csv"), "--list", "Sport", workspace=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "reaches from A1 to XFD1048576" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
