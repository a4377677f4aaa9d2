"""The draft of a correction: what it corrects, what it takes over from there, and what it says of what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from distributor.errors import BadInput, Refused
from distributor.models import Attachment, Release, ReleaseVersion
from distributor.releases import store
from distributor.releases.attachments import FileRole, KeptFile, read_copy
from distributor.releases.corrections import (
    chain_to,
    first_in_language,
    is_planned,
    last_in_language,
    link_correction,
    read_links,
)
from distributor.releases.diff import compare
from distributor.releases.draft import ReleaseDraft, Remark, Signatory
from distributor.releases.extra import CHANGES, CHANGES_SINCE
from distributor.releases.kinds import ReleaseKind
from distributor.releases.readers.document import read_release
from distributor.releases.readers.source import write_source
from distributor.releases.stating import state_changes
from distributor.releases.store import StoredRelease
from distributor.releases.translations import base_of

_VERBS = {ReleaseKind.CORRECTION: "correct", ReleaseKind.REPLACEMENT: "replace", ReleaseKind.RETRACTION: "retract"}
_SUFFIXES = {
    ReleaseKind.CORRECTION: ("rectificatif", "correction"),
    ReleaseKind.REPLACEMENT: ("annule-et-remplace", "replacement"),
    ReleaseKind.RETRACTION: ("annulation", "retraction"),
}
_LONGEST_SLUG = 60
_HINTS = {
    "correct": (
        "Corrigez le texte ci-dessous. Ce qui change s'écrit sous `changes:` ; sinon, les deux textes sont comparés.",
        "Correct the text below. What changed goes under `changes:`; left out, both texts are compared.",
    ),
    "retract": ("Dites ce qui est retiré, et pourquoi.", "Say what is withdrawn, and why."),
}
_WITHDRAWN = ("[à compléter : ce qui est retiré, et pourquoi]", "[to be completed: what is withdrawn, and why]")
_UNCOUNTED = frozenset({"kind", CHANGES, CHANGES_SINCE})


@dataclass(slots=True)
class Target:
    """A text that was sent and is to be corrected, the correction's kind and `name`, and every text of its chain.

    `wrong` are the releases of that chain; `carried` names what the new text took over from the old.
    """

    slug: str
    version: ReleaseVersion
    files: Sequence[Attachment]
    kind: ReleaseKind
    name: str
    wrong: Sequence[int]
    carried: list[str] = field(default_factory=list)

    @property
    def verb(self) -> str:
        """The command that made it."""
        return _VERBS[self.kind]

    @property
    def _column(self) -> int:
        return 0 if base_of(self.version.lang) == "fr" else 1

    def text(self, zone: ZoneInfo, because: str = "") -> str:
        """What the editor opens on: the old text, to be corrected; of a withdrawal, its frame around `because`.

        An embargo stands there as `zone` tells the time, which whoever reads it has before their eyes.
        """
        draft = replace(store.draft_of(self.version, self.files), kind=self.kind, translation_of="")
        if draft.embargo_until:
            draft = replace(draft, embargo_until=draft.embargo_until.astimezone(zone))
        extra = {name: value for name, value in draft.extra.items() if name not in (CHANGES, CHANGES_SINCE)}
        hint = _HINTS.get(self.verb, _HINTS["correct"])[self._column]
        draft = replace(draft, extra=extra)
        if self.kind is ReleaseKind.RETRACTION:
            body = because or _WITHDRAWN[self._column]
            draft = replace(draft, body=body, standfirst="", attachments=(), dateline_date=None, extra={})
        return write_source(draft).replace("---\n", f"---\n# {hint}\n", 1)

    def complete(self, draft: ReleaseDraft) -> ReleaseDraft:
        """The new text as a correction, with what its file does not say as it was: people, «À propos», files."""
        old = store.draft_of(self.version, self.files)
        self.carried.clear()
        kept: dict[str, object] = {}
        names = ["sector", "boilerplate", "contacts", "signatory", "dateline_place", "embargo_until"]
        if self.kind is not ReleaseKind.RETRACTION:
            names += ["attachments", "logo"]
        for name in names:
            before, empty = getattr(old, name), (None, "", (), Signatory())
            if getattr(draft, name) in empty and before not in empty:
                kept[name] = before
                self.carried.append(name.replace("_", " "))
        return replace(draft, **kept, kind=self.kind, lang=self.version.lang, translation_of="")  # type: ignore[arg-type]  # fields by name

    def stated(self, draft: ReleaseDraft, kept: Sequence[KeptFile], zone: ZoneInfo) -> tuple[ReleaseDraft, str]:
        """The draft with what changed in words, unless its author says it, and its text as it is kept and edited.

        A withdrawal states no changes. Raises `BadInput` where nothing changed.
        """
        old = store.draft_of(self.version, self.files)
        files = {row.name: row.sha256 for row in self.files}
        changes = compare(old, draft, files, {file.name: file.sha256 for file in kept})
        if not any(one.field not in _UNCOUNTED for one in changes):
            raise BadInput(
                f"Not a word differs from «{self.slug}», version {self.version.number}.",
                mend="Correct the text, or its files.",
            )
        if self.kind is not ReleaseKind.RETRACTION and not draft.extra.get(CHANGES):
            draft = replace(draft, extra={**draft.extra, CHANGES: state_changes(changes, draft.lang, zone)})
        source = write_source(draft)
        lines = read_release(source.encode(), file="correction.md", timezone=zone, default_lang=draft.lang).lines
        return replace(draft, lines=lines), source


def find_target(session: Session, slug: str, kind: ReleaseKind, name: str = "") -> Target:
    """What `releases correct SLUG` corrects: the last text of its chain that was sent.

    A correction that is not sent yet is written anew, under its name. Raises `BadInput` for what nobody was sent, and
    `Refused` for withdrawing what is withdrawn: other words for that are a withdrawal of the first one, by its name.
    """
    asked = store.find_release(session, slug).release
    assert asked.id is not None, "it was read"
    links = read_links(session)
    last = last_in_language(links, asked.id)
    if last.corrects_id is not None and not is_planned(session, last.id):
        name, last = name or (last.slug if last.kind == kind else ""), links[last.corrects_id]
    stored = store.find_release(session, last.slug)
    if not is_planned(session, last.id):
        raise BadInput(
            f"«{last.slug}» has not been sent, so there is nothing to correct.",
            mend=f"Change it: distributor releases edit {last.slug}",
        )
    if kind == last.kind == ReleaseKind.RETRACTION and asked.id != last.id:
        raise Refused(
            f"«{asked.slug}» is withdrawn already, by «{last.slug}»; nothing was changed.",
            mend=f"Who got that: distributor report {last.slug}. To put it in other words, to those who have it:"
            f" distributor releases retract {last.slug}",
        )
    return Target(
        slug=last.slug,
        version=stored.version,
        files=store.attachments_of(session, stored.version),
        kind=kind,
        name=name or _name_for(session, first_in_language(links, last.id).slug, kind, stored.version.lang),
        wrong=[link.id for step in chain_to(links, last.id) for link in step],
    )


def _name_for(session: Session, first: str, kind: ReleaseKind, lang: str) -> str:
    suffix = _SUFFIXES[kind][0 if base_of(lang) == "fr" else 1]
    for number in count(1):
        tail = f"-{suffix}" + (f"-{number}" if number > 1 else "")
        name = first[: _LONGEST_SLUG - len(tail)].rstrip("-_") + tail
        if session.exec(select(Release.id).where(Release.slug == name)).first() is None:
            return name
    raise AssertionError("there is always another number")


def bytes_of(target: Target, folder: Path) -> dict[str, bytes]:
    """The kept files of the old text by the names that a text gives them; damaged copies are to be found again."""
    held: dict[str, bytes] = {}
    for row in target.files:
        if (content := read_copy(folder / row.path, row.sha256)) is not None:
            held[row.source if row.role == FileRole.IMAGE else row.name] = content
    return held


def with_remarks(draft: ReleaseDraft, remarks: Sequence[Remark]) -> ReleaseDraft:
    """The same with these remarks of its reading."""
    return replace(draft, remarks=tuple(remarks))


def store_correction(
    session: Session, target: Target, draft: ReleaseDraft, *, source: str, attachments: Sequence[KeptFile]
) -> StoredRelease:
    """Keep a draft as the correction of its target, or as the next version of the one that is not sent yet."""
    stored = store.store_release(
        session,
        draft,
        source=source,
        source_name=f"{target.name}.md",
        slug=target.name,
        attachments=attachments,
    )
    corrected = store.find_release(session, target.slug).release
    if stored.release.corrects_id not in (None, corrected.id):
        raise BadInput(f"«{target.name}» corrects another release.", field="--slug", mend="Choose another name.")
    if stored.release.corrects_id is None and stored.version.number > 1:
        raise BadInput(f"«{target.name}» is a release of its own.", field="--slug", mend="Choose another name.")
    link_correction(session, stored.release, corrected, draft.lang)
    return stored
