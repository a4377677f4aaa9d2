"""`distributor lists sync` and `lists export`: press lists as a folder of files, to be kept under version control."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distributor.cli.options import AsJson, DryRun, Yes

if TYPE_CHECKING:
    from distributor.contacts.lists.listfolder import ListEntry
    from distributor.contacts.lists.syncing import ListChange, SyncPlan
    from distributor.contacts.sources.rows import SourceTable

_SHOWN = 15


def sync(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder with a CSV file per list, and lists.toml.")],
    delete: Annotated[bool, typer.Option("--delete", help="Delete the lists that the folder does not have.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Make the lists of the base agree with a folder of files.

    It shows who is added, removed and changed, asks, then does it all in one transaction. No contact and no objection
    is ever deleted, and an empty cell erases nothing.
    """
    from distributor.cli.terminal.output import ask, console, show_json
    from distributor.contacts.lists import syncing
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    entries, open_file = _read(folder)

    def run(agreed: SyncPlan | None) -> SyncPlan:
        return syncing.sync_lists(
            workspace.database,
            entries,
            open_file,
            keyring=workspace.keyring,
            actor=actor(),
            delete=delete,
            agreed=agreed,
        )

    plan = run(None)
    if as_json:
        show_json(_as_json(plan))
    else:
        _show(plan, folder)
    if dry_run or plan.is_nothing:
        return
    ask("Make the base agree?", yes=yes)
    run(plan)
    if not as_json:
        console().print("Done.")


def export(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="[LIST…] DIR", help="Some lists (default: all), the folder.")],
) -> None:
    """Write lists as files into a folder, one CSV for each.

    The query of a smart list stands in lists.toml. The files can be changed, kept in git, and read again with
    `lists sync`. What the folder holds of other lists stays. It is audited: the files hold personal data.
    """
    from distributor.cli.terminal.output import console, count, suggest
    from distributor.contacts.lists import press_lists
    from distributor.contacts.lists.listfolder import INDEX, read_index, write_index
    from distributor.contacts.lists.listwriting import write_list
    from distributor.files import Output
    from distributor.models import Audit
    from distributor.wiring import actor, open_workspace

    chosen, folder = names[:-1], Path(names[-1])
    workspace = open_workspace(context.obj)
    entries = read_index(_text_of(folder / INDEX))
    written: dict[str, bytes] = {}
    with workspace.database.session() as session:
        slugs = chosen or [one.slug for one in press_lists.lists(session, workspace.keyring)]
        for name in slugs:
            entry, content = write_list(session, press_lists.find_list(session, name), workspace.keyring)
            entries[entry.slug] = entry
            if entry.file_name:
                written[entry.file_name] = content
        details = {"lists": slugs, "folder": str(folder.absolute())}
        session.add(Audit(actor=actor(), action="lists.export", subject="lists", details=details))
    _make(folder)
    written[INDEX] = write_index(entries.values()).encode()
    outputs = [(Output(folder / name, workspace.own_files, (".csv", ".toml")), text) for name, text in written.items()]
    for output, _ in outputs:
        output.check()
    for output, content in outputs:
        output.write(content)
    console().print(f"{count(len(slugs), 'list')} written to {folder}.")
    suggest("When something is changed there:", shlex.join(["distributor", "lists", "sync", str(folder)]))


def _read(folder: Path) -> tuple[list[ListEntry], Callable[[str], Sequence[SourceTable]]]:
    """The lists of a folder, and what opens their files."""
    from distributor.contacts.lists.listfolder import INDEX, read_folder
    from distributor.contacts.sources.reading import read_source
    from distributor.errors import BadInput
    from distributor.files import read_bytes

    if not folder.is_dir():
        raise BadInput("There is no such folder.", file=folder, mend="Write one with: distributor lists export DIR")
    names = [one.name for one in folder.iterdir() if one.suffix.lower() == ".csv" and not one.name.startswith(".")]
    entries = read_folder(_text_of(folder / INDEX), names)
    if not entries:
        raise BadInput("There is no list in it.", file=folder, mend="Write some with: distributor lists export DIR")

    def open_file(name: str) -> Sequence[SourceTable]:
        return read_source(read_bytes(folder / name), name=name)

    return entries, open_file


def _text_of(index: Path) -> str:
    from distributor.errors import BadInput
    from distributor.files import read_bytes

    if not index.exists():
        return ""
    try:
        return read_bytes(index).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("It is not UTF-8 text.", file=index, mend="Save it as UTF-8.") from None


def _make(folder: Path) -> None:
    from distributor.errors import StorageTrouble

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageTrouble(f"{folder} cannot be made: {error.strerror}.", mend="Choose another place.") from None


def _as_json(plan: SyncPlan) -> dict[str, Any]:
    from dataclasses import asdict

    lists = [
        asdict(one) | {"changed": [{"contact": who, "changes": what} for who, what in one.changed]}
        for one in plan.lists
    ]
    return {"lists": lists, "only_here": plan.only_here, "deletes": plan.deletes}


def _show(plan: SyncPlan, folder: Path) -> None:
    from distributor.cli.terminal.output import console, styled

    out = console()
    for one in plan.lists:
        if not one.is_nothing:
            _show_list(one)
    if plan.only_here:
        fate = "will be deleted" if plan.deletes else "stay as they are; --delete would delete them"
        text = f"Not in {folder}: {', '.join(plan.only_here)} ({fate})."
        out.print(styled(text, "red" if plan.deletes else "dim"))
    if plan.is_nothing:
        out.print(f"The base agrees with {folder}.")


def _show_list(change: ListChange) -> None:
    from distributor.cli.terminal.output import console, styled

    out = console()
    counts = (("added", change.added), ("removed", change.removed), ("changed", change.changed))
    said = [f"{len(people)} {word}" for word, people in counts if people]
    new = f" ({change.created} of them new to the base)" if change.created else ""
    out.print(styled(f"{change.slug}: {', '.join([*change.about, *said])}{new}", "bold"))
    lines = [
        *((f"  + {person}", "green") for person in change.added),
        *((f"  - {person}", "red") for person in change.removed),
        *((f"  ~ {person}: {'; '.join(what) or 'filled in'}", "yellow") for person, what in change.changed),
    ]
    for text, style in lines[:_SHOWN]:
        out.print(styled(text, style))
    if len(lines) > _SHOWN:
        out.print(f"  … and {len(lines) - _SHOWN} more (--json names them all)")
