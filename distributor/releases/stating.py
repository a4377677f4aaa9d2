"""What a correction corrects, in words for newsrooms: each change of a text as one point, in French or in English."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from distributor.releases.diff import PARAGRAPHS, Change, ChangeKind
from distributor.releases.plainwords import plain_words, targets
from distributor.releases.readers.paragraphs import escape_signs

_SILENT = frozenset({"kind", "language", "sector", "dateline", "changes", "changes_since", "notes"})
"""What is no news to a newsroom, or is the statement itself."""

_WITH_BLANKS = re.compile(r"\s*\S+\s*")
_AROUND = 5  # words shown before and after those that changed
_LONGEST = 30  # words of a paragraph that came or went
_MOST = 12


@dataclass(frozen=True, slots=True)
class _Words:
    read: str
    added: str
    removed: str
    moved: str
    file: Mapping[ChangeKind, str]
    paragraph: str
    more: str
    locale: str
    hour: str
    first: str
    fields: Mapping[str, str]


_FRENCH = _Words(
    read="{where} : lire « {new} » au lieu de « {old} ».",
    added="{where}, ajouté : « {new} »",
    removed="{where}, retiré : « {old} »",
    moved="{where}, déplacé : « {new} »",
    file={
        ChangeKind.ADDED: "Fichier ajouté : {new}.",
        ChangeKind.REMOVED: "Fichier retiré : {old}.",
        ChangeKind.CHANGED: "Fichier remplacé : {new}.",
    },
    paragraph="Paragraphe {number}",
    locale="fr",
    hour="EEEE d MMMM y 'à' HH 'h' mm",
    first="1er",
    more="Et d’autres changements : le texte qui suit fait foi.",
    fields={
        "headline": "Titre",
        "standfirst": "Chapô",
        "body": "Texte",
        "embargo": "Embargo",
        "signatory": "Signataire",
        "press contact": "Contact presse",
        "boilerplate": "À propos",
        "event": "Rendez-vous",
        "attachments_link": "Fichiers en ligne",
    },
)
_ENGLISH = _Words(
    read="{where}: read “{new}” instead of “{old}”.",
    added="{where}, added: “{new}”",
    removed="{where}, removed: “{old}”",
    moved="{where}, moved: “{new}”",
    file={
        ChangeKind.ADDED: "File added: {new}.",
        ChangeKind.REMOVED: "File removed: {old}.",
        ChangeKind.CHANGED: "File replaced: {new}.",
    },
    paragraph="Paragraph {number}",
    locale="en_GB",
    hour="EEEE d MMMM y 'at' HH:mm",
    first="1",
    more="And further changes: the text below is the one that counts.",
    fields={
        "headline": "Headline",
        "standfirst": "Standfirst",
        "body": "Text",
        "embargo": "Embargo",
        "signatory": "Signatory",
        "press contact": "Press contact",
        "boilerplate": "About",
        "event": "Event",
        "attachments_link": "Files on the web",
    },
)


def state_changes(changes: Iterable[Change], language: str, zone: ZoneInfo) -> str:
    """The changes as a list in Markdown, in French or else English; "" where there is nothing to tell.

    Hours are those of `zone`. What differs only in how it is set, as in bold, is none.
    """
    words = _FRENCH if language.partition("-")[0] == "fr" else _ENGLISH
    told = [_in_words(one, words, zone) for one in changes if one.field not in _SILENT]
    points = [point for one in told if _is_told(one) for point in _points(one, words)]
    if len(points) > _MOST:
        points = [*points[:_MOST], words.more]
    return "\n".join(f"- {point}" for point in points)


def _in_words(change: Change, words: _Words, zone: ZoneInfo) -> Change:
    """The change of an embargo with its instants as people write them, that of Markdown in the words that it shows."""
    if change.field in PARAGRAPHS:
        before, after = targets(change.old), targets(change.new)
        untold = before & after if change.kind is ChangeKind.CHANGED else before | after
        old, new = (plain_words(text, untold) if text else "" for text in (change.old, change.new))
        return replace(change, old=old, new=new)
    if change.field != "embargo":
        return change
    old, new = (_hour(text, words, zone) if text else "" for text in (change.old, change.new))
    return replace(change, old=old, new=new)


def _is_told(change: Change) -> bool:
    """Whether it is a change of words, or of a file under one name."""
    return change.field == "attachment" or change.kind is not ChangeKind.CHANGED or change.old != change.new


def _hour(text: str, words: _Words, zone: ZoneInfo) -> str:
    local = datetime.fromisoformat(text).astimezone(zone)
    said: str = format_datetime(local, words.hour, locale=words.locale)
    return said.replace(" 1 ", f" {words.first} ", 1) if local.day == 1 else said


def _points(change: Change, words: _Words) -> Iterator[str]:
    if change.field == "attachment":
        yield words.file[change.kind].format(old=escape_signs(change.old), new=escape_signs(change.new))
        return
    where = words.fields.get(change.field, change.field.replace("_", " ").capitalize())
    if change.field == "body" and change.paragraph:
        where = words.paragraph.format(number=change.paragraph)
    if change.kind is ChangeKind.CHANGED:
        is_whole = change.field in {"headline", "embargo"} or len(change.old.split()) <= 2 * _AROUND
        for old, new in [(_quoted(change.old), _quoted(change.new))] if is_whole else _stretches(change):
            if old and new:
                yield words.read.format(where=where, old=old, new=new)
            else:
                yield (words.added if new else words.removed).format(where=where, old=old, new=new)
        return
    said = {ChangeKind.ADDED: words.added, ChangeKind.REMOVED: words.removed, ChangeKind.MOVED: words.moved}
    yield said[change.kind].format(where=where, old=_short(change.old), new=_short(change.new))


def _stretches(change: Change) -> Iterator[tuple[str, str]]:
    """Each run of changed words with a few of those around it, as it was and as it is; near ones are told together."""
    runs: list[list[tuple[ChangeKind | None, list[str]]]] = [[]]
    for piece in change.pieces:
        tokens = _WITH_BLANKS.findall(piece.text)
        if piece.kind is None and len(tokens) > 2 * _AROUND and runs[-1]:
            runs[-1].append((None, tokens[:_AROUND]))
            runs.append([(None, tokens[-_AROUND:])])
        elif piece.kind is None and not runs[-1]:
            runs[-1].append((None, tokens[-_AROUND:]))
        else:
            runs[-1].append((piece.kind, tokens))
    for run in runs:
        if all(kind is None for kind, _ in run):
            continue
        if run[-1][0] is None:
            run[-1] = (None, run[-1][1][:_AROUND])
        yield (_joined(run, ChangeKind.ADDED), _joined(run, ChangeKind.REMOVED))


def _joined(run: list[tuple[ChangeKind | None, list[str]]], without: ChangeKind) -> str:
    return _quoted("".join(token for kind, tokens in run if kind is not without for token in tokens))


def _short(text: str) -> str:
    tokens = text.split()
    return _quoted(" ".join(tokens[:_LONGEST])) + (" …" if len(tokens) > _LONGEST else "")


def _quoted(text: str) -> str:
    """Plain text on one line of Markdown, letter for letter."""
    return escape_signs(" ".join(text.split()))
