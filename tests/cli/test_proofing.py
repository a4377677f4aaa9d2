"""`releases proof` as users run it: its languages, rules and recipients; and what `send` shows of it."""

from __future__ import annotations

import json
import shlex
from contextlib import closing
from pathlib import Path

from commandtree import Run, on_a_terminal

TIRED = """---
title: La halle rouvre LUNDI !!
lang: fr
contact: {name: Anne Clos, role: Presse, email: anne@halle.example, phone: "02 98 00 00"}
---

La question de de la nuit reste ouverte. Voir [ici](http://127.0.0.1:9/x) et [là-bas](/programme).
"""


def with_release(run: Run, folder: Path, text: str = TIRED) -> Path:
    (folder / "tired.md").write_text(text, encoding="utf-8")
    done = run("releases", "import", str(folder / "tired.md"), "--slug", "tired", workspace=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_proof_is_told_in_two_languages(run: Run, folder: Path) -> None:
    with_release(run, folder)
    french, english, german = (
        run("releases", "proof", "tired", "--json", *language, workspace=folder)
        for language in ((), ("--language", "en"), ("--language", "de"))
    )
    told = {one["code"]: one for one in json.loads(french.stdout)}
    assert {"headline-signs", "phone-digits", "repeated-word", "link-text", "link-private", "link-relative"} <= set(
        told
    )
    assert told["repeated-word"]["message"] == "Un mot est écrit deux fois : «de de»."
    assert set(told["repeated-word"]) == {
        "code",
        "level",
        "message",
        "line",
        "excerpt",
        "mend",
        "why",
        "override",
        "release",
    }
    same = {one["code"]: one for one in json.loads(english.stdout)}
    assert same["repeated-word"]["message"] == "A word stands twice: «de de»."
    assert {code: one["line"] for code, one in told.items()} == {code: one["line"] for code, one in same.items()}
    assert german.returncode == 2
    assert "does not speak «de»" in german.stderr


def test_one_undefined_field_is_one_finding_however_many_lack_it(run: Run, folder: Path) -> None:
    with_release(run, folder)
    template = folder / "templates/press-release/message.txt.j2"
    template.write_text("{{ contact.fields.pays }}\n" + template.read_text(encoding="utf-8"), encoding="utf-8")
    done = run("releases", "proof", "tired", "--list", "presse", "--json", "--language", "en", workspace=folder)
    (told,) = [one for one in json.loads(done.stdout) if one["code"] == "undefined-field"]
    assert done.returncode == 3
    assert told["line"] == 1
    assert "recipients (" in told["message"]
    assert told["message"].endswith("): the field pays is not defined.")
    shown = run("releases", "proof", "tired", "--list", "presse", workspace=folder)
    assert "STOP   undefined-field" in shown.stdout
    assert "--override" not in shown.stdout


def test_links_into_this_machine_are_not_followed(run: Run, folder: Path) -> None:
    with_release(run, folder)
    done = run("releases", "proof", "tired", "--links", "--json", workspace=folder)
    codes = [one["code"] for one in json.loads(done.stdout)]
    assert codes.count("link-private") == 1
    assert not {"link-broken", "link-unreachable"} & set(codes)


def test_the_rules_need_no_workspace(run: Run, tmp_path: Path) -> None:
    done = run("releases", "proof", "--rules", "--json", workspace=tmp_path)
    rules = json.loads(done.stdout)
    assert done.returncode == 0
    assert {
        "code": "dateline-weekday",
        "levels": ["stop"],
        "why": "Nobody can tell which of the two is right.",
    } in rules
    assert "placeholder" in run("releases", "proof", "--rules", workspace=tmp_path).stdout
    assert run("releases", "proof", workspace=tmp_path).returncode == 2


def test_the_recipients_to_look_at_are_shown(run: Run, folder: Path) -> None:
    with_release(run, folder)
    done = run("releases", "proof", "tired", "--list", "presse", "--worst", workspace=folder)
    assert "[bold]Aubry[/bold]" in done.stdout
    assert "odd characters in the name" in done.stdout


def test_send_shows_warnings_and_the_oddest_before_it_asks(run: Run, folder: Path) -> None:
    with_release(run, folder)
    done = run("send", "tired", "--list", "presse", "--dry-run", workspace=folder)
    assert "Warning: repeated-word (line 7)" in done.stdout
    assert "The proof has" in done.stdout


def test_provenance_stops_the_proof_and_cannot_be_overridden(run: Run, folder: Path) -> None:
    import sqlite3

    with_release(run, folder)
    with closing(sqlite3.connect(folder / "press.db")) as connection, connection:
        connection.execute("UPDATE contact SET source = '' WHERE last_name = 'Bois'")
    done = run("releases", "proof", "tired", "--list", "presse", "--json", workspace=folder)
    assert done.returncode == 3
    assert json.loads(done.stdout)[0]["code"] == "provenance"
    asked = ("--override", "provenance", "--because", "so")
    refused = run("releases", "proof", "tired", "--list", "presse", *asked, workspace=folder)
    assert refused.returncode == 2
    assert "not known where their address comes from" in refused.stderr


SCOPE = ("--list", "presse", "--exclude", "exclus", "--only", "presse", "--where", "not kind:agency", "--attach-pdf")


def commands_in(text: str) -> list[list[str]]:
    """Every command that a text tells its reader to type."""
    return [shlex.split(line[line.index("distributor ") :])[1:] for line in text.splitlines() if "distributor " in line]


def test_the_next_command_names_the_lists_that_were_named(run: Run, folder: Path) -> None:
    with_release(run, folder)
    assert run("lists", "create", "exclus", workspace=folder).returncode == 0
    sent = run("send", "tired", *SCOPE, "--at", "demain 9 h", "--dry-run", workspace=folder)
    named = [words for words in commands_in(sent.stdout) if words[:2] == ["releases", "proof"]]
    assert named == [["releases", "proof", "tired", *SCOPE, "--at", "demain 9 h"]]
    proved = run(*named[0], workspace=folder)
    assert proved.returncode == 0, proved.stderr
    assert "; 2 messages written strictly" in proved.stdout


def test_the_proof_is_of_whom_it_names(run: Run, folder: Path) -> None:
    with_release(run, folder)
    done = run("releases", "proof", "tired", "--list", "presse", "--where", "outlet:jour", workspace=folder)
    assert "; 1 message written strictly" in done.stdout
    nobody = run("releases", "proof", "tired", "--list", "presse", "--exclude", "presse", workspace=folder)
    assert "; 0 messages written strictly; left out: 2 by an excluded list." in nobody.stdout


def test_what_stops_is_let_pass_for_the_same_people(run: Run, folder: Path) -> None:
    with_release(run, folder, TIRED.replace("Voir", "Départ à [à compléter]. Voir"))
    assert run("lists", "create", "exclus", workspace=folder).returncode == 0
    for command in (("releases", "proof"), ("send",)):
        done = run(*command, "tired", *SCOPE, workspace=folder)
        assert done.returncode == 3
        (words,) = commands_in(done.stdout)
        assert words[: 3 + len(SCOPE)] == ["releases", "proof", "tired", *SCOPE]
        assert words[3 + len(SCOPE) :] == ["--override", "placeholder", "--because", "…"]
    words[-1] = "said aloud"
    assert run(*words, workspace=folder).returncode == 0


def test_who_is_sent_to_in_waves_is_who_signs_and_proves(run: Run, folder: Path) -> None:
    with_release(run, folder)
    done = run("send", "tired", "--wave", "presse", "--wave", "presse@+30m", "--dry-run", workspace=folder)
    wanted = [words for words in commands_in(done.stdout) if words[0] == "releases"]
    assert [words[1] for words in wanted] == ["proof", "sign-off"], done.stderr
    assert all(words[2:5] == ["tired", "--list", "presse"] for words in wanted)


def test_a_finding_too_long_for_the_terminal_goes_on_under_itself(run: Run, folder: Path) -> None:
    long = f"La question de de la nuit reste ouverte, {'et celle du jour aussi, ' * 6}dit-on."
    with_release(run, folder, TIRED.replace("La question de de la nuit reste ouverte.", long))
    shown = on_a_terminal("releases", "proof", "tired", workspace=folder, COLUMNS="60", NO_COLOR="1")
    found = shown[shown.index("WARN") : shown.index("Nothing stops it.")].splitlines()
    assert max(map(len, found)) <= 60
    assert all(line.startswith((" " * 7, "WARN ", "NOTE ")) for line in found)
    assert "«de de»" in shown
