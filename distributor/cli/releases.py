"""`distributor releases`: from a file on disk to a proved release."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.options import AsJson, Because, Lists, Override, Slug
from distributor.cli.pdf import pdf

app = typer.Typer(help="Import, see, prove and preview releases.", no_args_is_help=True)
app.command()(pdf)
Contact = Annotated[str, typer.Option(help="As this contact would get it (address or name).")]


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Markdown with front matter, or plain text.")],
    slug: Annotated[str, typer.Option(help="The short name (default: made from the headline).")] = "",
    as_json: AsJson = False,
) -> None:
    """Import a release. The same short name again makes its next version; every version is kept."""
    from distributor.cli.output import console, show_json
    from distributor.cli.showing import release_as_json, show_import_of_release
    from distributor.files import read_bytes
    from distributor.releases import document, store
    from distributor.releases.attachments import keep_attachments, remarks_on
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    settings = workspace.settings
    raw = read_bytes(file)
    _require_no_press_list(file, raw)
    draft = document.read_release(raw, file=str(file), timezone=settings.timezone, default_lang=settings.language)
    kept = keep_attachments(draft, file.parent, workspace.path)
    draft = replace(draft, remarks=(*draft.remarks, *remarks_on(kept, draft)))
    with workspace.database.session() as session:
        stored = store.store_release(
            session,
            draft,
            source=document.decode_source(raw).text,
            source_name=file.name,
            slug=slug,
            attachments=kept,
        )
        files = store.attachments_of(session, stored.version)
    if as_json:
        show_json(release_as_json(stored, files))
    else:
        show_import_of_release(stored, files, settings.timezone)
    if stored.beside:
        # On standard error: standard output may be JSON.
        console(stderr=True).print(
            f"«{stored.beside}» begins with the same words but has another headline, so this is a release of its own."
            f" If it is the next version of that one, import it with --slug {stored.beside}."
        )


def _require_no_press_list(file: Path, raw: bytes) -> None:
    """Raise `BadInput` for a table of addresses: by its name, or when most of its lines hold an address in a row."""
    import shlex

    from distributor.decoding import decode
    from distributor.errors import BadInput

    lines = [line for line in decode(raw[:100_000]).text.splitlines() if line.strip()]
    rows = [line for line in lines if "@" in line and any(mark in line for mark in ";,\t")]
    is_list = file.suffix.lower() in {".csv", ".tsv"} or len(rows) * 2 > len(lines)
    if is_list:
        raise BadInput(
            "It is a table, as press lists are, and not a release.",
            file=file,
            mend=f"If it is a list: distributor contacts import {shlex.quote(str(file))} --list NAME",
        )


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the releases, newest first."""
    from distributor.cli.output import show_json, show_table, when
    from distributor.cli.showing import release_as_json
    from distributor.releases import store
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        found = store.all_releases(session)
        files = {one.version.id: store.attachments_of(session, one.version) for one in found}
    if as_json:
        show_json([release_as_json(one, files[one.version.id]) for one in found])
        return
    zone = workspace.settings.timezone
    show_table(
        ["release", "headline", "language", "version", "imported"],
        [
            (o.release.slug, o.version.headline, o.version.lang, o.version.number, when(o.version.created_at, zone))
            for o in found
        ],
        spare=[2, 4],
        whole=[0],
    )


@app.command()
def show(
    context: typer.Context,
    slug: Slug,
    version: Annotated[int | None, typer.Option(help="An older version, by its number.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show every field of a release."""
    from distributor.cli.output import show_json
    from distributor.cli.showing import override_as_json, release_as_json, show_release
    from distributor.dispatch import overrides
    from distributor.releases import store
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        stored = store.find_release(session, slug, version)
        files = store.attachments_of(session, stored.version)
        let_pass = overrides.standing(session, stored.version)
    if as_json:
        show_json(release_as_json(stored, files) | {"overrides": [override_as_json(one) for one in let_pass]})
    else:
        show_release(stored, files, workspace.settings.timezone, let_pass)


@app.command()
def proof(
    context: typer.Context,
    slug: Slug,
    lists: Lists = None,
    at: Annotated[
        str, typer.Option(help="Prove it for this time of sending, as 2026-12-01 18:00 (default: now).")
    ] = "",
    override: Override = None,
    because: Because = "",
    as_json: AsJson = False,
) -> None:
    """Prove a release: its words, and the message of every recipient. Exit code 3 when something stops it."""
    from distributor.cli.output import show_json
    from distributor.cli.proving import log_overrides, moment_of, prove_release, require_reason
    from distributor.cli.showing import finding_as_json, show_proof
    from distributor.errors import Refused
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    moment: datetime = moment_of(at, workspace.settings.timezone)
    require_reason(override or [], because)
    proved = prove_release(workspace, slug, lists, moment, passing=override or [], because=because)
    log_overrides(workspace, proved, override or [])
    if as_json:
        show_json([finding_as_json(finding, proved.result) for finding in proved.result.findings])
    else:
        show_proof(proved.result, slug, moment.astimezone(workspace.settings.timezone), proved.rendered)
    if proved.result.stops:
        raise Refused("" if as_json else "The proof stops this release.")


@app.command()
def preview(
    context: typer.Context,
    slug: Slug,
    contact: Contact = "",
    html: Annotated[Path | None, typer.Option(help="Write the HTML part to this file.")] = None,
    eml: Annotated[Path | None, typer.Option(help="Write the whole message to this file.")] = None,
    open_: Annotated[bool, typer.Option("--open", help="Show the HTML part in the browser.")] = False,
) -> None:
    """Show the exact message that one contact would get. Headers, text, and the HTML in a browser."""
    from distributor.cli.previewing import preview_message, save_preview, show_preview
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    shown = preview_message(workspace, slug, contact)
    save_preview(shown, workspace.own_files, html=html, eml=eml)
    show_preview(shown, in_browser=open_)
