"""How a release looks on a terminal, and its stable JSON shape; and who still waits for a version of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from distributor.cli.sending.showing import show_overrides
from distributor.cli.terminal.output import console, show_table, show_under, suggest, when
from distributor.dispatch.recipients.earlier import StillLeaving
from distributor.models import Attachment
from distributor.releases.store import StoredRelease

if TYPE_CHECKING:  # who looks at a release proves nothing
    from distributor.dispatch.proof.overrides import Override


def release_as_json(
    stored: StoredRelease,
    files: Sequence[Attachment],
    family: Sequence[StoredRelease],
    embargo_until: datetime | None,
) -> dict[str, Any]:
    """A release version under the names of its table, and the language versions (`family`) it is one of.

    `embargo_until` is the embargo in force, which need not be that of its words.
    """
    version = stored.version
    original = family[0].release
    return {
        "slug": stored.release.slug,
        "version": version.number,
        "content_hash": version.content_hash,
        "headline": version.headline,
        "lang": version.lang,
        "kind": version.kind,
        "standfirst": version.standfirst,
        "body": version.body,
        "dateline_place": version.dateline_place,
        "dateline_date": version.dateline_date,
        "embargo_until": embargo_until,
        "embargo_in_its_words": version.embargo_until,
        "sector": version.sector,
        "signatory": version.signatory,
        "contacts": version.contacts,
        "boilerplate": version.boilerplate,
        "attachments": [
            {"name": f.name, "role": f.role, "media_type": f.media_type, "size": f.size, "sha256": f.sha256}
            for f in files
        ],
        "extra": version.extra,
        "remarks": version.remarks,
        "source_name": version.source_name,
        "author": version.author,
        "translation_of": None if original.id == stored.release.id else original.slug,
        "languages": {one.version.lang: one.release.slug for one in family},
        "created_at": version.created_at,
    }


def show_import_of_release(
    stored: StoredRelease, files: Sequence[Attachment], zone: ZoneInfo, family: Sequence[StoredRelease]
) -> None:
    """Say what an import made, and every field it found."""
    out = console()
    slug, number = stored.release.slug, stored.version.number
    if not stored.is_new:
        out.print(f"Nothing new: these are the words of «{slug}», version {number}.")
        if family[0].release.slug != slug:
            out.print(f"It is a translation of «{family[0].release.slug}».")
        return
    out.print(f"Imported as «{slug}», version {number}." + (" The earlier ones are kept." if number > 1 else ""))
    show_release(stored, files, zone, family=family)
    suggest("Next:", f"distributor releases proof {slug}")


def show_release(
    stored: StoredRelease,
    files: Sequence[Attachment],
    zone: ZoneInfo,
    overrides: Sequence[Override] = (),
    *,
    family: Sequence[StoredRelease],
    web_url: str = "",
    chain: Mapping[str, str | None] | None = None,
    embargo_until: datetime | None = None,
) -> None:
    """Every field of a release version, then its body, and what the proof was told to let pass.

    `embargo_until` is the embargo in force; None where it is that of its words.
    """
    out, version = console(), stored.version
    place, day = version.dateline_place, version.dateline_date
    rows: list[tuple[str, str]] = [
        ("release", f"{stored.release.slug} (version {version.number}, {version.content_hash[:12]})"),
        ("headline", version.headline),
        ("kind", version.kind),
        ("language", version.lang),
        _relation(stored, family),
        *((name.replace("_", " "), slug or "") for name, slug in (chain or {}).items()),
        ("standfirst", version.standfirst),
        ("dateline", ", ".join(part for part in (place, day.isoformat() if day else "") if part)),
        ("embargo until", _embargo(version.embargo_until, embargo_until, zone)),
        ("sector", version.sector),
        ("signatory", _person(version.signatory)),
        *(("press contact", _person(contact)) for contact in version.contacts),
        *((file.role, f"{file.name} ({file.media_type}, {file.size:,} bytes)") for file in files),
        *((f"extra: {name}", str(value)) for name, value in version.extra.items()),
        ("made by", version.author and f"{version.author}, {when(version.created_at, zone)}"),
        ("on the web", web_url and f"{web_url} (once it was sent and its embargo is over)"),
    ]
    show_table(["field", "value"], [row for row in rows if row[1]])
    out.print()
    out.print(version.body)
    if version.boilerplate:
        out.print(f"\nBoilerplate:\n{version.boilerplate}")
    if version.remarks:
        out.print("\nRemarks:")
        for remark in version.remarks:
            line = f"line {remark['line']}: " if remark["line"] else ""
            show_under(out, f"{line}{remark['text']}")
    if overrides:
        out.print()
        show_overrides(overrides, zone)


def _embargo(said: datetime | None, in_force: datetime | None, zone: ZoneInfo) -> str:
    """Until when it is held, and what its words say where a command has moved or lifted that."""
    if in_force is None or in_force == said:
        return when(said, zone)
    return f"{when(in_force, zone)} (in its words: {when(said, zone)})"


def languages_of(stored: StoredRelease, family: Sequence[StoredRelease]) -> str:
    """The language of a release in a listing: with its translations', or with whose translation it is."""
    if len(family) == 1:
        return stored.version.lang
    if family[0].release.id != stored.release.id:
        return f"{stored.version.lang} of {family[0].release.slug}"
    return ", ".join(one.version.lang for one in family)


def _relation(stored: StoredRelease, family: Sequence[StoredRelease]) -> tuple[str, str]:
    """What the other language versions are, or which one this is a translation of."""
    original = family[0].release
    if original.id != stored.release.id:
        return "translation of", original.slug
    return "translations", ", ".join(f"{one.version.lang}: {one.release.slug}" for one in family[1:])


def _person(parts: dict[str, str]) -> str:
    return ", ".join(
        part for part in (parts.get(key, "") for key in ("name", "role", "sector", "email", "phone")) if part
    )


def show_still_leaving(found: Sequence[StillLeaving]) -> None:
    """Say of each dispatch that what was planned leaves, whatever became of its release since.

    On standard error: standard output may be JSON.
    """
    for one in found:
        wait, get = ("recipient still waits", "gets") if one.waiting == 1 else ("recipients still wait", "get")
        console(stderr=True).print(
            f"{one.waiting} {wait} for version {one.version} (dispatch {one.dispatch_id}), and {get} that one."
            f" To end it: distributor dispatches cancel {one.dispatch_id}",
            soft_wrap=True,
        )
