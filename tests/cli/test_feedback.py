"""`distributor feedback`: what a message is, said without a workspace; and taken in by the real command."""

from __future__ import annotations

import json
import mailbox
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from comebacks import FORMS, bounce, letter
from commandtree import Run, clean_environment
from smtpserver import Fault, Script, running
from warmcommand import WarmCommand

COURIER = bounce(*FORMS["courier"][:2])


def test_a_message_is_explained_without_a_workspace(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(COURIER)
    (tmp_path / "b.eml").write_bytes(letter("lea@journal.example", "Bonjour", "Merci."))
    done = run("feedback", "explain", str(tmp_path / "a.eml"), str(tmp_path / "b.eml"), "--json", workspace=tmp_path)
    assert done.returncode == 0
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == {
        "file": str(tmp_path / "a.eml"),
        "kind": "bounce",
        "recipients": [
            {
                "address": "lea@journal.example", "verdict": "permanent", "status": "5.1.1", "reason": "user_unknown",
                "address_is_dead": True, "evidence": "text/plain",
            }
        ],
    }  # fmt: skip
    assert [one["verdict"] for one in second["recipients"]] == ["not-a-bounce"]
    assert list(tmp_path.iterdir()) == [tmp_path / "a.eml", tmp_path / "b.eml"] or not (tmp_path / "press.db").exists()
    missing = run("feedback", "explain", str(tmp_path / "none.eml"), workspace=tmp_path)
    assert (missing.returncode, "no such file" in missing.stderr) == (2, True)


def test_an_answer_is_taken_in_once_from_a_maildir_and_from_files(run: Run, folder: Path, tmp_path: Path) -> None:
    answer = letter("helene@jour.example", "Re: La halle", "Je ne veux plus de sport, mais gardez la culture, STOP.")
    nothing = run("feedback", "fetch", workspace=folder)
    assert (nothing.returncode, "No mailbox is set" in nothing.stderr) == (2, True)
    mailbox.Maildir(folder / "retours").add(answer)
    env = folder / ".env"
    env.write_text(env.read_text("utf-8").replace("FEEDBACK_MAILDIR=", "FEEDBACK_MAILDIR=retours"), "utf-8")
    fetched = run("feedback", "fetch", workspace=folder)
    assert "Taken in: 1 objection. 1 waits for you" in fetched.stdout
    (tmp_path / "same.eml").write_bytes(b"Received: from elsewhere\n" + answer)
    assert "1 was known already" in run("feedback", "read", str(tmp_path / "same.eml"), workspace=folder).stdout
    (event,) = json.loads(run("feedback", "list", "--waiting", "--json", workspace=folder).stdout)
    assert (event["sender"], event["kind"], event["state"]) == ("helene@jour.example", "objection", "waiting")
    number = str(event["id"])
    assert "objected: not mailed again" in run("feedback", "confirm", number, workspace=folder).stdout
    assert json.loads(run("suppressions", "check", "helene@jour.example", "--json", workspace=folder).stdout)[
        "objected"
    ]
    again = run("feedback", "confirm", number, workspace=folder)
    assert (again.returncode, "does not wait" in again.stderr) == (2, True)
    assert "gardez la culture" in run("feedback", "show", number, "--raw", workspace=folder).stdout


def test_an_objection_is_shown_in_the_senders_words(run: Run, folder: Path, tmp_path: Path) -> None:
    words = "Je ne veux plus de sport,\nmais gardez la culture, STOP.\nstate: applied\x1b[31m \u202e" + "a" * 9_000
    quoted = "\n\nLe 3 mars 2026, Presse a écrit :\n> La halle rouvre"
    (tmp_path / "no.eml").write_bytes(letter("helene@jour.example", "Re: La halle", words + quoted))
    run("feedback", "read", str(tmp_path / "no.eml"), workspace=folder)
    shown = run("feedback", "show", "1", workspace=folder).stdout
    assert "said: Je ne veux plus de sport,\n  mais gardez la culture, STOP.\n  state: applied" in shown
    assert [line for line in shown.splitlines() if line.startswith("state: ")] == ["state: waiting"]
    assert not set("\x1b\u202e") & set(shown)
    assert "La halle rouvre" not in shown
    assert len(shown) < 4_000
    assert "it asks not to be written to" in shown  # what we make of it, beside it
    (event,) = json.loads(run("feedback", "list", "--json", workspace=folder).stdout)
    assert event["said"].startswith("Je ne veux plus de sport,\nmais")


def piped(folder: Path, data: bytes, *arguments: str) -> str:
    """What the command says that is given `data` on its standard input."""
    command = [sys.executable, "-m", "distributor", "--workspace", str(folder), *arguments]
    done = subprocess.run(command, input=data, env=clean_environment(), cwd=folder, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """An mbox with two answers and a bounce between them."""
    file = tmp_path / "box"
    mbox = mailbox.mbox(file)
    for one in (letter("lea@jour.example", "Re: 1", "Merci."), COURIER, letter("ines@jour.example", "Re: 2", "Merci.")):
        mbox.add(one)
    mbox.close()
    return file


def test_an_mbox_on_standard_input_is_read_as_in_a_file(run: Run, folder: Path, box: Path) -> None:
    assert "Taken in: 1 bounce, 2 reply." in piped(folder, box.read_bytes(), "feedback", "read", "-")
    assert "3 were known already" in run("feedback", "read", str(box), workspace=folder).stdout
    sources = [one["source"] for one in json.loads(run("feedback", "list", "--json", workspace=folder).stdout)]
    assert sorted(sources) == ["standard input#0", "standard input#1", "standard input#2"]


def test_one_message_that_a_mail_server_pipes_with_its_from_line_is_one(folder: Path) -> None:
    raw = b"From MAILER-DAEMON Mon Nov 30 10:00:00 2026\n" + letter(
        "lea@jour.example", "Re: 1", "Merci.\n\nFrom then on."
    )
    assert "Taken in: 1 reply." in piped(folder, raw, "feedback", "read", "-")


def test_each_message_of_an_mbox_is_explained(run: Run, tmp_path: Path, box: Path) -> None:
    done = run("feedback", "explain", str(box), "--json", workspace=tmp_path)
    explained = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["file"] for one in explained] == [f"{box}#{number}" for number in range(3)]
    assert [one["kind"] for one in explained] == ["reply", "bounce", "reply"]
    of_input = [
        json.loads(line)
        for line in piped(tmp_path, box.read_bytes(), "feedback", "explain", "-", "--json").splitlines()
    ]
    assert [one["file"] for one in of_input] == [f"standard input#{number}" for number in range(3)]


def test_a_mailbox_that_cannot_be_read_holds_up_no_work(run: Run, folder: Path, tmp_path: Path) -> None:
    done = run("work", "--once", workspace=folder, DISTRIBUTOR_FEEDBACK_MAILDIR=str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (0, "Nothing is due.\n")
    assert "What came back: " in done.stderr
    assert "is no Maildir" in done.stderr


def test_watching_takes_in_what_comes_until_it_is_stopped(folder: Path) -> None:
    box = mailbox.Maildir(folder / "retours")
    environ = clean_environment() | {"DISTRIBUTOR_FEEDBACK_MAILDIR": "retours", "DISTRIBUTOR_FEEDBACK_MINUTES": "0.002"}
    process = WarmCommand(["--workspace", str(folder), "feedback", "fetch", "--watch"], env=environ, cwd=folder)
    assert process.stdout.readline() == "Waiting for what comes back. Ctrl-C ends.\n"
    box.add(letter("helene@jour.example", "Re: La halle", "Merci, je viens."))
    assert process.stdout.readline().startswith("reply: ")
    assert process.stdout.readline() == "Taken in: 1 reply.\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(60)
    assert (process.wait(), "what came is taken in" in said) == (130, True)


def test_an_answer_is_handed_on_and_a_kill_neither_loses_nor_doubles_it(run: Run, folder: Path, tmp_path: Path) -> None:
    """Killed when the server has the message and has not said so: nobody can know, and it waits for a person."""
    (tmp_path / "answer.eml").write_bytes(letter("helene@jour.example", "Re: La halle", "Merci, je viens."))
    with running(Script(faults=(Fault("body", do="accept_then_stall", times=1),))) as server:
        settings = {
            "DISTRIBUTOR_FORWARD_REPLIES_TO": "claire@office.example", "DISTRIBUTOR_MAIL_FROM": "press@office.example",
            "DISTRIBUTOR_SMTP_HOST": "127.0.0.1", "DISTRIBUTOR_SMTP_SECURITY": "plain",
            "DISTRIBUTOR_SMTP_PORT": str(server.port),
        }  # fmt: skip
        command = ["--workspace", str(folder), "feedback", "read", str(tmp_path / "answer.eml")]
        process = WarmCommand(command, env=clean_environment() | settings, cwd=folder)
        process.stdout.readline()  # the answer
        process.stdout.readline()  # «Taken in: …»
        pause = threading.Event()
        while not server.accepted:
            pause.wait(0.01)
        process.kill()
        process.communicate(60)
        with closing(sqlite3.connect(folder / "press.db")) as base, base:
            assert base.execute("SELECT forward_state FROM feedback_event").fetchall() == [("sending",)]
            base.execute("UPDATE feedback_event SET forward_at = '2026-01-01 00:00:00.000000'")
        again = run("feedback", "read", str(tmp_path / "answer.eml"), workspace=folder, **settings)
        assert "1 was known already" in again.stdout
        assert "may have arrived" in run("feedback", "list", "--waiting", workspace=folder, **settings).stdout
        assert len(server.accepted) == 1
        assert "handed on at the next round" in run("feedback", "confirm", "1", workspace=folder, **settings).stdout
        sent = run("feedback", "read", str(tmp_path / "answer.eml"), workspace=folder, **settings)
        assert "Handed on to claire@office.example: 1 answer." in sent.stdout
        assert len({one.message_id for one in server.accepted}) == 1
