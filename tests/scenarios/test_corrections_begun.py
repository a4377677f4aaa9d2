"""A correction that is written and not sent yet: from then on nothing of the wrong text starts to leave by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office, finish, one_sentence, until
from smtpserver import Fault, Script, ScriptedServer, running
from test_corrections_sent import CORRECTION, RIGHT, corrected, text

REFUSED, DOUBTFUL = SHORT_LIST[1], SHORT_LIST[3]
TROUBLE = Script(
    faults=(
        Fault("rcpt", reply="550 5.7.1 Not today", recipient=REFUSED.spec, times=1),
        Fault("body", do="drop", recipient=DOUBTFUL.spec, times=1),
    )
)
RETRY = ("dispatches", "retry", "1", "--state", "rejected", "--yes")
RESOLVE = ("dispatches", "resolve", "1", DOUBTFUL.address, "--as", "not-accepted")


@pytest.fixture
def sent(office: Office) -> Iterator[tuple[Office, ScriptedServer]]:
    """One was refused, of one nobody knows, ten have the wrong text; the dispatch is done."""
    with running(TROUBLE) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        assert sending.dispatch_state() == "done"
        yield sending, server


@pytest.mark.parametrize(("again", "who"), [(RETRY, REFUSED), (RESOLVE, DOUBTFUL)], ids=["retry", "resolve"])
@pytest.mark.parametrize("verb", ["correct", "replace", "retract"])
def test_who_is_queued_again_waits_for_the_right_text(
    sent: tuple[Office, ScriptedServer], again: tuple[str, ...], who: object, verb: str
) -> None:
    office, server = sent
    made = office.json("releases", verb, SLUG, corrected(office))["slug"]
    said = " ".join(office.run(*again).out.split())
    assert (
        f"«{made}» is written and not sent yet, so nothing of the wrong text leaves; send it: distributor send {made}"
    ) in said
    assert "distributor work, by itself" not in said
    office.run("work", "--once")
    assert len(server.accepted) == 10
    (waiting,) = office.deliveries("queued")
    assert waiting["address"] == getattr(who, "spec", "")
    (row,) = office.json("dispatches", "list")
    assert row["state"] == "paused"
    assert row["pause_reason"].endswith(f"«{SLUG}» is being corrected")


@pytest.mark.parametrize(("again", "who"), [(RETRY, REFUSED), (RESOLVE, DOUBTFUL)], ids=["retry", "resolve"])
def test_they_stand_where_the_correction_finds_them(
    sent: tuple[Office, ScriptedServer], again: tuple[str, ...], who: object
) -> None:
    office, server = sent
    office.run("releases", "correct", SLUG, corrected(office))
    office.run(*again)
    office.run("send", CORRECTION, "--yes", code=5 if again is RETRY else 0)  # of one nobody knows still
    later = {one.recipient: text(one) for one in server.accepted[10:]}
    assert getattr(who, "spec", "") in later
    assert len(later) == 11
    assert all(RIGHT in one for one in later.values())
    assert "Rectificatif" not in later[getattr(who, "spec", "")]


def test_only_who_goes_on_by_name_sends_it(sent: tuple[Office, ScriptedServer]) -> None:
    office, server = sent
    office.run("releases", "correct", SLUG, corrected(office))
    office.run(*RETRY)
    assert len(server.accepted) == 10
    office.run("dispatches", "resume", "1", code=5)  # of one nobody knows
    assert [one.recipient for one in server.accepted[10:]] == [REFUSED.spec]


def test_a_doubt_is_not_sent_again_by_a_resume_of_what_was_done(sent: tuple[Office, ScriptedServer]) -> None:
    office, server = sent
    office.run("releases", "correct", SLUG, corrected(office))
    said = one_sentence(office.run("dispatches", "resume", "1", "--in-doubt", "resend", code=3))
    assert f"«{CORRECTION}» is written and not sent yet" in said
    assert office.states() == {"accepted": 10, "rejected": 1, "in_doubt": 1}
    office.run("dispatches", "resume", "1", "--in-doubt", "assume-sent", code=5)
    assert len(server.accepted) == 10


def test_what_is_queued_while_the_correction_is_being_written_is_paused_with_it(
    sent: tuple[Office, ScriptedServer],
) -> None:
    """The editor stands open: the correction is not there yet, and nobody can know of it."""
    office, server = sent
    opened, go_on, editor = (office.path / name for name in ("opened", "go-on", "editor.sh"))
    wait = f"touch {opened}; while [ ! -e {go_on} ]; do sleep 0.02; done"
    editor.write_text(f"{wait}; sed -i 's/quatorze mois/dix-sept mois/' \"$1\"\n")
    office.settings["EDITOR"] = f"sh {editor}"
    writing = office.start("releases", "correct", SLUG)
    until(opened.exists, "the editor is open", process=writing)
    office.run(*RESOLVE)
    go_on.touch()
    assert "Dispatch 1 of the wrong text is paused: nothing more of it leaves." in finish(writing, 0).out
    office.run("work", "--once")
    assert len(server.accepted) == 10
    assert office.states() == {"accepted": 10, "rejected": 1, "queued": 1}


def test_a_follow_up_brings_no_text_whose_correction_is_written(sent: tuple[Office, ScriptedServer]) -> None:
    office, server = sent
    office.change("UPDATE delivery SET accepted_at = '2026-01-05 08:00:00.000000' WHERE accepted_at IS NOT NULL")
    office.run("releases", "follow-up", SLUG)
    office.run("releases", "correct", SLUG, corrected(office))
    assert "correction-begun" in office.run("send", f"{SLUG}-relance", "--yes", code=3).out
    assert len(server.accepted) == 10


def test_of_two_corrections_the_one_that_was_sent_stands_whichever_was_written_first(office: Office) -> None:
    with running(Script(faults=TROUBLE.faults[:1])) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU, code=5)
        sending.run("releases", "correct", SLUG, corrected(sending))
        sending.run("releases", "replace", SLUG, corrected(sending), "--slug", "autre")
        sending.run("send", CORRECTION, "--yes")
        before = len(server.accepted)
        rival = one_sentence(sending.run("send", "autre", "--yes", code=3))
        assert f"corrected by «{CORRECTION}» meanwhile; nothing was sent" in rival
        for command in (RETRY, ("send", SLUG, "--list", BUREAU, "--yes")):
            assert f"was corrected by «{CORRECTION}»" in one_sentence(sending.run(*command, code=3))
        assert len(server.accepted) == before
