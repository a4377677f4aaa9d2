"""What is printed: JSON that parses, no escape codes where no terminal is, text that is never markup."""

from __future__ import annotations

import contextlib
import io
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from commandtree import Run, clean_environment, on_a_terminal

from distributor.cli.app import run as run_here
from distributor.cli.terminal import output
from distributor.errors import BadInput

ESCAPE = "\x1b"
LISTINGS = ("contacts list", "lists list", "releases list", "dispatches list", "suppressions list")
SHOWS = (
    "contacts show helene@jour.example",
    "lists show presse",
    "releases show halle",
    "dispatches show 1",
    "report halle",
    "report 1",
    "suppressions check paul@soir.example",
)
OTHERS = ("send halle --list presse --dry-run", "releases proof halle --list presse")


@pytest.fixture(scope="module")
def said(prepared: Path) -> dict[str, Any]:
    """What every command says with `--json`, in this process: exit code and output, by command."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - clean_environment().keys():
            patch.delenv(name)
        for line in (*LISTINGS, *SHOWS, *OTHERS):
            patch.setattr("sys.argv", ["distributor", "--workspace", str(prepared), *line.split(), "--json"])
            with contextlib.redirect_stdout(io.StringIO()) as out:
                code = run_here()
            found[line] = code, out.getvalue()
    return found


@pytest.mark.parametrize("command", LISTINGS)
def test_a_listing_is_an_array_of_objects(said: dict[str, Any], command: str) -> None:
    code, text = said[command]
    assert code == 0
    rows = json.loads(text)
    assert isinstance(rows, list)
    assert all(isinstance(row, dict) for row in rows)
    assert rows or command == "suppressions list"


@pytest.mark.parametrize("command", [*SHOWS, OTHERS[0]])
def test_a_show_is_one_object(said: dict[str, Any], command: str) -> None:
    code, text = said[command]
    assert code in {0, 5}
    assert isinstance(json.loads(text), dict)


def test_the_proof_is_an_array_of_findings(said: dict[str, Any]) -> None:
    code, text = said[OTHERS[1]]
    assert code in {0, 3}
    assert all({"code", "level", "message", "line", "mend"} <= set(one) for one in json.loads(text))


def test_dispatches_have_their_documented_keys(said: dict[str, Any]) -> None:
    keys = {
        "id", "release", "headline", "version", "state", "stopped", "pause_reason", "is_test", "lists",
        "excluded_lists", "created_at", "scheduled_at", "not_after", "started_at", "finished_at", "next_attempt_at",
        "waits_until", "waits_for", "waves", "held", "account", "then", "takeover", "sign_offs", "total", "totals",
    }  # fmt: skip
    (row,) = json.loads(said["dispatches list"][1])
    assert set(row) == keys
    assert (row["release"], row["state"], row["totals"]["accepted"]) == ("halle", "done", 2)
    assert datetime.fromisoformat(row["created_at"]).utcoffset() is not None
    assert set(json.loads(said["dispatches show 1"][1])) == keys | {"in_doubt", "to_be_withheld", "waits", "workers"}


def test_the_report_has_its_documented_keys(said: dict[str, Any]) -> None:
    found = json.loads(said["report halle"][1])
    assert list(found) == [
        "release", "headline", "dispatches", "totals", "assumed_sent", "to_be_withheld", "by_sector", "by_domain",
        "chain", "by_wave", "follow_ups",
        "recipients",
    ]  # fmt: skip
    assert found["totals"]["accepted"] == len(found["recipients"]) == 2
    wanted = {"address", "name", "state", "code", "enhanced_code", "reply", "attempts", "message_id", "accepted_at"}
    assert all(wanted <= set(one) for one in found["recipients"])
    assert found == json.loads(said["report 1"][1])


def test_in_a_pipe_there_are_no_escape_codes_and_names_are_as_written(run: Run, prepared: Path) -> None:
    shown = run("report", "halle", workspace=prepared)
    assert shown.returncode == 0
    assert ESCAPE not in shown.stdout + shown.stderr
    assert "Hélène [bold]Aubry[/bold]" in shown.stdout


def test_what_is_too_long_for_a_terminal_goes_on_further_in(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "capitals.csv"
    file.write_text("Prénom;Nom;E-mail\nJEAN-BAPTISTE;D'ARCEAU-KERVELLA;jb(at)jour.example\n;;nobody\n", "utf-8")
    shown = on_a_terminal("contacts", "import", str(file), "--dry-run", workspace=folder, COLUMNS="60", NO_COLOR="1")
    under = shown[shown.index("  Read as") :].splitlines()
    assert max(map(len, under)) <= 60
    assert all(line.startswith(("  Read as", "  line ", " " * 6)) for line in under)
    assert "«D'Arceau-Kervella»" in " ".join(shown.split())
    assert "  line 3: rejected: " in shown


def test_an_address_that_agreed_to_an_embargo_is_whole_on_a_narrow_terminal(run: Run, folder: Path) -> None:
    address = "wout.lambrechts@agence-boreale.example"
    under = folder / "pont.md"
    text = "---\ntitle: Le pont rouvre\nembargo: 2099-01-05T18:00\n---\n\nLe pont rouvre lundi.\n"
    under.write_text(text, "utf-8")
    assert run("releases", "import", str(under), "--slug", "pont", workspace=folder).returncode == 0
    name = ("--first", "Jean-Wout", "--last", "Lambrechts")
    assert run("contacts", "add", address, *name, workspace=folder).returncode == 0
    how = ("--how", "téléphone")
    assert run("releases", "accept-embargo", "pont", address, *how, workspace=folder).returncode == 0
    shown = on_a_terminal("releases", "embargo", "pont", workspace=folder, COLUMNS="80", NO_COLOR="1")
    assert address in shown


def test_on_a_terminal_there_is_colour_but_not_with_no_color(prepared: Path) -> None:
    assert ESCAPE in on_a_terminal("report", "halle", workspace=prepared)
    plain = on_a_terminal("report", "halle", workspace=prepared, NO_COLOR="1")
    assert ESCAPE not in plain
    assert "[bold]Aubry[/bold]" in plain


def test_csv_is_written_and_defused(run: Run, prepared: Path, tmp_path: Path) -> None:
    file = tmp_path / "rapport.csv"
    done = run("report", "halle", "--csv", str(file), workspace=prepared)
    assert (done.returncode, done.stdout) == (0, f"2 recipients written to {file}\n")
    assert "'=1+1" in file.read_text(encoding="utf-8-sig")


MISTAKES = {
    "report nulle": "There is no release «nulle».",
    "report 99": "There is no dispatch 99.",
    "report halle --state gone": "--state: «gone» is no state.",
    "contacts list --list nulle": "There is no press list «nulle».",
    "dispatches show 99": "There is no dispatch 99.",
    "dispatches show 99999999999999999999": "The number is larger than any in the database.",
    "report 99999999999999999999": "There is no release «99999999999999999999».",
    "releases show halle --version 99999999999999999999": "The number is larger than any in the database.",
    "releases proof halle --at 0001-01-01": "--at: «0001-01-01» is too far away.",
    "releases proof halle --at 9999-12-31T23:59:59-14:00": "is too far away. Check the year: 9999.",
    "releases proof halle --at soon": "--at: «soon» is no time.",
    "dispatches cancel 1": "is done: nobody waits any more",
    "dispatches resume 1 --in-doubt maybe": "--in-doubt: «maybe» is no policy.",
    "send halle": "Nobody is named to send to.",
    "suppressions add nobody": "«nobody» is not an e-mail address",
    "releases show halle --version 9": "«halle» has no version 9.",
    "contacts show nobody": "No contact has the address or name «nobody».",
    "nonsense": "There is no command «nonsense».",
    "contacts list --nonsense": "There is no option --nonsense.",
}


@pytest.mark.parametrize("command", MISTAKES)
def test_a_mistake_is_one_sentence_and_exit_code_two(
    prepared: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("sys.argv", ["distributor", "--workspace", str(prepared), *command.split()])
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run_here() == 2
    out, err = capfd.readouterr()
    assert MISTAKES[command] in err
    assert "Traceback" not in out + err


# The pieces


def test_times_are_said_in_the_workspaces_zone() -> None:
    moment = datetime(2026, 7, 1, 10, 0, 5, 999, tzinfo=UTC)
    assert output.when(moment, ZoneInfo("Europe/Paris")) == "2026-07-01 12:00:05"
    assert output.when(None, ZoneInfo("Europe/Paris")) == ""


def test_counts_are_said_with_their_noun() -> None:
    assert output.count(1, "recipient") == "1 recipient"
    assert output.count(0, "recipient") == "0 recipients"
    assert output.count(2, "entry", "entries") == "2 entries"
    assert output.count(1234567, "recipient").startswith("1\u202f234") or output.count(1234, "x") == "1 234 xs"


def test_json_keeps_letters_and_says_times_with_their_zone(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_json(
        {"name": "Zoë", "at": datetime(2026, 7, 1, 10, tzinfo=UTC), "day": date(2026, 7, 1), "p": Path("a")}
    )
    text = capsys.readouterr().out
    assert "Zoë" in text
    assert json.loads(text) == {"name": "Zoë", "at": "2026-07-01T10:00:00+00:00", "day": "2026-07-01", "p": "a"}


def test_a_question_without_a_terminal_is_an_error_and_yes_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    output.ask("Sure?", yes=True)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(BadInput, match="nobody here to ask") as caught:
        output.ask("Sure?", yes=False)
    assert caught.value.mend == "Add --yes if you are sure."


@pytest.mark.parametrize("many", [0, 1, 3])
def test_json_written_row_by_row_is_the_same_to_the_letter(capsys: pytest.CaptureFixture[str], many: int) -> None:
    rows = [{"name": "Zoë\n[]", "at": datetime(2026, 3, 2, tzinfo=UTC), "history": [{"a": []}, {}]}] * many
    head = {"release": 'a "recipients": []', "recipients": []}
    output.show_json(head | {"recipients": rows})
    whole = capsys.readouterr().out
    output.show_json_rows(head, "recipients", iter(rows))
    assert capsys.readouterr().out == whole
    assert len(json.loads(whole)["recipients"]) == many


@pytest.mark.parametrize(
    ("room", "widths"),
    [
        (200, [18, 37, 9, 4]),  # all fit, and are as wide as they want to be
        (70, [11, 37, 9, 4]),  # what is copied is whole, and the name is folded between its words
        (50, [11, 17, 9, 4]),  # what is copied is folded before a word of the others is broken
        (20, [11, 1, 9, 4]),
    ],
)
def test_no_word_is_broken_on_a_narrow_terminal_for_what_is_copied(room: int, widths: list[int]) -> None:
    texts = [["name", "Benoît Chevènement"], ["address", f"{'b' * 37}"], ["state", "cancelled"], ["sent", "59"]]
    assert output._widths(texts, {1}, room) == widths


def test_a_long_table_is_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(f"Nom {number}", f"nom.{number}@gazette.example") for number in range(1, 1202)]
    output.show_table(["name", "address"], rows, title="Recipients")

    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:2]] == [["Recipients"], ["name", "address"]]
    assert lines[2].strip("─ ") == ""
    assert [line.rstrip() for line in lines[3:]] == [f"{name:8}   {address}" for name, address in rows]


def test_a_table_without_rows_has_its_heading(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_table(["name", "address"], [])

    assert "name   address" in capsys.readouterr().out
