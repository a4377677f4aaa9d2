"""What comes back while a dispatch is under way is taken in at once, and heeded by the dispatch itself."""

from __future__ import annotations

from pathlib import Path

from comebacks import letter
from office import BUREAU, SHORT_LIST, SLUG, Office, finish, send_arguments, until
from smtpserver import Fault, Script, running


def maildir(folder: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    return folder


def test_objections_are_heeded_by_a_dispatch_under_way(office: Office, tmp_path: Path) -> None:
    """One objection comes to the mailbox that `work` reads, one is typed; neither is written to by what is running."""
    finish(office.start(*send_arguments(SLUG, BUREAU)), 4)  # nothing listens there yet
    office.change("UPDATE dispatch SET state = 'planned', pause_reason = ''")
    rows = office.query("SELECT address FROM delivery ORDER BY id DESC LIMIT 2")
    mailing, phoning = (address for (address,) in rows)
    box = maildir(tmp_path / "mail")
    slow = Script(faults=(Fault("body", delay=0.2),))
    with running(slow) as server:
        sending = office.at(server.port, feedback_maildir=str(box), feedback_minutes="0.005", smtp_connections="1")
        process = sending.start("work", "--once")
        until(lambda: len(server.accepted) >= 1, "the first is accepted", process=process)
        (box / "new" / "1.office").write_bytes(letter(mailing, "Bilan", "Désinscrivez-moi"))
        sending.run("suppressions", "add", phoning)
        ran = finish(process, 0, 5)
        written_to = {one.recipient for one in server.accepted}
    assert written_to.isdisjoint({mailing, phoning})
    assert len(written_to) == len(SHORT_LIST) - 2
    assert sending.states() == {"accepted": len(SHORT_LIST) - 2, "withheld": 2}
    assert "Taken in: 1 objection." in ran.out
    assert not list((box / "new").iterdir())
