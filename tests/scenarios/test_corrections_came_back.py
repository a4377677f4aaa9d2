"""Corrections and those whose mail came back: who is not mailed, and whom the correction itself missed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office
from smtpserver import Fault, Script, ScriptedServer, running
from test_came_back import NEW, comes_back
from test_corrections_sent import CORRECTION, corrected, read, subject, write
from test_served import import_another

ANNE = SHORT_LIST[0]
BECAUSE = "mail to this address came back (unknown user)"


@pytest.fixture
def sent(office: Office) -> Iterator[tuple[Office, ScriptedServer]]:
    """Two releases that went out, and Anne's address is dead since; the second has a mistake."""
    with running(Script()) as server:
        own = office.at(server.port)
        own.send(SLUG, BUREAU)
        import_another(own)
        own.send("deuxieme", BUREAU)
        comes_back(own, ANNE.spec)
        text = (own.path / "deuxieme.txt").read_text(encoding="utf-8").replace("quatorze", "dix-sept")
        own.run("releases", "correct", "deuxieme", write(own, "mieux.txt", text))
        yield own, server


def test_whose_mail_came_back_is_nobody_who_objected(sent: tuple[Office, ScriptedServer]) -> None:
    own, _ = sent
    planned = own.json("send", "deuxieme-rectificatif", "--dry-run")["left_out"]
    assert [(one["name"], one["reason"]) for one in planned] == [(ANNE.name, "came back")]
    own.run("send", "deuxieme-rectificatif", "--yes")
    (row,) = own.json("dispatches", "phone-list", "3")
    assert (row["address"], row["why"]) == (ANNE.spec, "mail came back before")
    (kept,) = own.json("dispatches", "manifest", "3")["left_out"]
    assert (kept["address"], kept["reason"]) == (ANNE.spec, "came back")
    follow_up = own.json("releases", "follow-up", SLUG, "--dry-run")["left_out"]
    assert {one["reason"] for one in follow_up if one["because"] == BECAUSE} == {"came back"}


def test_at_the_address_that_was_mended_they_are_told(sent: tuple[Office, ScriptedServer]) -> None:
    own, server = sent
    wrong = next(one.message_id for one in reversed(server.accepted) if one.recipient == ANNE.spec)
    own.run("send", "deuxieme-rectificatif", "--yes")
    assert len(own.json("dispatches", "phone-list", "3")) == 1
    said = own.run("send", "deuxieme-rectificatif", "--yes").out
    assert f"mend the address: distributor contacts edit {ANNE.spec} --address NEW; then send it again" in said
    own.run("contacts", "edit", ANNE.spec, "--address", NEW)
    own.run("send", "deuxieme-rectificatif", "--yes")
    told = server.accepted[-1]
    assert told.recipient == NEW
    assert read(told)["In-Reply-To"] == wrong
    assert subject(told).startswith("Rectificatif")
    assert own.json("dispatches", "phone-list", "3") == []
    before = len(server.accepted)
    assert "Nobody is known to have the wrong text" in own.run("send", "deuxieme-rectificatif", "--yes").out
    assert len(server.accepted) == before


def test_an_objection_is_heeded_at_the_address_that_was_mended(sent: tuple[Office, ScriptedServer]) -> None:
    own, server = sent
    own.run("contacts", "edit", ANNE.spec, "--address", NEW)
    own.run("suppressions", "add", NEW, "--source", "phone")
    own.run("send", "deuxieme-rectificatif", "--yes")
    assert NEW not in {one.recipient for one in server.accepted}
    assert [one["why"] for one in own.json("dispatches", "phone-list", "3")] == ["objection"]


def test_a_manifest_lists_whose_mail_came_back_once(sent: tuple[Office, ScriptedServer]) -> None:
    own, _ = sent
    text = own.path / "trois.txt"
    text.write_text((own.path / "deuxieme.txt").read_text(encoding="utf-8").replace("lits", "portes"), encoding="utf-8")
    own.run("releases", "import", str(text), "--slug", "trois")
    own.send("trois", BUREAU)
    manifest = own.json("dispatches", "manifest", "3")
    assert ANNE.spec not in {one["address"] for one in manifest["recipients"]}
    assert [(one["address"], one["because"]) for one in manifest["left_out"]] == [(ANNE.spec, BECAUSE)]


def test_whom_the_correction_did_not_reach_is_named_with_the_way(office: Office) -> None:
    objector, refused, doubtful, returned = SHORT_LIST[:4]
    faults = (
        Fault("rcpt", reply="550 5.1.1 no such user", recipient=refused.spec, nth=(2,)),
        Fault("body", "accept_then_drop", recipient=doubtful.spec, nth=(2,)),
    )
    with running(Script(faults)) as server:
        own = office.at(server.port)
        own.send(SLUG, BUREAU)
        own.run("suppressions", "add", objector.spec, "--source", "phone")
        own.run("releases", "correct", SLUG, corrected(own))
        own.run("send", CORRECTION, "--yes", code=5)
        comes_back(own, returned.spec, dispatch_id=2)
        said = " ".join(own.run("send", CORRECTION, "--yes").out.split())
        assert "Nobody is known" not in said
        assert "Nobody else is known to have the wrong text." in said
        assert "Of those on its dispatches 4 recipients are not known to have it:" in said
        assert f"{objector.spec}: is not mailed (dispatch 2): objection" in said
        for person, state in ((refused, "rejected"), (returned, "bounced")):
            mended = f"distributor contacts edit {person.spec} --address NEW"
            again = f"distributor dispatches retry 2 --state {state}"
            assert re.search(rf"{person.spec}: .*{mended}; then: {again}", said)
        assert f"{doubtful.spec}: may have it (dispatch 2); to end the doubt: distributor dispatches resolve 2" in said
        missed = own.json("send", CORRECTION, "--dry-run")["correction"]["missed"]
        assert sorted(one["state"] for one in missed) == ["bounced", "in_doubt", "rejected", "withheld"]
        own.run("contacts", "edit", returned.spec, "--address", NEW)
        own.run("dispatches", "retry", "2", "--state", "bounced", "--yes", code=5)
        assert server.accepted[-1].recipient == NEW
        assert len(own.json("send", CORRECTION, "--dry-run")["correction"]["missed"]) == 3
        more = (own.path / "corrige.txt").read_text(encoding="utf-8").replace("douze", "treize")
        own.run("releases", "correct", CORRECTION, write(own, "encore.txt", more))
        own.run("send", f"{CORRECTION}-2", "--yes", code=5)
        said = own.run("send", CORRECTION, "--yes").out
        assert f"«{CORRECTION}» was corrected by «{CORRECTION}-2», which is sent in its place." in said
        assert "dispatches retry" not in said
        refused = own.run("dispatches", "retry", "2", "--state", "rejected", "--yes", code=3).err
        assert f"distributor send {CORRECTION}-2" in refused
        refused = own.run("releases", "follow-up", SLUG, "--dry-run", code=3).err
        assert f"distributor releases follow-up {CORRECTION}-2" in refused
        own.run("releases", "retract", f"{CORRECTION}-2", "--because", "Tout est faux.")
        own.run("send", f"{SLUG}-annulation", "--yes", code=5)
        refused = own.run("releases", "follow-up", SLUG, "--dry-run", code=3).err
        assert f"was withdrawn by «{SLUG}-annulation»" in refused
        said = own.run("send", CORRECTION, "--yes").out
        assert f"«{CORRECTION}» was withdrawn by «{SLUG}-annulation», which is sent in its place." in said
