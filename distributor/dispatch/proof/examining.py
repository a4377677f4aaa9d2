"""What a proof looks at beside the words: the message itself, its files, who would get it, and who got the last one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import chain

from sqlalchemy import select, true
from sqlmodel import Session, col

from distributor.deliveries.conditions import is_meant
from distributor.dispatch.proof.deadlines import deadlines_of
from distributor.dispatch.recipients.manifest import Manifest
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.dispatch.recipients.provenance import unproven
from distributor.folding import fold
from distributor.models import Delivery, Dispatch, Release, ReleaseVersion
from distributor.quiet import NEVER, QuietHours
from distributor.releases import media
from distributor.releases.findings import Audience, Corrects, LinkAnswer, SenderAnswer, SentFile, SentMessage
from distributor.releases.readers.pdftext import read_pdf
from distributor.releases.translations import family_of
from distributor.rendering.composer import Composer, RenderError
from distributor.rendering.salutation import Forms, language_of, salute
from distributor.rendering.values import AttachmentFile, Recipient, Stamp
from distributor.states import DispatchState

_PDF = "application/pdf"
_AGENCY = "agency"
_LATEST = 50
_ALIKE = 0.5
_MANY_FIELDS = 3
_MOST_ODD = 10


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of a sending beside the release itself; what is left out, the proof keeps silent about."""

    organisation: str = ""
    files: Sequence[SentFile] = ()
    message: SentMessage | None = None
    links: Sequence[LinkAnswer] = ()
    sender: SenderAnswer | None = None
    corrects: Corrects | None = None
    quiet: QuietHours = NEVER


def sent_files(files: Iterable[AttachmentFile]) -> list[SentFile]:
    """The files of a message as the proof reads them: what they are, and what the PDFs among them say."""
    found = []
    for file in files:
        text, unread = read_pdf(file.content) if file.media_type == _PDF else (None, "")
        promised = media.promised_type(file.name, file.content)
        found.append(SentFile(file.name, file.media_type, len(file.content), promised, text, unread))
    return found


def sample_message(composer: Composer, recipient: Recipient, stamp: Stamp) -> SentMessage | None:
    """The message of one recipient; None where it cannot be written, which another rule says."""
    try:
        shown = composer.preview(recipient, stamp)
    except RenderError:
        return None
    offers = any(name.lower() == "list-unsubscribe" for name, _ in shown.headers)
    return SentMessage(shown.html, shown.text, len(shown.raw), offers)


def audience_of(session: Session, version: ReleaseVersion, manifest: Manifest) -> Audience:
    """Who would get it, who of them is of unknown provenance, and which outlets got the last dispatch like it."""
    recipients = manifest.recipients
    compared_with, missing, agencies = _missing_outlets(session, version, manifest)
    told = recipients.by("language")
    del told[""]
    return Audience(
        languages=told,
        unproven=unproven(session, recipients.contact_ids()),
        missing_outlets=missing,
        missing_agencies=agencies,
        compared_with=compared_with,
        deadlines=deadlines_of(session, recipients),
    )


def _missing_outlets(session: Session, version: ReleaseVersion, manifest: Manifest) -> tuple[str, list[str], list[str]]:
    """The last comparable dispatch in words; the outlets that had it and are not meant now; the agencies of them."""
    last = last_alike(session, version, manifest.lists)
    if last is None:
        return "", [], []
    dispatch_id, words = last
    rows = session.execute(
        select(col(Delivery.outlet), col(Delivery.outlet_kind))
        .where(
            col(Delivery.dispatch_id) == dispatch_id,
            col(Delivery.outlet) != "",
            is_meant(),
        )
        .distinct()
        .order_by(col(Delivery.outlet))
    ).all()
    # Whoever has it already, on this version's own dispatch or otherwise, is not forgotten.
    left_out = (one.planned.recipient.outlet for one in manifest.left_out)
    here = {fold(outlet) for outlet in chain(manifest.recipients.by("outlet"), left_out)}
    missing = [(outlet, kind) for outlet, kind in rows if fold(outlet) not in here]
    return words, [outlet for outlet, _ in missing], [outlet for outlet, kind in missing if kind == _AGENCY]


def last_alike(
    session: Session, version: ReleaseVersion, chosen: Sequence[str], *, before: int | None = None
) -> tuple[int, str] | None:
    """The latest dispatch of another release to the same lists, or to half of them at least: its number, in words.

    With `before`, the latest that has a lower number.
    """
    wanted = set(chosen)
    release = session.get_one(Release, version.release_id)
    family = [one.id for one in family_of(session, release)]
    rows = session.execute(
        select(col(Dispatch.id), col(Dispatch.lists), col(Release.slug))
        .join(ReleaseVersion, col(ReleaseVersion.id) == col(Dispatch.release_version_id))
        .join(Release, col(Release.id) == col(ReleaseVersion.release_id))
        .where(
            col(Dispatch.is_test).is_(False),
            col(ReleaseVersion.release_id).not_in(family),
            col(Dispatch.started_at).is_not(None) | (col(Dispatch.state) != DispatchState.CANCELLED),  # not recalled
            true() if before is None else col(Dispatch.id) < before,
        )
        .order_by(col(Dispatch.id).desc())
        .limit(_LATEST)
    ).all()
    best: tuple[float, int, str] | None = None
    for number, lists, slug in rows:
        union = wanted | set(lists)
        share = len(wanted & set(lists)) / len(union) if union else 0.0
        if share >= _ALIKE and (best is None or share > best[0]):
            best = share, number, slug
    return (best[1], f"«{best[2]}»") if best else None


@dataclass(frozen=True, slots=True)
class Odd:
    """A recipient to look at before sending, how it would be greeted, and what is odd about it."""

    planned: PlannedRecipient
    salutation: str
    reasons: tuple[str, ...]


def oddest(recipients: Sequence[PlannedRecipient], forms: Mapping[str, Forms], release_language: str) -> list[Odd]:
    """The recipients whose messages are the likeliest to look wrong, worst first; nobody about whom nothing is odd.

    `forms` are the greetings of each language, as the templates have them.
    """
    longest = max((len(one.recipient.name) for one in recipients), default=0)
    odd = set(filter(_is_odd, set(chain.from_iterable(one.recipient.name for one in recipients))))
    about = ((planned, _oddities(planned.recipient, longest, odd)) for planned in recipients)
    weighed = ((sum(weight for weight, _ in found), planned, found) for planned, found in about if found)
    worst = nsmallest(_MOST_ODD, weighed, key=lambda entry: -entry[0])
    return [
        Odd(
            planned,
            salute(planned.recipient, forms[language_of(planned.recipient, release_language, forms)]),
            tuple(words for _, words in found),
        )
        for _, planned, found in worst
    ]


def _is_odd(char: str) -> bool:
    """Whether a character is not what names are written with."""
    return unicodedata.category(char)[0] not in "LM" and char not in " -'’.·"


def _oddities(recipient: Recipient, longest: int, odd: set[str]) -> list[tuple[int, str]]:
    """What is odd about one recipient, each with its weight; `odd` are the odd characters of everybody's names."""
    name = recipient.name
    found = []
    if not odd.isdisjoint(name):
        found.append((6, "odd characters in the name"))
    if name and (name.isupper() or name.islower()):
        found.append((5, "capitals or small letters only"))
    if not name:
        found.append((4, "no name"))
    elif not recipient.last_name:
        found.append((3, "no last name"))
    if name and not recipient.civility:
        found.append((2, "no civility"))
    if len(name) == longest and longest:
        found.append((2, f"the longest name ({longest} letters)"))
    if not recipient.outlet:
        found.append((1, "no outlet"))
    empty = sorted(key for key, value in recipient.fields.items() if not value)
    if empty:
        found.append((1, f"empty: {', '.join(empty[:_MANY_FIELDS])}"))
    return found
