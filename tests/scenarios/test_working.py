"""`work`: what cannot go on is set aside, and the others do."""

from __future__ import annotations

from pathlib import Path

from office import BUREAU, EVERYBODY, SHORT_LIST, SLUG, Office, finish, one_sentence, send_arguments
from smtpserver import running

SOCIAL = [person for person in EVERYBODY if person.sector == "social"]


def plan(office: Office, *lists: str) -> None:
    """A dispatch to each of these lists, planned, with nobody sent to: nothing listens at the office's port."""
    for process in [office.start(*send_arguments(SLUG, name)) for name in lists]:
        finish(process, 4)
    office.change("UPDATE dispatch SET state = 'planned', pause_reason = ''")


def number_of(office: Office, name: str) -> int:
    """The dispatch to that list."""
    return int(office.query(f"SELECT id FROM dispatch WHERE lists = '[\"{name}\"]'")[0][0])


def test_nothing_due_is_said(office: Office) -> None:
    assert office.run("work", "--once").out == "Nothing is due.\n"


def test_where_nobody_works_it_is_said_in_a_sentence(office: Office) -> None:
    said = office.run("workers", "list").out
    assert said == "Nobody sends or waits for work at this moment. To have somebody do so: distributor work\n"
    assert office.json("workers", "list") == []


def test_what_cannot_go_on_is_set_aside_and_the_next_one_goes(office: Office) -> None:
    """One dispatch is refused, one meets a defect of ours; `work` does the third, and ends with the graver of both."""
    plan(office, "sante", "economie", BUREAU)
    refused, broken, whole = (number_of(office, name) for name in ("sante", "economie", BUREAU))
    office.change(f"UPDATE delivery SET address_hash = 'made with another key' WHERE dispatch_id = {refused}")
    office.change(f'UPDATE dispatch SET identity = \'{{"no": "identity"}}\' WHERE id = {broken}')
    with running() as server:
        process = office.at(server.port).start("work", "--once")
        _out, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert len(server.accepted) == len(SHORT_LIST)
    assert "Traceback" not in err
    assert f"Dispatch {refused} was planned under another secret key" in err
    assert f"Dispatch {broken}: This is a defect of Distributor" in err
    rows = office.query("SELECT id, state, pause_reason FROM dispatch")
    reasons = {number: reason for number, state, reason in rows if state == "paused"}
    assert set(reasons) == {refused, broken}
    assert "another secret key" in reasons[refused]
    details = Path(reasons[broken].rpartition("Details: ")[2])
    assert "Traceback" in details.read_text(encoding="utf-8")
    details.unlink()
    assert office.query(f"SELECT state FROM dispatch WHERE id = {whole}") == [("done",)]
    assert office.states() == {"queued": 100, "accepted": len(SHORT_LIST)}


def test_a_dispatch_planned_under_another_key_is_paused_with_the_word(office: Office) -> None:
    plan(office, BUREAU)
    with running() as server:
        sending = office.at(server.port)
        other = sending.at(server.port, secret_key="another secret key, long enough for this")
        said = one_sentence(other.run("work", "--once", code=3))
        assert said.startswith("Dispatch 1 was planned under another secret key")
        assert "Put the former DISTRIBUTOR_SECRET_KEY back" in said
        assert server.connections == 0
        assert sending.dispatch_state() == "paused"
        sending.run("dispatches", "resume", "1")
        assert len(server.accepted) == len(SHORT_LIST)
