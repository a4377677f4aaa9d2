"""`distributor contacts export`: contacts as a file, on their way to a spreadsheet or another address book."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """What an export can be written as."""

    CSV = "csv"
    XLSX = "xlsx"
    VCARD = "vcard"


_ENDINGS = {Format.CSV: (".csv",), Format.XLSX: (".xlsx",), Format.VCARD: (".vcf", ".vcard")}


def export(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="The file to write; - for the standard output.")],
    list_name: Annotated[str, typer.Option("--list", help="Only the contacts of this press list.")] = "",
    where: Annotated[str, typer.Option(metavar="FILTER", help="Only those for whom this filter holds.")] = "",
    format_: Annotated[
        Format | None, typer.Option("--format", help="csv, xlsx or vcard (default: by the file's ending).")
    ] = None,
) -> None:
    """Write contacts to a file that can be imported again. It is audited: the file holds personal data."""
    import sys

    from distributor.cli.terminal.output import console, count
    from distributor.contacts.exports import exportfiles
    from distributor.contacts.exports.exporting import export_contacts
    from distributor.files import Output
    from distributor.models import Audit
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    chosen = format_ or _by_ending(file)
    target = None if file == "-" else Output(Path(file), workspace.own_files, endings=_ENDINGS[chosen])
    if target is not None:
        target.check()
    with workspace.database.session() as session:
        found = export_contacts(session, workspace.keyring, list_name=list_name, where=where)
        where_to = file if target is None else str(target.path.absolute())
        details = {
            "file": where_to,
            "format": chosen.value,
            "contacts": found.contacts,
            "list": list_name,
            "where": where,
        }
        session.add(Audit(actor=actor(), action="contacts.export", subject=list_name or "contact", details=details))
        if chosen is Format.CSV:
            content = exportfiles.write_csv(found.header, found.rows)
        elif chosen is Format.XLSX:
            content = exportfiles.write_xlsx(found.header, found.rows)
        else:
            content = exportfiles.write_vcards(found.rows)
    if target is None:
        sys.stdout.buffer.write(content)
    else:
        target.write(content)
    out = console(stderr=target is None)
    rows = f" in {count(len(found.rows), 'row')}" if len(found.rows) != found.contacts else ""
    out.print(
        f"{count(found.contacts, 'contact')}{rows} written to {'the standard output' if target is None else file}."
    )
    if found.without_address:
        out.print(f"{count(found.without_address, 'contact')} without an address left out.")
    lost = exportfiles.unwritable_in_vcards(found.header) if chosen is Format.VCARD else []
    if lost:
        out.print(f"No vCard property can be called so, left out: {', '.join(lost)}. In CSV and XLSX they are kept.")


def _by_ending(file: str) -> Format:
    ending = Path(file).suffix.lower()
    return next((one for one, endings in _ENDINGS.items() if ending in endings), Format.CSV)
