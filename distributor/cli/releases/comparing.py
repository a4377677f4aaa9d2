"""The versions of a release: which there are, and what changed between two of them, in words."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import typer

from distributor.cli.options import AsJson, Slug

if TYPE_CHECKING:
    from rich.text import Text

    from distributor.releases.diff import Change

_STYLES = {"added": "green", "removed": "red strike", "changed": "yellow", "moved": "cyan"}
_MARKS = {"added": ("{+", "+}"), "removed": ("[-", "-]")}
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}


def diff(
    context: typer.Context,
    slug: Slug,
    older: Annotated[int | None, typer.Argument(help="A version's number (default: the one before the newer).")] = None,
    newer: Annotated[int | None, typer.Argument(help="Another version's number (default: the latest).")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed between two versions, in words."""
    from distributor.cli.terminal.output import console, show_json
    from distributor.errors import BadInput
    from distributor.releases import store
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        second = store.find_release(session, slug, newer)
        number = older or second.version.number - 1
        if number < 1:
            raise BadInput(
                f"«{slug}» has one version only.", mend=f"Make the next with: distributor releases edit {slug}"
            )
        first = store.find_release(session, slug, number)
        changes = store.changes_between(session, first.version, second.version)
    if as_json:
        numbers = {"release": slug, "from": first.version.number, "to": second.version.number}
        show_json(numbers | {"changes": [_change_as_json(one) for one in changes]})
        return
    out = console()
    out.print(f"«{slug}», from version {first.version.number} to version {second.version.number}:")
    for one in changes:
        out.print(_shown(one, is_coloured=out.is_terminal and out.color_system is not None))
    if not changes:
        out.print("  not a word differs")


def versions(context: typer.Context, slug: Slug, as_json: AsJson = False) -> None:
    """List every version of a release. The latest comes first; with each, what changed."""
    from distributor.cli.terminal.output import show_json, show_table, when
    from distributor.releases import store
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        found = store.versions_of(session, slug)
        changed = [
            sorted({one.field for one in store.changes_between(session, older.version, newer.version)})
            for newer, older in pairwise(found)
        ]
    rows = list(zip([one.version for one in found], [*changed, []], strict=True))
    if as_json:
        show_json(
            [
                {
                    "version": version.number,
                    "content_hash": version.content_hash,
                    "headline": version.headline,
                    "source_name": version.source_name,
                    "author": version.author,
                    "created_at": version.created_at,
                    "changed": names,
                }
                for version, names in rows
            ]
        )
        return
    zone = workspace.settings.timezone
    show_table(
        ["version", "made", "headline", "changed", "from", "hash"],
        [
            (
                one.number,
                when(one.created_at, zone),
                one.headline,
                ", ".join(names),
                one.source_name,
                one.content_hash[:12],
            )
            for one, names in rows
        ],
        right=[0],
        spare=[4, 5],
    )


def _change_as_json(change: Change) -> dict[str, Any]:
    return {
        "field": change.field,
        "change": change.kind,
        "paragraph": change.paragraph,
        "old": change.old,
        "new": change.new,
        "words": [{"change": piece.kind, "text": piece.text} for piece in change.pieces],
    }


def _shown(change: Change, *, is_coloured: bool) -> Text:
    """A change on a terminal: in colour, or with signs around the words."""
    from rich.text import Text

    kind = change.kind.value
    where = change.field + (f", paragraph {change.paragraph}" if change.paragraph else "")
    text = Text(f"{_SIGNS[kind]} {where}: ", style="bold")
    said = Text(f"{kind}\n  ", style=_STYLES[kind].removesuffix(" strike")) if kind != "changed" else Text("\n  ")
    text.append_text(said)
    pieces = [("", change.new)] if kind == "moved" else [(piece.kind or "", piece.text) for piece in change.pieces]
    for mark, words in pieces:
        before, after = ("", "") if is_coloured or not mark else _MARKS[mark]
        core = words.rstrip()
        shown = f"{before}{core}{after}{words[len(core) :]}"
        text.append(shown.replace("\n", "\n  "), style=_STYLES[mark] if mark else "not bold")
    return text
