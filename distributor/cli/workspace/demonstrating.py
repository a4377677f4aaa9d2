"""The demo's script: the commands a press officer would type, typed for them, against an embedded mail server."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distributor import clock
from distributor.addresses import parse_address
from distributor.cli.contacts.showing_imports import show_import
from distributor.cli.dispatches.standing import say_standing, say_trouble
from distributor.cli.dispatches.watching import shown_while
from distributor.cli.releases.showing import show_import_of_release
from distributor.cli.releases.signoffs import sign_release
from distributor.cli.sending.showing import show_manifest, show_proof
from distributor.cli.terminal.output import console, count, styled
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.objections import suppression
from distributor.contacts.sources.csvfile import read_csv
from distributor.contacts.sources.rejects import make_rejects
from distributor.dispatch.accounts.ways import OneWay
from distributor.errors import BadInput, NotAllReached
from distributor.files import read_bytes, write_bytes
from distributor.outgoing.naming import how_to_prove, how_to_send, scope_of, selection_of
from distributor.outgoing.planning import plan_proved
from distributor.outgoing.proving import Proved, prove_release
from distributor.releases import store
from distributor.releases.readers import document
from distributor.reports import queries, terminal
from distributor.starter import make_workspace, starter_path
from distributor.states import DeliveryState
from distributor.transport.account import SmtpAccount
from distributor.transport.sandbox import Sandbox
from distributor.transport.smtp import SmtpTransport
from distributor.wiring import Workspace, actor, open_workspace

SECTORS = {
    "economie": "Économie",
    "international": "International",
    "sante": "Santé",
    "culture": "Culture",
    "social": "Social",
}
_SIGNER = "Claire Morvan"
_OBJECTOR = "beatrice.loeuillet@tele-garonne.example"
_REFUSED = ("thomas.oeuvrard@cahier-neuf.example", "m.vogel@elbbote.example")
_GREYLISTED = ("zoe.percin@quotidien-soignants.example", "yann.kermadec@tribune-ponant.example")
_SAMPLE, _SLUG = "releases/marees-2050.md", "marees"
_NEXT_SAMPLE, _NEXT_SLUG = "releases/journee-marees.md", "journee"
_RETRY_S = 2.0
"""What a greylisting server calls «later», shortened so that the demo stays under a minute."""


def run_demo(folder: Path | None) -> None:
    """Make a workspace and walk through it; `BadInput` if `folder` already holds a demo's or a person's database."""
    target = folder or Path(tempfile.mkdtemp(prefix="distributor-demo-"))
    if (target / "press.db").exists():
        raise BadInput(f"{target} already holds a workspace.", mend="Name another folder, or remove this one.")
    _title("A workspace", f"distributor init {target}")
    make_workspace(target)
    with (target / ".env").open("a", encoding="utf-8") as settings:
        settings.write(_SETTINGS)
    asyncio.run(_walk(target))


_SETTINGS = """
# The demo: a mail server on this machine, «later» means two seconds, and nobody is there to recall anything.
DISTRIBUTOR_SMTP_HOST=127.0.0.1
DISTRIBUTOR_SMTP_SECURITY=plain
DISTRIBUTOR_SMTP_CONNECTIONS=4
DISTRIBUTOR_MAIL_FROM=Service de presse <presse@observatoire-littoral.example>
DISTRIBUTOR_REPLY_TO=Claire Morvan <claire.morvan@observatoire-littoral.example>
DISTRIBUTOR_ORGANISATION=Observatoire du littoral
DISTRIBUTOR_RETRY_MINUTES=0.03
DISTRIBUTOR_COOL_DOWN=0
"""


async def _walk(target: Path) -> None:
    workspace = open_workspace(target, creating=True)
    _import_lists(workspace)
    _import_release(workspace)
    lists = " ".join(f"--list {name}" for name in SECTORS)
    scope = scope_of(list(SECTORS))
    _title("The proof", how_to_prove(_SLUG, scope))
    proved = prove_release(workspace, _SLUG, selection_of(scope), clock.now())
    local = clock.now().astimezone(workspace.settings.timezone)
    show_proof(proved.result, _SLUG, local, proved.manifest, command=how_to_prove(_SLUG, scope))
    _title("Who gets it", how_to_send(_SLUG, scope))
    show_manifest(proved.manifest, detailed=False)
    _title("The sign-off", f'distributor releases sign-off {_SLUG} {lists} --by "{_SIGNER}"')
    sign_release(workspace, _SLUG, _SIGNER, scope)
    mails = target / "messages"
    async with Sandbox(mails, refuse=_REFUSED, greylist=_GREYLISTED) as sandbox:
        await _send(workspace, proved, scope, sandbox)
    _title("The delivery report", f"distributor report {_SLUG}")
    with workspace.database.reading() as connection:
        report = queries.make_report(connection, slug=_SLUG)
        rows = queries.recipients(connection, report.dispatch_ids)
        terminal.show_report(console(), report, rows, workspace.settings.timezone)
    _farewell(target, mails)


def _import_lists(workspace: Workspace) -> None:
    for name, sector in SECTORS.items():
        file = workspace.path / "lists" / f"{name}.csv"
        _title("A press list", f"distributor contacts import lists/{file.name} --list {name} --sector {sector}")
        table = read_csv(read_bytes(file), name=file.name)
        report = import_contacts(
            workspace.database, table, list_name=name, sector=sector, keyring=workspace.keyring, actor=actor()
        )
        rejected = make_rejects(report).content
        rejects_file = file.with_name(f"{name}-rejects.csv") if rejected else None
        if rejects_file is not None:
            write_bytes(rejects_file, rejected)
        show_import(report, rejects_file)
    _title("Somebody said no", f"distributor suppressions add {_OBJECTOR}")
    with workspace.database.session() as session:
        suppression.add(
            session,
            workspace.keyring,
            parse_address(_OBJECTOR),
            reason="said so on the phone",
            source="demo",
            actor=actor(),
        )
    console().print(f"{_OBJECTOR}: objection recorded; it beats every list.")


def _import_release(workspace: Workspace) -> None:
    file = workspace.path / _SAMPLE
    file.parent.mkdir(exist_ok=True)
    for sample in (_SAMPLE, _NEXT_SAMPLE):
        write_bytes(workspace.path / sample, starter_path(sample).read_bytes())
    _title("A release", f"distributor releases import {_SAMPLE} --slug {_SLUG}")
    raw = file.read_bytes()
    draft = document.read_release(raw, file=str(file), timezone=workspace.settings.timezone)
    with workspace.database.session() as session:
        source = document.decode_source(raw).text
        stored = store.store_release(session, draft, source=source, source_name=file.name, slug=_SLUG, author=actor())
    show_import_of_release(stored, [], workspace.settings.timezone, [stored])


async def _send(workspace: Workspace, proved: Proved, scope: Mapping[str, Any], sandbox: Sandbox) -> None:
    log = workspace.log()
    (dispatch_id,) = plan_proved(workspace, log, proved, scope)
    carrier = workspace.carrier(log)
    way = OneWay(SmtpTransport(SmtpAccount(sandbox.host, sandbox.port, "plain")), workspace.settings.smtp_connections)
    while True:
        carried = carrier.carry(dispatch_id, way, asyncio.Event(), say_trouble)
        result = await shown_while(workspace, [dispatch_id], carried)
        if not carrier.standing(dispatch_id).counts.get(DeliveryState.DEFERRED):
            break
        console().print(
            "Two servers asked us to come back later: `distributor work` does that; here, after two seconds."
        )
        await clock.sleep(_RETRY_S)
    try:
        say_standing(workspace, dispatch_id, carrier.standing(dispatch_id), result)
    except NotAllReached as error:
        console().print(error.message)


def _farewell(target: Path, mails: Path) -> None:
    out = console()
    kept = len(list(mails.glob("*.eml")))
    out.print()
    out.print(f"{count(kept, 'message')} as the journalists got them: {mails}/*.eml", soft_wrap=True)
    out.print("Try next:")
    out.print(f"  cd {shlex.quote(str(target))}", soft_wrap=True)
    for arguments in (
        f"report {_SLUG} --state rejected",
        f"releases preview {_SLUG} --contact vidal",
        "contacts show vidal",
        f"releases import {_NEXT_SAMPLE} --slug {_NEXT_SLUG}",
        f"send {_NEXT_SLUG} --list social --list sante --dry-run",
        "doctor --offline",
    ):
        out.print(f"  {program()} {arguments}", soft_wrap=True)


def program() -> str:
    """What runs this program again, typed in any folder: its name where PATH finds it, else where it lies."""
    running = Path(sys.argv[0]).absolute()
    if running.name == "__main__.py":
        running = Path(sys.executable).with_name("distributor")
    if not running.exists():
        return f"{shlex.quote(sys.executable)} -m distributor"
    found = shutil.which("distributor")
    return "distributor" if found and Path(found).absolute() == running else shlex.quote(str(running))


def _title(words: str, command: str) -> None:
    out = console()
    out.print()
    out.print(styled(f"== {words}", "bold"))
    out.print(styled(f"$ {command}", "dim"), soft_wrap=True)
