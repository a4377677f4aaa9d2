"""`distributor contacts`: importing press lists, and looking people up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.options import AsJson, DryRun

app = typer.Typer(help="Import press lists and look contacts up.", no_args_is_help=True)


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file, as Excel, Outlook or Google save it.")],
    list_name: Annotated[str, typer.Option("--list", help="The press list the contacts go on; made if need be.")],
    sector: Annotated[str, typer.Option(help="The sector that all of them cover.")] = "",
    source: Annotated[str, typer.Option(help="Where the contacts come from (default: the file's name).")] = "",
    rejects: Annotated[
        Path | None, typer.Option(help="Where to write rejected rows (default: FILE-rejects.csv).")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Import a press list: every row is imported, merged, or rejected with its line and reason."""
    from distributor.cli.output import show_json
    from distributor.cli.showing import import_as_json, show_import
    from distributor.contacts.csvfile import read_csv
    from distributor.contacts.importing import import_contacts
    from distributor.contacts.report import rejects_csv
    from distributor.files import read_bytes, write_bytes
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    table = read_csv(read_bytes(file), name=file.name)
    report = import_contacts(
        workspace.database, table, list_name=list_name, sector=sector, source=source, actor=actor(), dry_run=dry_run
    )
    rejected = rejects_csv(report)
    rejects_file = (rejects or file.with_name(f"{file.stem}-rejects.csv")) if rejected and not dry_run else None
    if rejects_file is not None:
        write_bytes(rejects_file, rejected)
    if as_json:
        show_json(import_as_json(report, rejects_file))
    else:
        show_import(report, rejects_file)


@app.command("list")
def list_(
    context: typer.Context,
    list_name: Annotated[str, typer.Option("--list", help="Only the contacts of this press list.")] = "",
    search: Annotated[str, typer.Option(help="Only those with this name or address; accents do not matter.")] = "",
    as_json: AsJson = False,
) -> None:
    """List contacts."""
    from distributor.cli.output import show_json
    from distributor.cli.showing import member_as_json, show_members
    from distributor.contacts import press_lists
    from distributor.errors import BadInput
    from distributor.wiring import open_workspace

    if search and list_name:
        raise BadInput("--search looks in the whole base, --list in one list.", mend="Give one of them.")
    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        if search:
            members = press_lists.search_contacts(session, search)
        elif list_name:
            members = list(press_lists.list_members(session, list_name))
        else:
            members = press_lists.all_contacts(session)
    if as_json:
        show_json([member_as_json(member) for member in members])
    else:
        show_members(members)


@app.command()
def show(
    context: typer.Context,
    contact: Annotated[str, typer.Argument(help="An address or a name.")],
    as_json: AsJson = False,
) -> None:
    """Show all that is kept on one contact."""
    from distributor.cli.output import show_json
    from distributor.cli.showing import member_as_json, show_member
    from distributor.contacts import press_lists
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        member = press_lists.find_contact(session, contact)
        on_lists = press_lists.lists_of(session, member.contact_id)
    if as_json:
        show_json(member_as_json(member) | {"lists": on_lists})
    else:
        show_member(member, on_lists, workspace.settings.timezone)
