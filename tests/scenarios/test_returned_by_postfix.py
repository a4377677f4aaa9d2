"""From `send` to the report, through a real Postfix that returns what it cannot deliver."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mailservers import BOUNCES, running_postfix, until
from office import SLUG, Office

PEOPLE = ("nobody", "full", "later", "known")


def test_what_postfix_returns_is_in_the_report(office: Office, tmp_path: Path) -> None:
    names = (f"{name.title()};Petit;{name}@journal.example" for name in PEOPLE)
    file = tmp_path / "postfix.csv"
    file.write_text("\n".join(["Prénom;Nom;E-mail", *names]), encoding="utf-8")
    office.run("contacts", "import", str(file), "--list", "postfix")
    with tempfile.TemporaryDirectory(prefix="mail-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)  # servers under other users can enter
        with running_postfix(folder) as (port, maildir, log):
            sending = office.at(port, bounce_address=BOUNCES, verp="yes", feedback_maildir=str(maildir))
            sending.send(SLUG, "postfix")
            assert sending.states() == {"accepted": 4}
            until(lambda: (maildir / "new").is_dir() and len(list((maildir / "new").iterdir())) == 3, log)
            said = sending.run("feedback", "fetch").out
    assert "Taken in: 2 bounce, 1 delay." in said
    rows = {one["address"].partition("@")[0]: one for one in sending.json("report", SLUG)["recipients"]}
    told = {name: (rows[name]["state"], rows[name]["enhanced_code"]) for name in PEOPLE}
    assert told["nobody"] == ("bounced", "5.1.1")
    assert told["full"] == ("bounced", "5.2.2")
    assert (told["later"][0], told["known"][0]) == ("accepted", "accepted")
    ways = {tuple(one["evidence"].split("; ")) for one in sending.json("feedback", "list")}
    assert ways == {("message/delivery-status", "signed bounce address")}
    again = sending.send(SLUG, "postfix").out
    assert "1 whose mail came back, 3 on an earlier dispatch" in again
    assert "Nobody Petit: mail to this address came back (unknown user)" in again
    assert "objected" not in again
