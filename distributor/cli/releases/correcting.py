"""`releases correct`, `replace`, `retract`: what speaks of a release that was sent, and the wrong text held back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distributor.cli.options import AsJson
from distributor.releases.kinds import ReleaseKind

if TYPE_CHECKING:
    from distributor.cli.releases.authoring import Taken
    from distributor.releases.drafting import Target
    from distributor.wiring import Workspace

Sent = Annotated[str, typer.Argument(metavar="SLUG", help="The release that was sent, as `releases list` shows it.")]
Text = Annotated[
    Path | None, typer.Argument(help="The whole text as it should have been; without it, your editor opens on the old.")
]
Name = Annotated[str, typer.Option("--slug", help="The correction's short name (default: made from that of SLUG).")]
KeepSending = Annotated[
    bool, typer.Option("--keep-sending", help="Do not pause what is still being sent of the wrong text.")
]


def correct(
    context: typer.Context,
    slug: Sent,
    file: Text = None,
    name: Name = "",
    keep_sending: KeepSending = False,
    as_json: AsJson = False,
) -> None:
    """Correct a release that was sent («rectificatif»). Its dispatches are paused at once.

    What changed is worked out from both texts, unless `changes` says it; `send` then reaches exactly those who have the
    wrong text.
    """
    _make(context, ReleaseKind.CORRECTION, slug, file, name, keep_sending=keep_sending, as_json=as_json)


def replace(
    context: typer.Context,
    slug: Sent,
    file: Text = None,
    name: Name = "",
    keep_sending: KeepSending = False,
    as_json: AsJson = False,
) -> None:
    """Replace a release that was sent («annule et remplace»). It goes as a correction does."""
    _make(context, ReleaseKind.REPLACEMENT, slug, file, name, keep_sending=keep_sending, as_json=as_json)


def retract(
    context: typer.Context,
    slug: Sent,
    file: Annotated[Path | None, typer.Argument(help="What the withdrawal says.")] = None,
    because: Annotated[str, typer.Option(help="What the withdrawal says, in place of a file.")] = "",
    name: Annotated[
        str, typer.Option("--slug", help="The withdrawal's short name (default: made from that of SLUG).")
    ] = "",
    keep_sending: KeepSending = False,
    as_json: AsJson = False,
) -> None:
    """Withdraw a release that was sent («annulation»). Whoever still waits for it gets nothing."""
    _make(
        context, ReleaseKind.RETRACTION, slug, file, name, keep_sending=keep_sending, as_json=as_json, because=because
    )


def _make(
    context: typer.Context,
    kind: ReleaseKind,
    slug: str,
    file: Path | None,
    name: str,
    *,
    keep_sending: bool,
    as_json: bool,
    because: str = "",
) -> None:
    from distributor.releases import drafting
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        target = drafting.find_target(session, slug, kind, name)
    if not keep_sending:
        _pause(workspace, target, quiet=as_json)
    taken = _take(workspace, target, file, because)
    if taken is None:
        return
    if not keep_sending:  # what was queued again while the editor stood open: nobody could know of it
        _pause(workspace, target, quiet=as_json)
    _log(workspace, target, taken)
    _show(target, taken, as_json=as_json)
    _say_rivals(workspace, target, taken, quiet=as_json)


def _pause(workspace: Workspace, target: Target, *, quiet: bool) -> None:
    """Hold the wrong text back at once: a correction takes minutes to write, and a dispatch seconds to finish."""
    from distributor.cli.terminal.output import console, suggest
    from distributor.dispatch.calling import being_corrected, pause_dispatches, unfinished
    from distributor.wiring import actor

    with workspace.database.session(reads_only=True) as session:
        wrong = unfinished(session, target.wrong)
    paused = pause_dispatches(workspace.database, wrong, actor(), being_corrected(target.slug))
    workspace.tell_of("dispatch.paused", *paused)
    for number in paused:
        console(stderr=quiet).print(f"Dispatch {number} of the wrong text is paused: nothing more of it leaves.")
        if not quiet:
            suggest("If there is nothing to correct:", f"distributor dispatches resume {number}")


def _take(workspace: Workspace, target: Target, file: Path | None, because: str) -> Taken | None:
    """The text from the file, from `because`, or from the editor; None when nothing was written."""
    from distributor.cli.releases.authoring import edit_and_take
    from distributor.errors import BadInput
    from distributor.files import write_beside

    if file is not None and because:
        raise BadInput("A file and --because both say it.", mend="Give one of them.")
    if file is not None:
        return _store(workspace, target, file)
    text = target.text(workspace.settings.timezone, because).encode()
    place = write_beside(workspace.path / f"{target.name}.md", text)
    if because:
        try:
            return _store(workspace, target, place)
        finally:
            place.unlink(missing_ok=True)
    taken = edit_and_take(
        place,
        before=text,
        take=lambda: _store(workspace, target, place),
        go_on=f"{target.verb} {target.slug}",
        untouched=_other_files(workspace, target),
    )
    if taken is not None:
        place.unlink(missing_ok=True)
    return taken


def _other_files(workspace: Workspace, target: Target) -> str:
    """What to do where not the text is wrong but a file, in whose place another one lies by now; "" where none does."""
    from distributor.releases import drafting

    kept = drafting.bytes_of(target, workspace.path)
    beside = {name: workspace.path / name for name in kept}
    other = [name for name, path in beside.items() if path.is_file() and path.read_bytes() != kept[name]]
    if not other:
        return ""
    return f"If it is only {', '.join(other)} that is to be another one: say so under `changes:` in the text."


def _store(workspace: Workspace, target: Target, file: Path) -> Taken:
    """Read the file as the corrected text, work out what changed, and keep it as the correction's next version."""
    from distributor.cli.releases.authoring import Taken, picture_beside
    from distributor.files import read_bytes
    from distributor.releases import drafting, store
    from distributor.releases.attachments import keep_attachments, remarks_on
    from distributor.releases.inforce import embargo_of
    from distributor.releases.readers.intake import read_file

    zone = workspace.settings.timezone
    read = read_file(
        read_bytes(file),
        file=str(file),
        timezone=zone,
        default_lang=target.version.lang,
        beside=lambda path: picture_beside(file.parent, path),
    )
    draft = target.complete(read.draft)
    old = drafting.bytes_of(target, workspace.path)
    if "attachments" not in target.carried:  # a file that lies beside the text is the corrected one
        old = {name: content for name, content in old.items() if not (file.parent / name).is_file()}
    brought = {**old, **read.pictures}
    kept = keep_attachments(draft, file.parent, workspace.path, brought)
    draft, source = target.stated(draft, kept, zone)
    draft = drafting.with_remarks(draft, (*read.draft.remarks, *remarks_on(kept, draft)))
    with workspace.database.session() as session:
        stored = drafting.store_correction(session, target, draft, source=source, attachments=kept)
        family = store.language_versions(session, stored.release)
        files, until = store.attachments_of(session, stored.version), embargo_of(session, stored.version)
        return Taken(stored, files, family, until)


def _log(workspace: Workspace, target: Target, taken: Taken) -> None:
    from distributor.models import Audit
    from distributor.wiring import actor

    version = taken.stored.version
    details = {"corrects": target.slug, "version": target.version.number, "content_hash": version.content_hash}
    with workspace.database.session() as session:
        audit = Audit(
            actor=actor(), action=f"releases.{target.verb}", subject=taken.stored.release.slug, details=details
        )
        session.add(audit)


def _show(target: Target, taken: Taken, *, as_json: bool) -> None:
    from distributor.cli.releases.showing import release_as_json
    from distributor.cli.terminal.output import console, show_json, suggest
    from distributor.releases.extra import CHANGES

    stored = taken.stored
    slug = stored.release.slug
    if as_json:
        show_json(release_as_json(stored, taken.files, taken.family, taken.embargo_until) | {"corrects": target.slug})
        return
    out = console()
    verb = {"correct": "corrects", "replace": "replaces", "retract": "withdraws"}[target.verb]
    out.print(f"«{slug}», version {stored.version.number}, {verb} «{target.slug}», version {target.version.number}.")
    if taken.family[0].release.id != stored.release.id:
        out.print(f"It is the translation of «{taken.family[0].release.slug}», and goes with it.")
    if target.carried:
        out.print(f"As before, since the file does not say: {', '.join(target.carried)}.")
    if changes := str(stored.version.extra.get(CHANGES, "")):
        out.print("What changed, as its message says it:")
        for line in changes.splitlines():
            out.print(f"  {line}", soft_wrap=True)
        suggest("To say it otherwise, change `changes`:", f"distributor releases edit {slug}")
    suggest("Next:", f"distributor send {taken.family[0].release.slug} --dry-run")


def _say_rivals(workspace: Workspace, target: Target, taken: Taken, *, quiet: bool) -> None:
    """Say what else corrects the same text: once one of them is sent, every other is refused."""
    from distributor.cli.terminal.output import console, suggest
    from distributor.releases.corrections import rivals

    with workspace.database.session(reads_only=True) as session:
        found = rivals(session, taken.stored.release)
    if not found:
        return
    sent = next((link.slug for link, is_sent in found if is_sent), "")
    if sent:
        said = f"«{sent}» corrects «{target.slug}» too, and was sent: «{taken.stored.release.slug}» will be refused."
        then = ("To correct that one:", f"distributor releases correct {sent} FILE")
    else:
        *before, last = (f"«{link.slug}»" for link, _ in found)
        verb, are = ("correct", "are") if before else ("corrects", "is")
        who = f"{', '.join(before)} and {last}" if before else last
        said = (
            f"{who} {verb} «{target.slug}» too, and {are} not sent yet: once one of them is sent, the rest is refused."
        )
        then = ("See:", f"distributor releases show {found[0][0].slug}")
    console(stderr=quiet).print(said, soft_wrap=True)
    if not quiet:
        suggest(*then)
