"""The text of a follow-up (relance): a few words of one's own, who writes, and the release they remind of below."""

from __future__ import annotations

from dataclasses import dataclass, replace

from distributor.errors import BadInput
from distributor.releases.draft import PressContact, ReleaseDraft
from distributor.releases.kinds import ReleaseKind
from distributor.releases.readers.paragraphs import escape_signs, escape_start

NEEDS_WORDS = "There are no words for a follow-up in «{0}»."


@dataclass(frozen=True, slots=True)
class _Language:
    """What a follow-up says in one language, where nobody has written anything better."""

    subject: str
    words: str
    suffix: str


_LANGUAGES = {
    "fr": _Language(
        subject="Re : ",
        words="Je me permets de revenir vers vous au sujet de notre communiqué du {day}, que vous trouverez à nouveau"
        " ci-dessous.\n\nPuis-je vous être utile : une précision, un chiffre, un entretien, une image ?\n\n"
        "Bien à vous,",
        suffix="relance",
    ),
    "en": _Language(
        subject="Re: ",
        words="I am writing again about our release of {day}, which you will find below.\n\n"
        "Can I help with anything: a detail, a figure, an interview, a picture?\n\n"
        "Kind regards,",
        suffix="follow-up",
    ),
}


def slug_of_follow_up(slug: str, lang: str) -> str:
    """The short name of the follow-up of a release: `ferry-relance`, `ferry-follow-up`."""
    return f"{slug}-{_language(lang).suffix}"


def make_follow_up(original: ReleaseDraft, *, kind: str, dateline: str, day: str, words: str = "") -> ReleaseDraft:
    """The follow-up of a release that was sent on `day`, as a release of its own.

    `words` are Markdown, or "" for our own. `kind` is what the release is called, and `dateline` its place and date,
    both as its readers have them. Raises `BadInput` where we have no words in its language.
    """
    if _base_of(original.lang) not in _LANGUAGES and not words.strip():
        raise BadInput(NEEDS_WORDS.format(original.lang), mend="Write them in a file: releases follow-up SLUG FILE")
    said = words.strip() or _language(original.lang).words.format(day=day)
    signed = [] if words.strip() else _signature(original.contacts[:1])
    parts = ["\n\n".join([said, *signed]), "---", f"**{_plain(kind.upper())}**"]
    parts += [f"*{_plain(dateline)}*"] if dateline else []
    parts += [f"## {_plain(original.headline)}"]
    parts += [f"**{_plain(original.standfirst)}**"] if original.standfirst else []
    return replace(
        original,
        headline=f"{_language(original.lang).subject}{original.headline}",
        kind=ReleaseKind.FOLLOW_UP,
        body="\n\n".join([*parts, original.body.strip()]),
        standfirst="",
        dateline_place="",
        dateline_date=None,
        attachments=(),
        translation_of="",
        remarks=(),
        lines={},
    )


def _language(lang: str) -> _Language:
    return _LANGUAGES.get(_base_of(lang), _LANGUAGES["en"])


def _base_of(lang: str) -> str:
    return lang.partition("-")[0].lower()


def _signature(contacts: tuple[PressContact, ...]) -> list[str]:
    """Who writes, as people sign a mail: the first press contact of the release."""
    lines = [line for one in contacts for line in (one.name, one.role, one.phone) if line]
    return ["\\\n".join(map(_plain, lines))] if lines else []


def _plain(text: str) -> str:
    """Plain text as Markdown that shows the same signs, on one line."""
    return escape_start(escape_signs(" ".join(text.split())))
