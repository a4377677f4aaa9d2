"""`distributor releases`: from a file on disk to a proved release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.options import (
    Account,
    AsJson,
    AttachPdf,
    Because,
    Exclude,
    Language,
    Lists,
    Only,
    Override,
    Slug,
    Where,
)
from distributor.cli.releases.authoring import edit, new
from distributor.cli.releases.comparing import diff, versions
from distributor.cli.releases.correcting import correct, replace, retract
from distributor.cli.releases.embargo import accept_embargo, embargo
from distributor.cli.releases.pdf import pdf
from distributor.cli.releases.reminding import follow_up
from distributor.cli.releases.signoffs import sign_off

app = typer.Typer(help="Write, import, compare, prove and preview releases.", no_args_is_help=True)
for command in (new, edit, correct, replace, retract, diff, versions, pdf, sign_off):
    app.command()(command)
app.command("follow-up")(follow_up)
app.command()(embargo)
app.command("accept-embargo")(accept_embargo)
Contact = Annotated[str, typer.Option(help="As this contact would get it (address or name).")]


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            readable=False, help="Markdown with front matter, plain text, Word (.docx), a web page or a mail (.eml)."
        ),
    ],
    slug: Annotated[str, typer.Option(help="The short name (default: made from the headline).")] = "",
    translates: Annotated[
        str, typer.Option(metavar="SLUG", help="It is a translation of this release: each contact gets their language.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Import a release. The same short name again makes its next version; every version is kept."""
    from distributor.cli.releases.authoring import show_taken, take_in
    from distributor.files import read_bytes
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    _require_no_press_list(file, read_bytes(file))
    show_taken(workspace, take_in(workspace, file, slug=slug, translates=translates), as_json=as_json)


def _require_no_press_list(file: Path, raw: bytes) -> None:
    """Raise `BadInput` for a table of addresses: by its name, or when most of its lines hold an address in a row."""
    import shlex

    from distributor.decoding import decode
    from distributor.errors import BadInput

    if raw.startswith(b"PK"):  # a document, whose bytes may look like anything
        return
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
    from distributor.cli.releases.showing import languages_of, release_as_json
    from distributor.cli.terminal.output import show_json, show_table, when
    from distributor.releases import store
    from distributor.releases.inforce import embargo_of
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        found = store.all_releases(session)
        families = {one.version.id: store.language_versions(session, one.release) for one in found}
        if as_json:
            show_json(
                [
                    release_as_json(
                        one,
                        store.attachments_of(session, one.version),
                        families[one.version.id],
                        embargo_of(session, one.version),
                    )
                    for one in found
                ]
            )
            return
    zone = workspace.settings.timezone
    show_table(
        ["release", "headline", "language", "version", "imported"],
        [
            (
                o.release.slug,
                o.version.headline,
                languages_of(o, families[o.version.id]),
                o.version.number,
                when(o.version.created_at, zone),
            )
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
    from distributor.cli.releases.showing import release_as_json, show_release
    from distributor.cli.releases.signoffs import show_signatures, signature_as_json
    from distributor.cli.sending.showing import override_as_json
    from distributor.cli.terminal.output import show_json
    from distributor.dispatch.proof import overrides
    from distributor.outgoing.leaving import signatures_on
    from distributor.releases import corrections, store
    from distributor.releases.inforce import embargo_of
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        stored = store.find_release(session, slug, version)
        files = store.attachments_of(session, stored.version)
        let_pass = overrides.standing(session, stored.version)
        family = store.language_versions(session, stored.release)
        signed = signatures_on(workspace, session, store.find_release(session, slug))
        chain = corrections.neighbours(session, stored.release)
        until = embargo_of(session, stored.version)
    web_url = workspace.web_url(stored.release)
    if as_json:
        more = {"overrides": [override_as_json(one) for one in let_pass], "web_url": web_url, **chain}
        more |= {"sign_offs": [signature_as_json(one) for one in signed]}
        show_json(release_as_json(stored, files, family, until) | more)
    else:
        zone = workspace.settings.timezone
        show_release(stored, files, zone, let_pass, family=family, web_url=web_url, chain=chain, embargo_until=until)
        show_signatures(signed, zone)


@app.command()
def proof(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(help="The release's short name, as `releases list` shows it.")] = "",
    lists: Lists = None,
    exclude: Exclude = None,
    only: Only = None,
    where: Where = None,
    attach_pdf: AttachPdf = False,
    account: Account = "default",
    at: Annotated[
        str, typer.Option(help="Prove it for this time of sending, as 2026-12-01 18:00 (default: now).")
    ] = "",
    links: Annotated[bool, typer.Option("--links", help="Follow every link, on the public web only.")] = False,
    worst: Annotated[bool, typer.Option("--worst", help="Show the ten recipients to look at before sending.")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="Print the table of rules, and prove nothing.")] = False,
    override: Override = None,
    because: Because = "",
    language: Language = "",
    as_json: AsJson = False,
) -> None:
    """Prove a release: its words, and every recipient's message. Exit code 3 when something stops it."""
    from distributor.cli.releases.rulebook import proof_language, rules_as_json, show_rules
    from distributor.cli.terminal.output import show_json

    if rules:
        spoken = proof_language(language or "en")
        if as_json:
            show_json(rules_as_json(spoken))
        else:
            show_rules(spoken)
        return
    from distributor.cli.releases.proofing import prove_for
    from distributor.errors import BadInput
    from distributor.outgoing.naming import scope_of
    from distributor.wiring import open_workspace

    if not slug:
        raise BadInput("No release is named.", mend="See: distributor releases list")
    prove_for(
        open_workspace(context.obj).for_account(account),
        slug,
        scope_of(lists, exclude, only, where, attach_pdf=attach_pdf, account=account),
        at,
        overrides=override or [],
        because=because,
        links=links,
        worst=worst,
        language=language,
        as_json=as_json,
    )


@app.command()
def preview(
    context: typer.Context,
    slug: Slug,
    contact: Contact = "",
    lists: Lists = None,
    worst: Annotated[bool, typer.Option("--worst", help="The ten recipients to look at before sending.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write the HTML part to this file.")] = None,
    eml: Annotated[Path | None, typer.Option(help="Write the whole message to this file.")] = None,
    open_: Annotated[
        bool, typer.Option("--open", help="Show it in the browser: telephone and desktop, light and dark.")
    ] = False,
) -> None:
    """Show the exact message that a contact would get. With --list, everybody's, one after the other."""
    from distributor.cli.releases.previewing import open_page, save_preview, show_previews
    from distributor.cli.terminal.output import show_remarks
    from distributor.outgoing.previewing import preview_messages
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    previews = preview_messages(workspace, slug, contact, lists or [], worst=worst)
    show_remarks(previews.remarks)
    messages = previews.messages
    if html or eml or open_:
        first = next(messages)
        save_preview(first, workspace.own_files, html=html, eml=eml)
        if open_:
            open_page(first)
        messages = iter([first])
    show_previews(messages)
