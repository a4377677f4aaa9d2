"""A workspace with lists, a release and a dispatch, made once by the real command; and the command, run as users do."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commandtree import Run, clean_environment
from databases import put_database
from sqlmodel import select
from warmcommand import WarmCommand

from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.sources.csvfile import read_csv
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.accounts.ways import OneWay
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.plan import new_dispatch, plan_dispatch
from distributor.dispatch.recipients.from_lists import make_manifest
from distributor.models import ReleaseVersion
from distributor.releases import store
from distributor.releases.readers import document
from distributor.starter import make_workspace
from distributor.transport.account import SmtpAccount
from distributor.transport.sandbox import Sandbox
from distributor.transport.smtp import SmtpTransport
from distributor.wiring import Workspace, open_workspace

RELEASE = """---
title: La halle rouvre lundi
lang: fr
contact: {name: Anne Clos, role: Presse, email: anne@halle.example, phone: "02 98 00 00 31"}
---

La halle rouvre lundi, après deux ans de travaux.
"""
LIST = (
    "Civilité;Prénom;Nom;Média;E-mail\n"
    "Mme;Hélène;[bold]Aubry[/bold];Le Jour;helene@jour.example\n"
    "M.;Paul;Bois;=1+1;paul@soir.example\n"
)
MAIL_FROM = "Service presse <presse@halle.example>"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which one release has been sent to one list; not to be changed."""
    folder = tmp_path_factory.mktemp("prepared") / "presse"
    make_workspace(folder)
    env = folder / ".env"
    env.write_text(env.read_text("utf-8").replace("MAIL_FROM=\n", f"MAIL_FROM={MAIL_FROM}\n"), "utf-8")
    put_database(folder)
    workspace = open_workspace(folder)
    import_contacts(
        workspace.database,
        read_csv(LIST.encode(), name="l.csv"),
        list_name="Presse",
        sector="Culture",
        keyring=workspace.keyring,
    )
    with workspace.database.session() as session:
        settings = workspace.settings
        draft = document.read_release(
            RELEASE.encode(), file="halle.md", timezone=settings.timezone, default_lang=settings.language
        )
        store.store_release(session, draft, source=RELEASE, source_name="halle.md", slug="halle")
    _send(workspace)
    workspace.database.close()
    return folder


def _send(workspace: Workspace) -> None:
    log = workspace.log()
    with workspace.database.session() as session:
        version = session.exec(select(ReleaseVersion)).one()
        identity = Identity.from_settings(workspace.settings)
        number = plan_dispatch(
            session,
            log,
            new_dispatch(session, version, identity, workspace.templates, version.created_at),
            make_manifest(session, version, ["presse"], [], workspace.keyring),
        )
    asyncio.run(_carry(workspace, log, number))


async def _carry(workspace: Workspace, log: DeliveryLog, number: int) -> None:
    async with Sandbox(workspace.path / "out") as sandbox:
        way = OneWay(SmtpTransport(SmtpAccount(sandbox.host, sandbox.port, "plain")))
        await workspace.carrier(log).carry(number, way, asyncio.Event())


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    """A workspace of this test's own, as `prepared`."""
    shutil.copytree(prepared, tmp_path / "presse")
    return tmp_path / "presse"


@pytest.fixture(scope="session")
def run() -> Run:
    """Runs the command with these arguments, in a pipe, in an environment that holds nothing of ours."""

    def run_it(*arguments: str, workspace: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
        where = ("--workspace", str(workspace)) if workspace else ()
        if all(name.startswith("DISTRIBUTOR_") or name in {"VISUAL", "EDITOR"} for name in environ):
            process = WarmCommand([*where, *arguments], env=clean_environment() | environ, cwd=Path.cwd())
            said = process.communicate(60)
            return subprocess.CompletedProcess(process.args, process.wait(), *said)
        # What else stands in the environment may be for the interpreter itself, when it starts.
        return subprocess.run(
            [sys.executable, "-m", "distributor", *where, *arguments],
            env=clean_environment() | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run_it
