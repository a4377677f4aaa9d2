"""Keeping the contact base by the command line: added, edited, found, merged, and made two again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from distributor.cli.app import run as run_here

Said = Callable[..., str]


@pytest.fixture
def say(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Said:
    """Runs the command line in the workspace; what it says. `code` is the exit code it must have."""

    def run(*arguments: str, code: int = 0) -> str:
        monkeypatch.setattr("sys.argv", ["distributor", "--workspace", str(folder), *arguments])
        found = run_here()
        out, err = capfd.readouterr()
        assert found == code, (found, out, err)
        return out if code == 0 else err

    return run


ZOE, OTHER = "zoe@fil.example", "zoe.vidal@libre.example"


def add(say: Said, address: str, *more: str) -> str:
    return say("contacts", "add", address, "--first", "Zoé", "--last", "Vidal", "--outlet", "Le Fil", *more)


def loaded(text: str) -> Any:
    return json.loads(text)


def test_a_contact_from_hand_to_hand(say: Said) -> None:
    assert "zoe@fil.example: added." in add(say, ZOE, "--sector", "Culture", "--list", "Presse", "--set", "a=b")
    add(say, OTHER, "--phone", "01 99 00 00 01")
    edited = say("contacts", "edit", ZOE, "--phone", "02", "--address", "z.vidal@fil.example", "--confirm")
    assert "phone: «02»" in edited
    assert "address: «zoe@fil.example» → «z.vidal@fil.example»" in edited
    (pair,) = loaded(say("contacts", "duplicates", "--json"))
    assert pair["command"] == f"distributor contacts merge z.vidal@fil.example {OTHER}"
    shown = say("contacts", "merge", ZOE, OTHER, "--keep", "phone=B", "--yes")
    assert "They are one contact now, z.vidal@fil.example (merge 1)." in shown
    assert say("contacts", "list", "--search", "vidal").endswith("1 contact.\n")
    one = loaded(say("contacts", "show", OTHER, "--json"))
    assert set(one["addresses"]) == {"z.vidal@fil.example", ZOE, OTHER}
    assert (one["phone"], one["lists"], one["fields"]) == ("01 99 00 00 01", ["presse"], {"a": "b"})
    assert one["memberships"][0]["list"] == "presse"
    kinds = [event["kind"] for event in loaded(say("contacts", "history", "z.vidal@fil.example", "--json"))]
    assert {"met", "added", "edited", "joined", "merged", "confirmed"} <= set(kinds)
    assert "are two contacts again (merge 1)" in say("contacts", "merge", "--undo", ZOE, OTHER)
    assert loaded(say("contacts", "show", OTHER, "--json"))["addresses"] == [OTHER]
    say("contacts", "duplicates", "--dismiss", ZOE, OTHER)
    assert loaded(say("contacts", "duplicates", "--json")) == []


def test_a_dry_run_says_the_same_and_writes_nothing(say: Said) -> None:
    assert "this is what would change" in add(say, ZOE, "--dry-run")
    assert "No contact has" in say("contacts", "show", ZOE, code=2)
    add(say, ZOE)
    assert "phone: «02»" in say("contacts", "edit", ZOE, "--phone", "02", "--dry-run")
    assert loaded(say("contacts", "show", ZOE, "--json"))["phone"] == ""
    add(say, OTHER)
    say("contacts", "merge", ZOE, OTHER, "--dry-run")
    assert say("contacts", "list", "--search", "vidal").endswith("2 contacts.\n")
    say("contacts", "merge", ZOE, OTHER, "--yes")
    assert "would be two" in say("contacts", "merge", "--undo", "1", "--dry-run")
    assert say("contacts", "list", "--search", "vidal").endswith("1 contact.\n")


def test_a_merge_asks_first(say: Said) -> None:
    add(say, ZOE)
    add(say, OTHER)
    assert "wants a yes" in say("contacts", "merge", ZOE, OTHER, code=2)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("contacts edit helene@jour.example", "Nothing is asked to be changed."),
        ("contacts edit helene@jour.example --set a", "--set: «a» sets nothing."),
        ("contacts edit helene@jour.example --add-address paul@soir.example", "belongs to Paul Bois."),
        ("contacts add helene@jour.example", "already. Change it with: distributor contacts edit"),
        ("contacts add nobody", "«nobody» is not an e-mail address"),
        ("contacts add a@x.example,b@x.example", "is more than one address"),
        ("contacts add a@x.example --list nulle", "There is no press list «nulle»."),
        ("contacts merge helene@jour.example", "Two contacts make one."),
        ("contacts merge helene@jour.example paul@soir.example --keep phone", "--keep: «phone» chooses nothing."),
        ("contacts merge --undo helene@jour.example", "There is no merge of these to undo."),
        ("contacts merge --undo 99999999999999999999", "larger than any"),
        ("contacts list --state asleep", "--state: «state» has no «asleep»."),
        ("contacts list --where langage:fr", "there is no field «langage»"),
        ("outlets show nul", "There is no outlet «nul»."),
        ("outlets edit jour", "Nothing is asked to be changed."),
        ("sectors move culture", "It must be said where to."),
        ("sectors add culture", "There is a sector «culture» already."),
    ],
)
def test_a_mistake_is_one_sentence(say: Said, command: str, why: str) -> None:
    said = say(*command.split(), code=2)
    assert why in said


def test_a_listing_is_cut_and_says_so(say: Said) -> None:
    assert say("contacts", "list", "--limit", "1").endswith("2 contacts; 1 are shown, --limit 0 shows all.\n")
    assert len(loaded(say("contacts", "list", "--limit", "1", "--json"))) == 2
    assert [one["address"] for one in loaded(say("contacts", "list", "--outlet", "jour", "--json"))] == [
        "helene@jour.example"
    ]


def test_outlets_and_sectors(say: Said) -> None:
    say("outlets", "edit", "Le Jour", "--kind", "PQR", "--region", "Bretagne")
    assert loaded(say("outlets", "list", "--kind", "pqr", "--json"))[0]["region"] == "Bretagne"
    add(say, ZOE, "--outlet", "LeJour.fr")
    assert "outlets merge" in say("outlets", "list", "--doubles")
    assert "Make" not in say("outlets", "merge", "Le Jour", "lejour fr", "--yes")
    assert "It is now «Le Nouveau Jour»." in say("outlets", "rename", "le jour", "Le Nouveau Jour")
    assert "Zoé Vidal" in say("outlets", "show", "le nouveau jour")
    say("sectors", "add", "Musique", "--under", "Culture")
    say("sectors", "rename", "musique", "Opéra")
    assert "  opera" in say("sectors", "list")
    say("sectors", "move", "opera", "--top")
    say("sectors", "merge", "opera", "culture", "--yes")
    assert [(one["slug"], one["contacts"]) for one in loaded(say("sectors", "list", "--json"))] == [("opera", 2)]
    say("sectors", "delete", "opera", "--yes")
    assert loaded(say("sectors", "list", "--json")) == []


def test_notes_that_may_not_be_kept_come_with_the_whole_command(say: Said) -> None:
    add(say, ZOE, "--note", "syndiquée à la FO", "--note-to-send", "Bon rétablissement après votre cancer")
    said = say("contacts", "notes-check")
    assert f"Mend: distributor contacts edit {ZOE} --note TEXT\n" in said
    assert f"Mend: distributor contacts edit {ZOE} --note-to-send TEXT\n" in said
    say("contacts", "edit", ZOE, "--note", "", "--note-to-send", "")
    assert "Nothing to object to" in say("contacts", "notes-check")


def test_forgetting_names_each_export_that_may_hold_the_person(say: Said, tmp_path: Path) -> None:
    add(say, ZOE)
    say("lists", "export", str(tmp_path / "listes"))
    say("contacts", "export", "-")
    said = say("contacts", "forget", ZOE, "--yes")
    assert f", to {tmp_path / 'listes'}.\n" in said
    assert ", on standard output, to wherever that went.\n" in said
