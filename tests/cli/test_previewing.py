"""Looking at messages before they leave: one contact's, a whole list's, in the browser, in a file."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

import pytest
from commandtree import Run, on_a_terminal


def test_a_list_is_paged_through_as_it_would_be_sent(folder: Path, run: Run) -> None:
    done = run("releases", "preview", "halle", "--list", "presse", workspace=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\nSubject: La halle rouvre lundi\n") == 2  # who has it already is shown too
    assert "helene@jour.example" in done.stdout
    assert "paul@soir.example" in done.stdout
    one = run(
        "releases", "preview", "halle", "--list", "presse", "--contact", "paul@soir.example", workspace=folder
    ).stdout
    assert "helene@jour.example" not in one
    assert "Bonjour Monsieur Bois," in one


def test_somebody_who_is_not_on_the_list_is_said(folder: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "autres.csv").write_text("Prénom;Nom;E-mail\nLéa;Roy;lea@matin.example\n", "utf-8")
    assert run("contacts", "import", str(tmp_path / "autres.csv"), "--list", "autres", workspace=folder).returncode == 0
    done = run("releases", "preview", "halle", "--list", "presse", "--contact", "lea@matin.example", workspace=folder)
    assert (done.returncode, done.stderr) == (
        2,
        "lea@matin.example stands on none of these lists. Leave out --list, or name another one.\n",
    )


def test_open_shows_one_page_and_files_hold_the_parts(folder: Path, run: Run, tmp_path: Path) -> None:
    shown = tmp_path / "shown"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\ncp "${{1#file://}}" {shown}\n', "utf-8")
    browser.chmod(0o755)
    files = ["--html", str(tmp_path / "a.html"), "--eml", str(tmp_path / "a.eml")]
    environment = {"BROWSER": str(browser), "TMPDIR": str(tmp_path)}
    done = run("releases", "preview", "halle", "--contact", "Bois", "--open", *files, workspace=folder, **environment)
    assert done.returncode == 0, done.stderr
    page = shown.read_text("utf-8")
    assert page.count("<iframe") == 4
    assert "Bonjour Monsieur Bois," in page
    message = email.message_from_bytes((tmp_path / "a.eml").read_bytes(), policy=email.policy.default)
    html = message.get_body(("html",))
    assert html is not None
    assert "Bonjour Monsieur Bois," in (tmp_path / "a.html").read_text("utf-8")
    assert "Bonjour Monsieur Bois," in html.get_content()


def test_as_goes_with_test(folder: Path, run: Run) -> None:
    done = run("send", "halle", "--list", "presse", "--as", "Bois", workspace=folder)
    assert done.returncode == 2
    assert "--as goes with --test." in done.stderr


def test_a_preview_breaks_no_line_of_the_message(folder: Path) -> None:
    shown = on_a_terminal("releases", "preview", "halle", "--contact", "aubry", workspace=folder, COLUMNS="40")
    (field,) = [line for line in shown.splitlines() if line.startswith("List-Unsubscribe: ")]
    link = field.partition("<")[2].removesuffix(">")
    assert len(link) > 40
    assert link in shown.partition(field)[2].splitlines(), "in the text, on a line of its own"


@pytest.mark.parametrize(
    "command", [("preview", "halle"), ("proof", "halle", "--list", "presse"), ("pdf", "halle", "halle.pdf")]
)
def test_a_stand_in_for_the_sender_is_said_once(
    command: tuple[str, ...], folder: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env = folder / ".env"
    env.write_text(env.read_text("utf-8").replace("DISTRIBUTOR_MAIL_FROM=", "# "), "utf-8")
    done = run("releases", *command, workspace=folder)
    assert done.stderr.splitlines()[0] == "No sender is set yet (DISTRIBUTOR_MAIL_FROM); a stand-in is shown."
    assert done.stderr.count("No sender is set yet") == 1
    assert "No sender is set yet" not in done.stdout
