"""What goes out of a workspace, put together as a caller without a terminal would: proved, signed, planned, moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from databases import put_database
from sqlmodel import Session, select

from distributor import clock
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.sources.csvfile import read_csv
from distributor.dispatch.signoff import signoffs
from distributor.errors import Refused
from distributor.models import Audit, Delivery, Dispatch
from distributor.outgoing import embargoes
from distributor.outgoing.embargoes import Word
from distributor.outgoing.leaving import survey
from distributor.outgoing.naming import scope_of, selection_of
from distributor.outgoing.planning import plan_proved
from distributor.outgoing.proving import Proved, prove_release
from distributor.releases import store
from distributor.releases.readers import document
from distributor.starter import make_workspace
from distributor.wiring import Workspace, open_workspace

RELEASE = """---
title: La halle rouvre LUNDI !!
lang: fr
contact: {name: Anne Clos, role: Presse, email: anne@halle.example, phone: "02 98 00 00 31"}
---

La halle rouvre lundi, après deux ans de travaux.
"""
LIST = "Civilité;Prénom;Nom;Média;E-mail\nMme;Hélène;Aubry;Le Jour;helene@jour.example\n"
SENDER = "Service presse <presse@halle.example>"
SCOPE = scope_of(["presse"])


def opened(folder: Path, sender: str) -> Workspace:
    make_workspace(folder)
    env = folder / ".env"
    env.write_text(env.read_text("utf-8").replace("MAIL_FROM=\n", f"MAIL_FROM={sender}\n"), "utf-8")
    put_database(folder)
    workspace = open_workspace(folder)
    table = read_csv(LIST.encode(), name="l.csv")
    import_contacts(workspace.database, table, list_name="Presse", keyring=workspace.keyring)
    draft = document.read_release(RELEASE.encode(), file="halle.md", timezone=workspace.settings.timezone)
    with workspace.database.session() as session:
        store.store_release(session, draft, source=RELEASE, source_name="halle.md", slug="halle")
    return workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made = opened(tmp_path / "presse", SENDER)
    yield made
    made.database.close()


def proved_of(workspace: Workspace, *passing: str) -> Proved:
    return prove_release(
        workspace, "halle", selection_of(SCOPE), clock.now(), passing=passing, because="as the mayor writes it"
    )


def sign(workspace: Workspace) -> None:
    with workspace.database.session() as session:
        leaving = survey(workspace, session, store.find_release(session, "halle"), dict(SCOPE))
        signoffs.sign(session, leaving, name="Anne", actor="anne", scope=dict(SCOPE), now=clock.now())


def overrides_in(session: Session) -> list[str]:
    return [row.details["code"] for row in session.exec(select(Audit).where(Audit.action == "proof.override"))]


def test_what_is_to_be_told_beside_the_proof_is_a_value(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    workspace = opened(tmp_path / "presse", "")
    proved = proved_of(workspace)
    workspace.database.close()
    assert proved.remarks == ["No sender is set yet (DISTRIBUTOR_MAIL_FROM); a stand-in is shown."]
    assert [str(one.address) for one in proved.manifest.recipients] == ["helene@jour.example"]
    assert capfd.readouterr() == ("", "")


def test_what_was_agreed_is_planned_whole_with_its_overrides(
    workspace: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    proved = proved_of(workspace, "headline-signs")
    with pytest.raises(Refused) as unsigned:
        plan_proved(workspace, workspace.log(), proved, SCOPE)
    with workspace.database.session(reads_only=True) as session:
        assert session.exec(select(Dispatch)).all() == []
        assert overrides_in(session) == []
    assert unsigned.value.mend == "Sign it: distributor releases sign-off halle --list presse --by NAME"
    sign(workspace)
    (number,) = plan_proved(workspace, workspace.log(), proved, SCOPE, overrides=["headline-signs"])
    with workspace.database.session(reads_only=True) as session:
        assert [one.dispatch_id for one in session.exec(select(Delivery))] == [number]
        assert overrides_in(session) == ["headline-signs"]
    assert capfd.readouterr() == ("", "")


def test_an_embargo_is_moved_only_from_where_it_was_seen(workspace: Workspace) -> None:
    log, until = workspace.log(), clock.now().replace(microsecond=0) + timedelta(days=1)
    embargoes.change(workspace, log, "halle", before=None, until=until, tells=None)
    with pytest.raises(Refused, match="Another command has changed the embargo of «halle»"):
        embargoes.change(workspace, log, "halle", before=None, until=until + timedelta(hours=1), tells=None)
    assert embargoes.read(workspace, "halle")["embargo_until"] == until
    noted = [embargoes.note(workspace, "halle", ["Aubry"], how, withdrawn=False)[1] for how in ("", "", "by telephone")]
    assert [word for ((_who, word),) in noted] == [Word.AGREED, Word.AGREED_ALREADY, Word.HOW_NOTED]
    words = [embargoes.note(workspace, "halle", ["Aubry"], "", withdrawn=True)[1][0][1] for _ in range(2)]
    assert words == [Word.WITHDRAWN, Word.HAD_NOT_AGREED]
