"""A press office to measure: a workspace with invented journalists and the sample release, and its commands."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.invented import contacts_csv
from benchmarks.measuring import timed
from distributor import clock
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.roster import Roster
from distributor.dispatch.plan import new_dispatch, plan_dispatch
from distributor.dispatch.recipients.narrowing import Selection
from distributor.outgoing.proving import prove_release
from distributor.releases import store
from distributor.releases.readers import document
from distributor.starter import make_workspace, starter_path
from distributor.states import DeliveryState
from distributor.wiring import TEMPLATE, Workspace, open_workspace

LIST = "essai"
SLUG = "marees"
SENDER = "presse@observatoire-littoral.example"
CONNECTIONS = 50
"""As many as smtp-source is given; at a kill, so many recipients at most are in doubt."""
COMMAND_S = 600.0
_IN_ONE_FILE = 300_000  # journalists: some 40 MB of CSV

_TEMPLATES = Path(__file__).with_name("templates")
_SAMPLE = "releases/marees-2050.md"
_SETTINGS = f"""
DISTRIBUTOR_SMTP_HOST=127.0.0.1
DISTRIBUTOR_SMTP_PORT={{port}}
DISTRIBUTOR_SMTP_SECURITY=plain
DISTRIBUTOR_SMTP_CONNECTIONS={{connections}}
DISTRIBUTOR_MAIL_FROM=Service de presse <{SENDER}>
DISTRIBUTOR_REPLY_TO=Claire Morvan <claire.morvan@observatoire-littoral.example>
DISTRIBUTOR_ORGANISATION=Observatoire du littoral
DISTRIBUTOR_SIGN_OFFS=0
DISTRIBUTOR_COOL_DOWN=0
DISTRIBUTOR_ASK_NUMBER_ABOVE=1000000
"""


def make_office(
    folder: Path, *, journalists: int, port: int, connections: int = CONNECTIONS, database_url: str = ""
) -> Workspace:
    """A workspace in `folder` with the release `SLUG` and `journalists` people on the list `LIST`, ready to send."""
    make_workspace(folder)
    for template in _TEMPLATES.iterdir():  # a message of about 6 kB
        shutil.copy(template, folder / "templates" / TEMPLATE)
    with (folder / ".env").open("a", encoding="utf-8") as settings:
        settings.write(_SETTINGS.format(port=port, connections=connections))
        settings.write(f"DISTRIBUTOR_DATABASE_URL={database_url}\n" if database_url else "")
    workspace = open_workspace(folder, creating=True)
    for before in range(0, journalists, _IN_ONE_FILE):
        table = read_csv(contacts_csv(min(_IN_ONE_FILE, journalists - before), before=before), name="essai.csv")
        import_contacts(workspace.database, table, list_name=LIST, keyring=workspace.keyring)
    raw = starter_path(_SAMPLE).read_bytes()
    draft = document.read_release(raw, file=_SAMPLE, timezone=workspace.settings.timezone)
    with workspace.database.session() as session:
        source = document.decode_source(raw).text
        store.store_release(session, draft, source=source, source_name=Path(_SAMPLE).name, slug=SLUG)
    return workspace


def plan(workspace: Workspace) -> int:
    """Plan the release for everyone on the list, as `distributor send` does; return the dispatch's number."""
    proved = prove_release(workspace, SLUG, Selection([LIST]), clock.now())
    with workspace.database.session() as session:
        dispatch = new_dispatch(
            session, proved.stored.version, proved.opened.identity, workspace.templates, clock.now()
        )
        return plan_dispatch(session, workspace.log(), dispatch, proved.manifest)


def carry_timed(
    workspace: Workspace, log: DeliveryLog, database: Database, dispatch_id: int, messages: int, *, here: bool = False
) -> float:
    """The seconds that a planned dispatch takes from its start to its end; raise unless everybody was reached.

    With `here` the log stays in this process, however many there are: another could not open it.
    """
    carrier = replace(workspace.carrier(log), database=database, roster=Roster(database, log.worker))
    if here:
        carrier = replace(carrier, apart_from=sys.maxsize)
    outcomes: Counter[DeliveryState] = Counter()

    async def carry() -> None:
        result = await carrier.carry(dispatch_id, workspace.ways(), asyncio.Event())
        outcomes.update(result.outcomes)

    seconds = timed(lambda: asyncio.run(carry()))
    database.close()
    if outcomes != {DeliveryState.ACCEPTED: messages}:
        raise RuntimeError(f"Of {messages} messages not all were accepted: {dict(outcomes)}.")
    return seconds


def copy_office(original: Path, target: Path) -> Path:
    """A fresh copy of a closed workspace."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(original, target)
    return target


def distributor_command() -> list[str]:
    """The installed command where there is one, the module otherwise."""
    script = Path(sys.executable).with_name("distributor")
    return [str(script)] if script.exists() else [sys.executable, "-m", "distributor"]


def run(command: Sequence[str], *, folder: Path | None = None) -> None:
    """Run a command to its end, its output thrown away; raise if it fails, with what it said."""
    # Settings of the person who measures must not reach the workspace that is measured.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DISTRIBUTOR_")}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, timeout=COMMAND_S, check=False, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr.strip()[-500:]}")
