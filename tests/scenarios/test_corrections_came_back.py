"""Corrections and those whose mail came back: they are not mailed, and nobody says that they objected."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office
from smtpserver import Script, ScriptedServer, running
from test_came_back import comes_back
from test_corrections_sent import write
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


def test_a_manifest_lists_whose_mail_came_back_once(sent: tuple[Office, ScriptedServer]) -> None:
    own, _ = sent
    text = own.path / "trois.txt"
    text.write_text((own.path / "deuxieme.txt").read_text(encoding="utf-8").replace("lits", "portes"), encoding="utf-8")
    own.run("releases", "import", str(text), "--slug", "trois")
    own.send("trois", BUREAU)
    manifest = own.json("dispatches", "manifest", "3")
    assert ANNE.spec not in {one["address"] for one in manifest["recipients"]}
    assert [(one["address"], one["because"]) for one in manifest["left_out"]] == [(ANNE.spec, BECAUSE)]
