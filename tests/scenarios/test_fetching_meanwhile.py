"""What comes back while a dispatch is under way is taken in at once, and heeded by the dispatch itself."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from comebacks import letter, report
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
    slow = Script(faults=(Fault("body", delay=60),))
    with running(slow) as server:
        sending = office.at(server.port, feedback_maildir=str(box), feedback_minutes="0.005", smtp_connections="1")
        process = sending.start("work", "--once")
        until(lambda: len(server.accepted) >= 1, "the first is accepted", process=process)
        (box / "new" / "1.office").write_bytes(letter(mailing, "Bilan", "Désinscrivez-moi"))
        sending.run("suppressions", "add", phoning)
        until(lambda: sending.query("SELECT count(*) FROM suppression") == [(2,)], "it is read", process=process)
        server.mend()
        ran = finish(process, 0, 5)
        written_to = {one.recipient for one in server.accepted}
    assert written_to.isdisjoint({mailing, phoning})
    assert len(written_to) == len(SHORT_LIST) - 2
    assert sending.states() == {"accepted": len(SHORT_LIST) - 2, "withheld": 2}
    assert "Taken in: 1 objection." in ran.out
    assert not list((box / "new").iterdir())


@pytest.mark.parametrize("by", ["work", "fetch"])
def test_what_came_back_of_a_killed_command_ends_its_doubts(office: Office, tmp_path: Path, by: str) -> None:
    """Three were on the wire when it was killed: one was returned since, one answered by a machine, of one nothing."""
    box = maildir(tmp_path / "mail")
    silent = Script(faults=(Fault("body", "accept_then_stall", nth=(1, 2, 3)),))
    with running(silent) as server:
        sending = office.at(server.port, smtp_connections="3", in_doubt="resend")
        process = sending.start(*send_arguments(SLUG, BUREAU))
        until(lambda: len(server.accepted) == 3, "three have it, and nobody says so", process=process)
        process.kill()
        finish(process)
        returned, delayed, silent_one = sending.deliveries("sending")
        fields = f"Final-Recipient: rfc822; {returned['address']}", "Action: failed", "Status: 5.1.1"
        came = report(*fields, returned=f"Message-ID: {returned['message_id']}")
        (box / "new" / "1.office").write_bytes(came)
        fields = f"Final-Recipient: rfc822; {delayed['address']}", "Action: delayed", "Status: 4.4.1"
        (box / "new" / "2.office").write_bytes(report(*fields, returned=f"Message-ID: {delayed['message_id']}"))
        reading = sending.at(server.port, feedback_maildir=str(box))
        if by == "fetch":
            reading.run("feedback", "fetch")
        reading.run("work", "--once", code=5)
        times = Counter(one.recipient for one in server.accepted)
    assert {address for address, many in times.items() if many > 1} == {silent_one["address"]}
    rows = {one["address"]: one for one in sending.deliveries()}
    assert (rows[returned["address"]]["state"], rows[delayed["address"]]["state"]) == ("bounced", "accepted")
    assert [rows[one["address"]]["attempts"] for one in (returned, delayed, silent_one)] == [1, 1, 2]
    assert sending.states() == {"accepted": len(SHORT_LIST) - 1, "bounced": 1}
