"""A disk that is full: in the middle of a send, before it, during an import. One sentence, and nothing lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from office import (
    EVERYBODY,
    SLUG,
    Office,
    fill_the_disk,
    finish,
    invent,
    one_sentence,
    send_arguments,
    until,
    write_list,
)
from smtpserver import Fault, Script, running
from warmcommand import APART_FROM

ECONOMIE = [person for person in EVERYBODY if person.sector == "economie"]


@pytest.mark.parametrize("apart_from", ["1000", "1"])
def test_in_the_middle_of_a_send(office: Office, apart_from: str) -> None:
    """Also where it is the process that writes the delivery log which meets it."""
    with running(Script(faults=(Fault("rcpt", delay=0.01), Fault("body", delay=0.03)))) as server:
        sending = office.at(server.port)
        sending.settings[APART_FROM] = apart_from
        process = sending.start(*send_arguments(SLUG, "economie"))
        until(lambda: len(server.accepted) >= 6, "six messages have left", process=process)
        fill_the_disk(process, (office.path / "press.db-wal").stat().st_size)
        assert "disk" in one_sentence(finish(process, 2))
        sent_by_then = len(server.accepted)
        assert sent_by_then < len(ECONOMIE)
        server.mend()
        finish(sending.start("dispatches", "resume", "1"), 0, 5)
        assert server.violations == []
        times = Counter(one.recipient for one in server.accepted)
    assert set(times.values()) == {1}, "somebody was mailed twice"
    doubt = {one["address"] for one in sending.deliveries("in_doubt")}
    accepted = {one["address"] for one in sending.deliveries("accepted")}
    assert accepted | doubt == {person.spec for person in ECONOMIE}, "somebody was lost"
    assert accepted <= set(times)
    assert len(doubt) <= 3
    assert set(sending.in_doubt()) == doubt


def test_before_anything_is_planned(office: Office) -> None:
    before = office.contents()
    with running(Script()) as server:
        sending = office.at(server.port)
        process = sending.start(*send_arguments(SLUG, "economie"))
        fill_the_disk(process, 64 * 1024)
        assert "disk" in one_sentence(finish(process, 2))
        assert server.connections == 0
        assert office.contents() == before


def test_during_an_import(office: Office, tmp_path: Path) -> None:
    before = office.contents()
    newcomers = write_list(tmp_path / "newcomers.csv", invent(200, mark="new"))
    process = office.start("contacts", "import", str(newcomers), "--list", "newcomers")
    fill_the_disk(process, 64 * 1024)
    assert "disk" in one_sentence(finish(process, 2))
    assert office.contents() == before
