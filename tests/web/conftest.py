"""What the web's tests start from: a workspace with a release that has been sent, and a visitor."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import put_database
from ledgerbase import HandClock
from starlette.testclient import TestClient
from visiting import BODY, LIST, RELEASE, Seconds, Visited, send_release

from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.sources.csvfile import read_csv
from distributor.starter import make_workspace
from distributor.web.app import make_app
from distributor.web.site import Site
from distributor.wiring import open_workspace


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace from which a release was sent to two journalists, not to be changed."""
    folder = tmp_path_factory.mktemp("site") / "press"
    make_workspace(folder)
    settings = folder / ".env"
    text = settings.read_text(encoding="utf-8")
    for name, value in (
        ("MAIL_FROM", "Service presse <presse@halle.example>"),
        ("ORGANISATION", "La Halle <b>"),
        ("PUBLIC_URL", "https://presse.halle.example"),
    ):
        text = text.replace(f"DISTRIBUTOR_{name}=\n", f"DISTRIBUTOR_{name}={value}\n")
    settings.write_text(text, encoding="utf-8")
    put_database(folder)
    workspace = open_workspace(folder)
    import_contacts(
        workspace.database,
        read_csv(LIST.encode(), name="l.csv"),
        list_name="sante",
        sector="Santé",
        keyring=workspace.keyring,
    )
    send_release(workspace, HandClock(), RELEASE.format(more="") + BODY, slug="hopital", is_test=False)
    workspace.database.close()
    return folder


@pytest.fixture
def visited(prepared: Path, tmp_path: Path) -> Iterator[Visited]:
    """A site on a workspace of the test's own, from which a release has been sent."""
    shutil.copytree(prepared, tmp_path / "press")
    workspace = open_workspace(tmp_path / "press")
    clock, seconds, said = HandClock(), Seconds(), list[str]()
    site = Site(workspace, said.append, now=clock, tell_time=seconds)
    client = TestClient(make_app(site), base_url="https://presse.halle.example", raise_server_exceptions=False)
    clock.forward(minutes=1)
    yield Visited(site, client, clock, seconds, said)
    workspace.database.close()
