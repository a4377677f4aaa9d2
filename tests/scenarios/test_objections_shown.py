"""Whoever looks a journalist up sees that they said no, whatever said so, and every address and post of theirs."""

from __future__ import annotations

from pathlib import Path

from office import Office

ROWS = (
    "Prénom;Nom;E-mail;Autre e-mail;Média;Rubrique;Notes\n"
    "Hélène;Aubry;helene@jour.example;h.aubry@maison.example;Le Jour;Économie;\n"
    "Hélène;Aubry;helene@jour.example;;Scènes;Culture;\n"
    "Paul;Bois;paul@soir.example;;Le Soir;;A demandé à ne plus recevoir nos mails\n"
    "Inès;Clos;ines@fil.example;;Stop Pub magazine;;Suit «STOP à la précarité»\n"
)


def test_objections_are_seen_wherever_a_contact_is(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "pige.csv"
    file.write_text(ROWS, encoding="utf-8")
    office.run("contacts", "import", str(file), "--list", "pige")
    said = office.run("suppressions", "add", "h.aubry@maison.example", "--source", "phone").out
    assert "Nobody in the base" not in said
    for ran in (office.run("contacts", "list", "--list", "pige"), office.run("lists", "show", "pige")):
        helene, paul, ines = (
            next(line for line in ran.out.splitlines() if name in line) for name in ("helene@", "paul@", "ines@")
        )
        assert "objected on " in helene
        assert "never mailed" in helene
        assert "objected (the press list says so) — never mailed" in paul
        assert "objected" not in ines
    shown = office.run("contacts", "show", "helene@jour.example").out
    assert "h.aubry@maison.example" in shown
    assert "Scènes, Culture" in shown
    assert "Le Jour, Économie" in shown
    assert "never mailed" in shown
    known = office.json("contacts", "show", "h.aubry@maison.example")
    assert known["addresses"] == ["helene@jour.example", "h.aubry@maison.example"]
    assert [one["outlet"] for one in known["affiliations"]] == ["Le Jour", "Scènes"]
    assert [(one["scope"], one["source"]) for one in known["objections"]] == [("", "phone")]
    assert office.json("suppressions", "check", "paul@soir.example")["objected"] is True
    assert office.json("suppressions", "check", "ines@fil.example")["objected"] is False


def test_an_objection_of_somebody_unknown_is_kept_and_said_to_be(office: Office) -> None:
    said = office.run("suppressions", "add", "personne@ailleurs.example").out
    assert "Nobody in the base has this address; the objection is kept all the same." in said
    assert office.json("suppressions", "check", "personne@ailleurs.example")["objected"] is True
