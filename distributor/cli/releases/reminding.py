"""`distributor releases follow-up`: the words of a follow-up, and who would get it, or not, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.options import AsJson, DryRun, Slug


def follow_up(
    context: typer.Context,
    slug: Slug,
    file: Annotated[Path | None, typer.Argument(help="Your own words, as a text file; without it, ours.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write the follow-up of a release, and show who gets it.

    Your words stand above the release, answering the first message. Nothing is sent: proof, preview and send it under
    its own short name. Once per journalist; never on the same day, nor to who answered, bounced, objected or is away.
    """
    from distributor import clock
    from distributor.cli.sending.showing import manifest_as_json, show_manifest
    from distributor.cli.terminal.output import console, show_json, suggest
    from distributor.decoding import decode
    from distributor.dispatch.recipients.following_up import Choosing, make_follow_up_manifest
    from distributor.dispatch.recipients.reminding import find_followed, write_follow_up
    from distributor.files import read_bytes
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    words = decode(read_bytes(file)).text if file else ""
    zone = workspace.settings.timezone
    with workspace.database.session(reads_only=dry_run) as session:
        followed = find_followed(session, slug)
        made = None
        if not dry_run:
            made = write_follow_up(session, followed, words=words, templates=workspace.templates, zone=zone)
        manifest = make_follow_up_manifest(session, followed.release, workspace.keyring, Choosing(clock.now(), zone))
        name, number = (made.release.slug, made.version.number) if made else ("", 0)
    if as_json:
        show_json(manifest_as_json(manifest, name or slug, 0) | {"follows_up": slug, "version": number or None})
        return
    show_manifest(manifest)
    if made is None:
        console().print("Dry run: nothing was written.")
        return
    console().print(f"The follow-up of «{slug}» is «{name}», version {number}. Nothing was sent.")
    suggest("Look at it:", f"distributor releases preview {name}")
    suggest("Your own words:", f"distributor releases edit {name}")
    suggest("Then:", f"distributor send {name} --dry-run")
