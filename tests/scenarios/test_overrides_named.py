"""Letting a finding of the proof pass: by name, for whom it was said, and only once it was confirmed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from office import BUREAU, SLUG, Office, communique, one_sentence, send_arguments
from smtpserver import running

LET_PASS = ("--override", "embargo-ahead", "--because", "they have agreed")


def embargoed(office: Office) -> Office:
    """The same communiqué, under embargo until tomorrow."""
    file = office.path / "embargo.txt"
    until = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    file.write_text(f"---\ntitle: L’hôpital rouvre\nembargo: {until}\n---\n{communique()}", encoding="utf-8")
    office.run("releases", "import", str(file), "--slug", SLUG)
    return office


def test_what_was_said_of_some_people_is_shown_and_lets_nothing_pass_for_others(office: Office) -> None:
    with running() as server:
        sending = embargoed(office.at(server.port))
        proof = sending.json("releases", "proof", SLUG, "--list", BUREAU, *LET_PASS)
        (finding,) = (one for one in proof if one["code"] == "embargo-ahead")
        assert (finding["override"]["because"], finding["override"]["recipients"]) == ("they have agreed", 12)
        said = f"let pass for 12 recipients by {finding['override']['actor']}"
        for command in (["releases", "show", SLUG], send_arguments(SLUG, BUREAU)):
            out = sending.run(*command).out
            assert said in out
            assert "«they have agreed»" in out
        assert len(server.accepted) == 12
        ran = sending.send(SLUG, BUREAU, "social", code=3)
        assert "STOP   embargo-ahead" in ran.out
        assert "The proof stops this release" in one_sentence(ran)
        assert len(server.accepted) == 12


def test_an_override_of_a_send_that_was_declined_does_not_stand(office: Office) -> None:
    with running() as server:
        sending = embargoed(office.at(server.port))
        with sending.on_a_terminal("send", SLUG, "--list", BUREAU, *LET_PASS) as terminal:
            terminal.read_until("[y/N]")
            assert "they have agreed" in terminal.shown
            terminal.type("n\n")
            terminal.read_until("Nothing was done.")
            assert terminal.process.wait(20) == 130
        assert sending.query("SELECT count(*) FROM audit WHERE action = 'proof.override'") == [(0,)]
        assert sending.query("SELECT count(*) FROM dispatch") == [(0,)]
        sending.send(SLUG, BUREAU, code=3)
        assert server.connections == 0
