"""Writing a release: a skeleton or an earlier version in the user's editor, and what was saved into the database."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distributor.cli.options import AsJson, Slug
from distributor.releases.kinds import ReleaseKind

if TYPE_CHECKING:
    from datetime import datetime

    from distributor.models import Attachment, ReleaseVersion
    from distributor.releases.skeleton import HouseStyle
    from distributor.releases.store import StoredRelease
    from distributor.wiring import Workspace

_NAMES = {"fr": "communique.md"}
_TEXT_NAMES = frozenset({".txt", ".md", ".markdown", ".mkd"})


@dataclass(frozen=True, slots=True)
class Taken:
    """What a file became: the release at its new version, or the version it is word for word, and its files.

    `family` are the language versions it is one of, `embargo_until` is the embargo in force.
    """

    stored: StoredRelease
    files: Sequence[Attachment]
    family: Sequence[StoredRelease]
    embargo_until: datetime | None


@dataclass(frozen=True, slots=True)
class Origin:
    """The version that a text in the editor began as: no other may have come between; `files` are its files' bytes."""

    version: ReleaseVersion
    files: Mapping[str, bytes]

    @property
    def name(self) -> str:
        """The file's name to remember it by: that of the version, but what came from Word is Markdown since."""
        name = Path(self.version.source_name)
        return name.name if name.suffix.lower() in _TEXT_NAMES else f"{name.stem or 'release'}.md"


def new(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="Where the text is kept; one that is there already is opened as it is.")
    ] = None,
    kind: Annotated[ReleaseKind, typer.Option(help="What it is.")] = ReleaseKind.RELEASE,
    lang: Annotated[str, typer.Option(help="Its language (default: that of the settings).")] = "",
    slug: Annotated[str, typer.Option(help="The short name (default: made from the headline).")] = "",
) -> None:
    """Write a release in your editor. It opens on a skeleton; nothing saved is nothing made."""
    from distributor.errors import BadInput
    from distributor.files import Output, write_beside
    from distributor.releases.skeleton import make_skeleton
    from distributor.wiring import open_workspace

    if kind is ReleaseKind.NOTICE:
        raise BadInput("A notice is written by: distributor releases embargo SLUG --tell", field="--kind")
    workspace = open_workspace(context.obj)
    lang = lang or workspace.settings.language
    text = make_skeleton(kind, lang, _house_style(workspace, lang)).encode()
    if file is not None and file.exists():
        _edit_and_take_in(workspace, file, before=None, slug=slug, keeps=True)
        return
    place = file or workspace.path / _NAMES.get(lang.partition("-")[0], "press-release.md")
    if file is not None:
        Output(file, workspace.own_files).check()
    written = write_beside(place, text)
    _edit_and_take_in(workspace, written, before=text, slug=slug, keeps=file is not None)


def edit(
    context: typer.Context,
    slug: Slug,
    file: Annotated[
        Path | None, typer.Argument(help="A text to go on with, kept by an earlier `edit` that could not be read.")
    ] = None,
) -> None:
    """Edit a release in your editor. It opens on the latest version; what you save becomes the next one."""
    from distributor.files import write_beside
    from distributor.releases import store
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        stored = store.find_release(session, slug)
        files = store.attachments_of(session, stored.version)
    version = stored.version
    origin = Origin(version, _bytes_of(workspace, version, files))
    text = version.source.encode()
    if file is not None:
        _edit_and_take_in(workspace, file, before=None, slug=slug, keeps=True, origin=origin)
        return
    place = workspace.path / f"{slug}{Path(origin.name).suffix}"
    _edit_and_take_in(workspace, write_beside(place, text), before=text, slug=slug, origin=origin)


def take_in(
    workspace: Workspace,
    file: Path,
    *,
    slug: str = "",
    translates: str = "",
    name: str = "",
    origin: Origin | None = None,
) -> Taken:
    """Read the file of a release and store it with all that goes with it.

    `translates` is the release it is a translation of, `name` the name to remember it by; with an `origin` it may bring
    along that version's files, and raises `Refused` if another version has come since. Raises `BadInput` as reading,
    keeping and storing do.
    """
    from distributor.errors import Refused
    from distributor.files import read_bytes
    from distributor.releases import store
    from distributor.releases.attachments import keep_attachments, remarks_on
    from distributor.releases.inforce import embargo_of
    from distributor.releases.readers.intake import read_file
    from distributor.wiring import actor

    settings = workspace.settings
    read = read_file(
        read_bytes(file),
        file=str(file),
        timezone=settings.timezone,
        default_lang=settings.language,
        beside=lambda path: picture_beside(file.parent, path),
    )
    brought = {**(origin.files if origin else {}), **read.pictures}
    kept = keep_attachments(read.draft, file.parent, workspace.path, brought)
    draft = replace(read.draft, remarks=(*read.draft.remarks, *remarks_on(kept, read.draft)))
    with workspace.database.session() as session:
        if origin is not None:
            newest = store.find_release(session, slug).version
            if newest.number != origin.version.number:
                raise Refused(
                    f"Version {newest.number} of «{slug}» was made while you were writing; nothing was stored.",
                    mend=f"See what it says: distributor releases diff {slug}",
                )
        stored = store.store_release(
            session,
            draft,
            source=read.source,
            source_name=name or file.name,
            slug=slug,
            translates=translates,
            attachments=kept,
            author=actor(),
        )
        family = store.language_versions(session, stored.release)
        files, until = store.attachments_of(session, stored.version), embargo_of(session, stored.version)
        return Taken(stored, files, family, until)


def show_taken(workspace: Workspace, taken: Taken, *, as_json: AsJson = False) -> None:
    """Say what an import made."""
    from distributor.cli.releases.showing import release_as_json, show_import_of_release, show_still_leaving
    from distributor.cli.terminal.output import console, show_json
    from distributor.dispatch.recipients.earlier import still_leaving

    stored = taken.stored
    with workspace.database.session(reads_only=True) as session:
        others = still_leaving(session, [stored.release], but=stored.version)
    if as_json:
        show_json(release_as_json(stored, taken.files, taken.family, taken.embargo_until))
    else:
        show_import_of_release(stored, taken.files, workspace.settings.timezone, taken.family)
    if stored.beside:
        # On standard error: standard output may be JSON.
        console(stderr=True).print(
            f"«{stored.beside}» begins with the same words but has another headline, so this is a release of its own."
            f" If it is the next version of that one, import it with --slug {stored.beside}."
        )
    show_still_leaving(others)


def _edit_and_take_in(
    workspace: Workspace,
    file: Path,
    *,
    before: bytes | None,
    slug: str,
    keeps: bool = False,
    origin: Origin | None = None,
) -> None:
    """`edit_and_take`, and say what was made."""
    taken = edit_and_take(
        file,
        before=before,
        take=lambda: take_in(workspace, file, slug=slug, name=origin.name if origin else "", origin=origin),
        go_on=f"edit {slug}" if origin else "new",
    )
    if taken is None:
        return
    show_taken(workspace, taken)
    if keeps:
        from distributor.cli.terminal.output import console

        console().print(f"The text is in {file} too.")
    else:
        file.unlink(missing_ok=True)


def edit_and_take(
    file: Path, *, before: bytes | None, take: Callable[[], Taken], go_on: str, untouched: str = ""
) -> Taken | None:
    """Open a file in the editor until it can be stored, or the user gives up; then it is kept, and told where.

    `before` is what stood in it: unchanged, nothing is made, and None comes back; `untouched` is said then besides.
    `go_on` is the command of `releases` that takes the file up again.
    """
    from distributor.cli.terminal.output import console
    from distributor.errors import DistributorError

    while True:
        try:
            _open_editor(file, go_on)
        finally:
            is_untouched = not file.exists() or file.read_bytes() == before
            if is_untouched:
                file.unlink(missing_ok=True)
        if is_untouched:
            console().print(f"Nothing was changed, so nothing was made. {untouched}".strip(), soft_wrap=True)
            return None
        try:
            return take()
        except DistributorError as error:
            if not _goes_on(error, file):
                command = f"distributor releases {go_on} {shlex.quote(str(file))}"
                error.mend = f"{error.mend} Your text is kept; go on with: {command}".strip()
                raise


def _goes_on(error: Exception, file: Path) -> bool:
    """Whether the user, told what is wrong, wants the editor back; nobody is asked where nobody can answer."""
    if not sys.stdin.isatty():
        return False
    from distributor.cli.terminal.output import console, visible

    console(stderr=True).print(visible(str(error)))
    try:
        return typer.confirm(f"Your text is in {file}. Open it again?", default=True)
    except typer.Abort:
        return False


def _open_editor(file: Path, go_on: str) -> None:
    """Run $VISUAL, $EDITOR or the system's editor on a file, to its end; raise `BadInput` if that cannot be.

    `go_on` is the command of `releases` that takes a file instead.
    """
    import click

    from distributor.errors import BadInput

    # An editor that somebody named may have a window of its own; the system's wants a terminal.
    if not (os.environ.get("VISUAL") or os.environ.get("EDITOR") or sys.stdin.isatty()):
        raise BadInput(
            "There is no terminal here to open an editor on.",
            mend=f"Write the text into a file, and give it: distributor releases {go_on} FILE",
        )
    # Ctrl-C is for the editor; the text must not be left behind because of one.
    held = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        click.edit(filename=str(file))
    except (click.ClickException, ValueError) as error:  # the latter: an open quotation mark in the variable
        said = error.message if isinstance(error, click.ClickException) else str(error)
        raise BadInput(
            f"The editor could not be used: {said}.",
            mend="Name one in the variable EDITOR, as: EDITOR=nano",
        ) from None
    finally:
        signal.signal(signal.SIGINT, held)


def _house_style(workspace: Workspace, lang: str) -> HouseStyle:
    """What the latest release in this language says of the house: whom to ring, who speaks, «À propos»."""
    from distributor.releases import store
    from distributor.releases.readers.source import person
    from distributor.releases.skeleton import HouseStyle

    with workspace.database.session(reads_only=True) as session:
        latest = next((one for one in store.all_releases(session) if one.version.lang[:2] == lang[:2]), None)
    if latest is None:
        return HouseStyle()
    draft = store.draft_of(latest.version)
    return HouseStyle(person(draft.signatory), [person(one) for one in draft.contacts], draft.boilerplate)


def _bytes_of(workspace: Workspace, version: ReleaseVersion, files: Sequence[Attachment]) -> dict[str, bytes]:
    """The kept files of a version by the names that its source gives them; damaged copies are to be found again."""
    from distributor.errors import DistributorError
    from distributor.releases.attachments import FileRole, read_copy
    from distributor.releases.readers.document import read_release

    held: dict[str, bytes] = {}
    with suppress(DistributorError):
        source = read_release(version.source.encode(), file=version.source_name, timezone=workspace.settings.timezone)
        named = {
            FileRole.ATTACHMENT: list(source.attachments),
            FileRole.IMAGE: [file.source for file in files if file.role == FileRole.IMAGE],
            FileRole.LOGO: [source.logo],
        }
        for role, names in named.items():
            rows = [file for file in files if file.role == role]
            for name, row in zip(names, rows, strict=False):
                if (content := read_copy(workspace.path / row.path, row.sha256)) is not None:
                    held[name] = content
    return held


def picture_beside(folder: Path, path: str) -> bytes | None:
    """A picture that was saved with a web page, in its folder or below it."""
    from distributor.errors import BadInput
    from distributor.files import read_bytes, real_path

    place = real_path(folder / path)
    if not path or not place.is_relative_to(real_path(folder)) or not place.is_file():
        return None
    try:
        return read_bytes(place)
    except BadInput:
        return None
