"""What changed between two versions of a release, in words: field by field, paragraph by paragraph, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum

from distributor.releases.draft import PressContact, ReleaseDraft, Signatory

_WORD = re.compile(r"[\w'’-]+\s*|[^\w\s]\s*|\s+")
_LIKE = 0.4
_MOST_WORDS = 4_000  # of a paragraph: beyond that both are shown whole
_MOST_PAIRS = 2_500
PARAGRAPHS = frozenset({"body", "boilerplate"})
"""The fields that are compared paragraph by paragraph; they are Markdown, and the rest is plain text."""


class ChangeKind(StrEnum):
    """What became of a field or paragraph."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words that both versions have (`kind` None), or only one of them."""

    kind: ChangeKind | None
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `old` and `new` as written, "" where there is none; `paragraph` counts from 1, in the newer version.

    For a removed paragraph it is the one of the older version.
    """

    field: str
    kind: ChangeKind
    old: str
    new: str
    paragraph: int | None = None

    @property
    def pieces(self) -> list[Piece]:
        """The words, those of one version only marked."""
        return list(compare_words(self.old, self.new))


def compare(
    old: ReleaseDraft,
    new: ReleaseDraft,
    old_files: Mapping[str, str] | None = None,
    new_files: Mapping[str, str] | None = None,
) -> list[Change]:
    """Everything that differs, in the order in which a release is read. The files are given as name → hash."""
    changes: list[Change] = []
    before, after = _texts(old), _texts(new)
    for name in dict.fromkeys([*before, *after]):
        first, second = before.get(name, ""), after.get(name, "")
        if first == second:
            continue
        if name in PARAGRAPHS:
            changes += _paragraphs(name, first, second)
        else:
            changes.append(Change(name, _kind(first, second), first, second))
    return changes + list(_files(old_files or {}, new_files or {}))


def compare_words(old: str, new: str) -> Iterator[Piece]:
    """Two texts as one run of pieces: what both have, what only the older has, what only the newer has."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    if max(len(before), len(after)) > _MOST_WORDS:
        opcodes = [("replace", 0, len(before), 0, len(after))]
    else:
        opcodes = list(difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes())
    for what, a, b, c, d in opcodes:
        if what == "equal":
            yield Piece(None, "".join(after[c:d]))
            continue
        if b > a:
            yield Piece(ChangeKind.REMOVED, "".join(before[a:b]))
        if d > c:
            yield Piece(ChangeKind.ADDED, "".join(after[c:d]))


def _texts(draft: ReleaseDraft) -> dict[str, str]:
    """Every field as one text, in reading order."""
    day, until = draft.dateline_date, draft.embargo_until
    return {
        "kind": draft.kind.value,
        "embargo": until.astimezone(UTC).isoformat() if until else "",  # one instant, one text
        "headline": draft.headline,
        "dateline": ", ".join(filter(None, (draft.dateline_place, day.isoformat() if day else ""))),
        "standfirst": draft.standfirst,
        "body": draft.body,
        "signatory": _person(draft.signatory),
        "press contact": "; ".join(map(_person, draft.contacts)),
        "boilerplate": draft.boilerplate,
        "sector": draft.sector,
        "language": draft.lang,
        **{name: _said(value) for name, value in draft.extra.items()},
    }


def _said(value: object) -> str:
    """A further field as people read it."""
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_said(one)}" for name, one in value.items() if one not in (None, ""))
    if isinstance(value, list):
        return "; ".join(map(_said, value))
    return "" if value is None else str(value)


def _person(one: PressContact | Signatory) -> str:
    parts = [one.name, one.role, one.sector]
    if isinstance(one, PressContact):
        parts += [one.phone, one.email]
    return ", ".join(filter(None, parts))


def _kind(old: str, new: str) -> ChangeKind:
    if not old:
        return ChangeKind.ADDED
    return ChangeKind.CHANGED if new else ChangeKind.REMOVED


def _files(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            kind = _kind(old.get(name, ""), new.get(name, ""))
            yield Change("attachment", kind, name if name in old else "", name if name in new else "")


def _paragraphs(field: str, old: str, new: str) -> list[Change]:
    before, after = _split(old), _split(new)
    found: list[Change] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for what, a, b, c, d in matcher.get_opcodes():
        if what != "equal":
            found += _replaced(field, before, after, range(a, b), range(c, d))
    removed = {one.old for one in found if one.kind is ChangeKind.REMOVED}
    added = {one.new for one in found if one.kind is ChangeKind.ADDED}
    moved = removed & added
    return [
        Change(field, ChangeKind.MOVED, one.new, one.new, one.paragraph) if one.new in moved else one
        for one in found
        if not (one.kind is ChangeKind.REMOVED and one.old in moved)
    ]


def _replaced(field: str, before: Sequence[str], after: Sequence[str], gone: range, come: range) -> Iterator[Change]:
    """The changes of a stretch of paragraphs: those that are alike are one that changed, in their order."""
    rest = list(gone)
    for new in come:
        likest = next(
            (
                old
                for old in rest
                if len(gone) * len(come) <= _MOST_PAIRS and _likeness(before[old], after[new]) > _LIKE
            ),
            None,
        )
        if likest is None:
            yield Change(field, ChangeKind.ADDED, "", after[new], new + 1)
            continue
        for old in rest[: rest.index(likest)]:
            yield Change(field, ChangeKind.REMOVED, before[old], "", old + 1)
        rest = rest[rest.index(likest) + 1 :]
        yield Change(field, ChangeKind.CHANGED, before[likest], after[new], new + 1)
    for old in rest:
        yield Change(field, ChangeKind.REMOVED, before[old], "", old + 1)


def _likeness(old: str, new: str) -> float:
    matcher = difflib.SequenceMatcher(None, old.split(), new.split(), autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() > _LIKE else 0


def _split(text: str) -> list[str]:
    return [part.strip("\n") for part in re.split(r"\n[ \t]*\n", text) if part.strip()]
