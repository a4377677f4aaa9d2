"""Proving a correction: exactly whom it is about, and every message as each of them would read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from distributor import clock
from distributor.dispatch.messages.composing import Notice
from distributor.dispatch.messages.notices import is_newest, notice_for, plain_notice, statement_for
from distributor.dispatch.overtaken import require_not_overtaken
from distributor.dispatch.proof.preflight import render_all
from distributor.dispatch.recipients.correcting import Correcting, Meant, version_of, who_gets
from distributor.dispatch.recipients.from_lists import make_manifest
from distributor.dispatch.recipients.languages import version_for
from distributor.dispatch.recipients.manifest import Manifest
from distributor.dispatch.recipients.narrowing import Selection
from distributor.dispatch.recipients.newcomers import without_holders
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.dispatch.recipients.roll import Roll
from distributor.errors import BadInput
from distributor.models import Dispatch
from distributor.outgoing.composers import Opened, open_composer
from distributor.outgoing.proving import Proved, check_codes, let_pass, prove_texts
from distributor.releases import store
from distributor.releases.extra import CHANGES
from distributor.releases.findings import Corrects
from distributor.releases.kinds import ReleaseKind
from distributor.releases.store import StoredRelease
from distributor.wiring import Workspace


@dataclass(frozen=True, slots=True)
class Told:
    """What one language version says to those who have a wrong text: by the dispatch it left with, each in words."""

    notices: Mapping[int, Notice]
    which: Mapping[int, str]
    plain: Notice


@dataclass(frozen=True, slots=True)
class Part:
    """One language version: what it says (`told`), to whom (`meant`), and who of the lists gets it as a first text."""

    proved: Proved
    told: Told
    meant: tuple[Meant, ...]
    added: tuple[PlannedRecipient, ...]

    @property
    def stored(self) -> StoredRelease:
        """The text."""
        return self.proved.stored


@dataclass(frozen=True, slots=True)
class Ready:
    """A correction, all whom it is about, and what the proof says; its language versions, the original first."""

    found: Correcting
    proved: Proved
    parts: tuple[Part, ...]
    lists: Manifest

    @property
    def versions(self) -> list[StoredRelease]:
        """The texts."""
        return [one.stored for one in self.parts]


def prove_correction(
    workspace: Workspace,
    slug: str,
    moment: datetime,
    *,
    newcomers: Selection,
    passing: Sequence[str],
    because: str,
    attach_pdf: bool,
    follows_links: bool = False,
    language: str = "",
) -> Ready:
    """Prove a correction for those whom it is about, and `newcomers` who have no text of it, every message strictly.

    Raises `BadInput` as `check_codes`.
    """
    with workspace.database.session(reads_only=True) as session:
        # All language versions go together: who has the mistake has it in one of them.
        versions = store.language_versions(session, store.find_release(session, slug).release)
        require_not_overtaken(session, versions[0].release)
        now = clock.now()  # proved again, it is later
        found = who_gets(session, versions, workspace.keyring, now)
        lists = _from_lists(workspace, session, versions, found, newcomers=newcomers, now=now)
        parts = []
        for number, stored in enumerate(versions):
            theirs = tuple(one for one in found.meant if version_of(one, versions) is stored)
            new = tuple(one for one in lists.recipients if version_for(one.recipient, versions) is stored)
            here = _told(workspace, session, stored, theirs)
            foreign = found.foreign if number == 0 else {}
            manifest = found.manifest(theirs, new, lists, with_left_out=number == 0)
            proved = _prove(
                workspace, session, stored,
                meant=theirs, added=new, manifest=manifest, told=here, moment=moment, foreign=foreign,
                attach_pdf=attach_pdf, follows_links=follows_links, language=language,
            )  # fmt: skip
            parts.append(Part(proved, here, theirs, new))
    check_codes(passing, {finding.code for one in parts for finding in one.proved.result.findings})
    first, *others = (let_pass(one.proved, passing, because) for one in parts)
    everyone = found.manifest(found.meant, lists.recipients, lists)
    proved = replace(first, everyone=everyone, translations=tuple(replace(one, everyone=everyone) for one in others))
    parts = [replace(part, proved=one) for part, one in zip(parts, proved.versions, strict=True)]
    return Ready(found, proved, tuple(parts), lists)


def _from_lists(
    workspace: Workspace,
    session: Session,
    versions: Sequence[StoredRelease],
    found: Correcting,
    *,
    newcomers: Selection,
    now: datetime,
) -> Manifest:
    """Who of the lists has no text of the chain at all."""
    if newcomers.lists and versions[0].version.kind == ReleaseKind.RETRACTION:
        raise BadInput(
            "A withdrawal goes to those who have the text, and to nobody else.",
            field="--list",
            mend="Leave the lists out.",
        )
    if not newcomers.lists:
        return Manifest((), (), Roll(), ())
    manifest = make_manifest(
        session,
        versions[0].version,
        newcomers.lists,
        newcomers.excluded,
        workspace.keyring,
        only_names=newcomers.only,
        where=newcomers.where,
        sectors=[one.version.sector for one in versions],
    )
    return without_holders(session, versions[0].release, manifest, found, now)


def _told(workspace: Workspace, session: Session, stored: StoredRelease, meant: Sequence[Meant]) -> Told:
    """What this version says to those who have a text of which dispatch."""
    texts = workspace.templates.texts(stored.version.lang)
    zone = workspace.settings.timezone
    notices: dict[int, Notice] = {}
    which: dict[int, str] = {}
    for one in meant:
        holding = one.holding
        if one.has_it and holding.dispatch_id not in notices:
            dispatch = session.get_one(Dispatch, holding.dispatch_id)
            held = store.find_release(session, holding.slug, holding.number)
            day = dispatch.message_date.astimezone(zone).date()
            notices[holding.dispatch_id] = notice_for(session, texts, stored, held, day, zone=zone)
            which[holding.dispatch_id] = f"{holding.slug} {holding.number}"
    return Told(notices, which, plain_notice(session, stored.release))


def _prove(
    workspace: Workspace,
    session: Session,
    stored: StoredRelease,
    *,
    meant: Sequence[Meant],
    added: Sequence[PlannedRecipient],
    manifest: Manifest,
    told: Told,
    moment: datetime,
    foreign: Mapping[str, int],
    attach_pdf: bool,
    follows_links: bool,
    language: str,
) -> Proved:
    """Prove one language version for those who get it, each message as this person reads it."""
    pdf_of = moment if attach_pdf else None
    plain = open_composer(workspace, session, stored, pdf_of=pdf_of, notice=told.plain)
    opened: dict[int, Opened] = {
        number: open_composer(workspace, session, stored, pdf_of=pdf_of, notice=notice)
        for number, notice in told.notices.items()
    }
    failures = []
    for number, writer in ((0, plain), *opened.items()):
        theirs = [one.planned for one in meant if (one.holding.dispatch_id if one.has_it else 0) == number]
        theirs += [] if number else added
        failures += render_all(writer.composer, theirs, writer.identity, workspace.keyring, date_of=lambda _one: moment)
    first = next(iter(opened.values()), plain)
    facts = _facts(session, stored, meant, told, foreign=foreign, zone=workspace.settings.timezone)
    result = prove_texts(
        workspace,
        session,
        stored,
        opened=first,
        manifest=manifest,
        failures=failures,
        moment=moment,
        follows_links=follows_links,
        language=language,
        corrects=facts,
    )
    return Proved(stored, manifest, result, (), first, manifest, is_to_holders=True)


def _facts(
    session: Session,
    stored: StoredRelease,
    meant: Sequence[Meant],
    told: Told,
    *,
    foreign: Mapping[str, int],
    zone: ZoneInfo,
) -> Corrects:
    """What the proof looks at in a correction; before anybody has the text, in what is said of the last one."""
    is_retraction = stored.version.kind == ReleaseKind.RETRACTION
    unstated, computed, unnamed = [], [], []
    is_same = False
    for number, notice in told.notices.items():
        holding = next(one.holding for one in meant if one.holding.dispatch_id == number)
        held = store.find_release(session, holding.slug, holding.number)
        said = statement_for(session, stored, held, zone)
        is_last = held.release.id == stored.release.corrects_id and is_newest(session, held)
        if not said and not is_retraction:
            unstated.append(told.which[number])
        elif not is_last and not is_retraction and said != str(stored.version.extra.get(CHANGES, "")):
            computed.append(told.which[number])
        if notice.changes == said:
            unnamed.append(told.which[number])
        if is_last and not is_retraction:
            silent = {"kind", "changes", "changes_since"}
            is_same = not any(
                one.field not in silent for one in store.changes_between(session, held.version, stored.version)
            )
    return Corrects(
        tuple(dict.fromkeys(unstated)), tuple(dict.fromkeys(computed)), tuple(dict.fromkeys(unnamed)), foreign, is_same
    )
