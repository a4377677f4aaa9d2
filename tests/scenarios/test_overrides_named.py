"""Letting a finding of the proof pass: by name, shown wherever it counts, and only once it was confirmed."""

from __future__ import annotations

from office import BUREAU, SLUG, Office, communique, one_sentence, send_arguments
from smtpserver import running

LET_PASS = ("--override", "placeholder", "--because", "it is a name")


def unfinished(office: Office) -> Office:
    """The same communiqué, with a placeholder left in it."""
    file = office.path / "unfinished.txt"
    file.write_text(communique().replace("les douze postes", "les XX postes"), encoding="utf-8")
    office.run("releases", "import", str(file), "--slug", SLUG)
    return office


def test_what_was_let_pass_is_shown_by_whom_and_why(office: Office) -> None:
    with running() as server:
        sending = unfinished(office.at(server.port))
        refused = sending.send(SLUG, BUREAU, code=3)
        assert "STOP   placeholder" in refused.out
        assert "The proof stops this release" in one_sentence(refused)
        assert server.connections == 0
        proof = sending.json("releases", "proof", SLUG, "--list", BUREAU, *LET_PASS)
        (finding,) = (one for one in proof if one["code"] == "placeholder")
        assert finding["override"]["because"] == "it is a name"
        for command in (["releases", "show", SLUG], send_arguments(SLUG, BUREAU)):
            out = sending.run(*command).out
            assert f"let pass by {finding['override']['actor']}" in out
            assert "«it is a name»" in out
        assert len(server.accepted) == 12


def test_an_override_of_a_send_that_was_declined_does_not_stand(office: Office) -> None:
    with running() as server:
        sending = unfinished(office.at(server.port))
        with sending.on_a_terminal("send", SLUG, "--list", BUREAU, *LET_PASS) as terminal:
            terminal.read_until("[y/N]")
            assert "it is a name" in terminal.shown
            terminal.type("n\n")
            terminal.read_until("Nothing was done.")
            assert terminal.process.wait(20) == 130
        assert sending.query("SELECT count(*) FROM audit WHERE action = 'proof.override'") == [(0,)]
        assert sending.query("SELECT count(*) FROM dispatch") == [(0,)]
        sending.send(SLUG, BUREAU, code=3)
        assert server.connections == 0


def test_an_embargo_is_no_matter_for_an_override(office: Office) -> None:
    with running() as server:
        sending = office.at(server.port)
        sending.run("releases", "embargo", SLUG, "--at", "2199-03-03T18:00", "--yes")
        ran = sending.send(SLUG, BUREAU, code=2, more=("--override", "embargo-ahead", "--because", "they agreed"))
        assert "gets it at the end of its embargo" in one_sentence(ran)
        assert server.connections == 0


def test_the_dots_of_our_own_hint_are_no_reason(office: Office) -> None:
    with running() as server:
        sending = unfinished(office.at(server.port))
        for reason in ("…", "...", " — "):
            ran = sending.send(SLUG, BUREAU, code=2, more=("--override", "placeholder", "--because", reason))
            assert "--because: An override wants its reason." in one_sentence(ran)
        assert server.connections == 0
