"""The demo's script: the commands a press officer would type, typed for them, against an embedded mail server."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from distributor import clock
from distributor.addresses import parse_address
from distributor.cli.output import console, count, styled
from distributor.cli.proving import Proved, prove_release
from distributor.cli.running import say_standing, showing_progress
from distributor.cli.sending import plan_proved
from distributor.cli.showing import show_import, show_import_of_release, show_manifest, show_proof
from distributor.contacts import suppression
from distributor.contacts.csvfile import read_csv
from distributor.contacts.importing import import_contacts
from distributor.contacts.report import rejects_csv
from distributor.errors import BadInput, NotAllReached
from distributor.files import read_bytes, write_bytes
from distributor.releases import document, store
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
_OBJECTOR = "beatrice.loeuillet@tele-garonne.example"
_REFUSED = ("thomas.oeuvrard@cahier-neuf.example", "m.vogel@elbbote.example")
_GREYLISTED = ("zoe.percin@quotidien-soignants.example", "yann.kermadec@tribune-ponant.example")
_SAMPLE = "releases/marees-2050.md"
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
# The demo: a mail server on this machine, and «later» means two seconds.
DISTRIBUTOR_SMTP_HOST=127.0.0.1
DISTRIBUTOR_SMTP_SECURITY=plain
DISTRIBUTOR_SMTP_CONNECTIONS=4
DISTRIBUTOR_MAIL_FROM=Service de presse <presse@observatoire-littoral.example>
DISTRIBUTOR_REPLY_TO=Claire Morvan <claire.morvan@observatoire-littoral.example>
DISTRIBUTOR_ORGANISATION=Observatoire du littoral
DISTRIBUTOR_RETRY_MINUTES=0.03
"""


async def _walk(target: Path) -> None:
    workspace = open_workspace(target, creating=True)
    _import_lists(workspace)
    slug = _import_release(workspace)
    _title("The proof", f"distributor releases proof {slug}")
    proved = prove_release(workspace, slug, list(SECTORS), clock.now())
    show_proof(proved.result, slug, clock.now().astimezone(workspace.settings.timezone), proved.rendered)
    _title("Who gets it", f"distributor send {slug} {' '.join(f'--list {name}' for name in SECTORS)}")
    show_manifest(proved.manifest, detailed=False)
    mails = target / "messages"
    async with Sandbox(mails, refuse=_REFUSED, greylist=_GREYLISTED) as sandbox:
        await _send(workspace, proved, sandbox)
    _title("The delivery report", f"distributor report {slug}")
    report = queries.make_report(workspace.database, slug=slug)
    with workspace.database.reading() as connection:
        rows = queries.recipients(connection, report.dispatch_ids)
        terminal.show_report(console(), report, rows, workspace.settings.timezone)
    _farewell(target, mails, slug)


def _import_lists(workspace: Workspace) -> None:
    for name, sector in SECTORS.items():
        file = workspace.path / "lists" / f"{name}.csv"
        _title("A press list", f"distributor contacts import lists/{file.name} --list {name} --sector {sector}")
        table = read_csv(read_bytes(file), name=file.name)
        report = import_contacts(workspace.database, table, list_name=name, sector=sector, actor=actor())
        rejected = rejects_csv(report)
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


def _import_release(workspace: Workspace) -> str:
    file = workspace.path / _SAMPLE
    file.parent.mkdir(exist_ok=True)
    write_bytes(file, starter_path(_SAMPLE).read_bytes())
    _title("A release", f"distributor releases import {_SAMPLE}")
    raw = file.read_bytes()
    draft = document.read_release(raw, file=str(file), timezone=workspace.settings.timezone)
    with workspace.database.session() as session:
        stored = store.store_release(session, draft, source=document.decode_source(raw).text, source_name=file.name)
    show_import_of_release(stored, [], workspace.settings.timezone)
    return stored.release.slug


async def _send(workspace: Workspace, proved: Proved, sandbox: Sandbox) -> None:
    log = workspace.log()
    dispatch_id = plan_proved(workspace, log, proved)
    carrier = workspace.carrier(log)
    transport = SmtpTransport(SmtpAccount(sandbox.host, sandbox.port, "plain"))
    while True:
        with showing_progress(carrier.standing(dispatch_id)) as on_outcome:
            result = await carrier.carry(dispatch_id, transport, asyncio.Event(), on_outcome)
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


def _farewell(target: Path, mails: Path, slug: str) -> None:
    out = console()
    kept = len(list(mails.glob("*.eml")))
    out.print()
    out.print(f"{count(kept, 'message')} as the journalists got them: {mails}/*.eml")
    out.print("Try next:")
    for command in (
        f"cd {target}",
        f"distributor releases preview {slug} --contact vidal",
        f"distributor send {slug} --list culture --dry-run",
        "distributor contacts list --list international",
        f"distributor report {slug} --csv report.csv",
        "distributor doctor",
    ):
        out.print(f"  {command}")


def _title(words: str, command: str) -> None:
    out = console()
    out.print()
    out.print(styled(f"== {words}", "bold"))
    out.print(styled(f"$ {command}", "dim"))
