"""Proving a release for a workspace: which recipients, at which moment, with which overrides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from distributor import clock
from distributor.addresses import kept_address
from distributor.contacts.lists import press_lists
from distributor.dispatch.hours.instants import read_instant
from distributor.dispatch.plan import require_followed
from distributor.dispatch.proof import overrides
from distributor.dispatch.proof.examining import Circumstances, sample_message, sent_files
from distributor.dispatch.proof.overrides import NEVER_PASSED, override
from distributor.dispatch.proof.preflight import ProofResult, early_readers, prove, render_all
from distributor.dispatch.recipients.earlier import Earlier, find_earlier, without
from distributor.dispatch.recipients.following_up import Choosing, make_follow_up_manifest
from distributor.dispatch.recipients.from_lists import make_manifest
from distributor.dispatch.recipients.languages import Share, Shares, divide, share_out, versions_to_send
from distributor.dispatch.recipients.manifest import Manifest
from distributor.dispatch.recipients.narrowing import Selection
from distributor.errors import BadInput
from distributor.models import Release as ReleaseRow
from distributor.outgoing.composers import Opened, open_composer
from distributor.releases import store, translations
from distributor.releases.attachments import FileRole
from distributor.releases.findings import Corrects, Finding, LinkAnswer, RenderFailure
from distributor.releases.proof.weblinks import web_links
from distributor.releases.store import StoredRelease
from distributor.rendering.values import Recipient
from distributor.wiring import Workspace, actor


@dataclass(frozen=True, slots=True)
class Proved:
    """A release with its manifest and what the proof says of both; `rendered` recipients were written strictly.

    Of a release with translations, `translations` are proved each for those who get it, and `everyone` is all of them.
    A correction goes to the holders of a text (`is_to_holders`).
    """

    stored: StoredRelease
    manifest: Manifest
    result: ProofResult
    earlier: tuple[Earlier, ...]
    opened: Opened
    everyone: Manifest
    translations: tuple[Proved, ...] = ()
    is_to_holders: bool = False

    @property
    def versions(self) -> tuple[Proved, ...]:
        """Every language version, this one first."""
        return (self, *self.translations)

    @property
    def stops(self) -> list[Finding]:
        """What holds the send back, in whatever version."""
        return [finding for one in self.versions for finding in one.result.stops]

    @property
    def all_earlier(self) -> list[Earlier]:
        """Who has, or waits for, an earlier version of what they would get."""
        return [earlier for one in self.versions for earlier in one.earlier]

    @property
    def has_pdf(self) -> bool:
        """Whether the PDF made of the release goes with it."""
        return any(file.kept.role == FileRole.ATTACHMENT for one in self.versions for file in one.opened.files)

    @property
    def remarks(self) -> list[str]:
        """What is to be said of the composers."""
        return [remark for one in self.versions for remark in one.opened.remarks]

    @property
    def rendered(self) -> int:
        """How many recipients' messages were written."""
        return len(self.manifest.recipients)


def is_follow_up(workspace: Workspace, slug: str) -> bool:
    """Whether a release has its recipients by itself: those whom another one reached."""
    with workspace.database.session(reads_only=True) as session:
        return store.find_release(session, slug).release.follows_up_id is not None


def corrects_something(workspace: Workspace, slug: str) -> bool:
    """Whether a release was made by `releases correct`, `replace` or `retract`, or is the translation of such a one."""
    with workspace.database.session(reads_only=True) as session:
        release = store.find_release(session, slug).release
        return any(one.corrects_id is not None for one in (release, translations.original_of(session, release)))


def prove_release(
    workspace: Workspace,
    slug: str,
    selection: Selection,
    moment: datetime,
    *,
    passing: Sequence[str] = (),
    because: str = "",
    again: bool | None = None,
    attach_pdf: bool = False,
    follows_links: bool = False,
    language: str = "",
) -> Proved:
    """Prove a release for whom a selection names; a follow-up, where it names no list, for whoever may be reminded.

    Findings whose code is in `passing` are let pass, unlogged as yet. With `again` False, who has an earlier version of
    the release is left out. `follows_links` asks the web about each link. Findings are told in `language`, or that of
    the settings. Raises `BadInput` for a code that the proof does not find, or that nobody can let pass.
    """
    with workspace.database.session(reads_only=True) as session:
        versions = versions_to_send(session, store.find_release(session, slug))
        require_followed(versions[0].release)
        if versions[0].release.follows_up_id is not None:
            choosing = Choosing(moment, workspace.settings.timezone, selection)
            shares = divide(follow_up_of(workspace, session, versions[0].release, choosing), versions)
        else:
            shares = share_out_to(workspace, session, versions, selection, again=again)
        proved = [
            _prove_version(
                workspace,
                session,
                share,
                shares.everyone,
                moment,
                attach_pdf=attach_pdf,
                follows_links=follows_links,
                language=language,
            )
            for share in shares.parts
        ]
    check_codes(passing, {finding.code for one in proved for finding in one.result.findings})
    first, *others = (let_pass(one, passing, because) for one in proved)
    return replace(first, translations=tuple(others))


def follow_up_of(workspace: Workspace, session: Session, release: ReleaseRow, choosing: Choosing) -> Manifest:
    """Whom a follow-up goes to; raises as `make_follow_up_manifest` does."""
    followed = session.get_one(ReleaseRow, release.follows_up_id)
    return make_follow_up_manifest(session, followed, workspace.keyring, choosing)


def share_out_to(
    workspace: Workspace,
    session: Session,
    versions: Sequence[StoredRelease],
    selection: Selection,
    *,
    again: bool | None = None,
) -> Shares:
    """Who gets which version; with `again` False without those who have an earlier one of it."""
    keyring = workspace.keyring
    names = selection.lists
    manifest = make_manifest(
        session,
        versions[0].version,
        [one.slug for one in press_lists.lists(session, keyring)] if names is None else names,
        selection.excluded,
        keyring,
        only_names=selection.only,
        where=selection.where,
        sectors=[one.version.sector for one in versions],
    )
    shares = share_out(session, manifest, versions)
    if again is not False:
        return shares
    earlier = [
        one for share in shares.parts for one in find_earlier(session, share.stored.version, share.manifest.recipients)
    ]
    return divide(without(shares.everyone, earlier), versions)


def _prove_version(
    workspace: Workspace,
    session: Session,
    share: Share,
    everyone: Manifest,
    moment: datetime,
    *,
    attach_pdf: bool,
    follows_links: bool,
    language: str,
) -> Proved:
    """Prove one language version for those who get it, every one of their messages written strictly."""
    stored, manifest = share.stored, share.manifest
    opened = open_composer(workspace, session, stored, pdf_of=moment if attach_pdf else None)
    ends, early = early_readers(session, stored, moment)
    failures = render_all(
        opened.composer,
        manifest.recipients,
        opened.identity,
        workspace.keyring,
        date_of=lambda planned: moment if planned.contact_id in early else max(moment, ends or moment),
    )
    result = prove_texts(
        workspace,
        session,
        stored,
        opened=opened,
        manifest=manifest,
        failures=failures,
        moment=moment,
        follows_links=follows_links,
        language=language,
    )
    earlier = find_earlier(session, stored.version, manifest.recipients)
    return Proved(stored, manifest, result, tuple(earlier), opened, everyone)


def let_pass(proved: Proved, passing: Sequence[str], because: str) -> Proved:
    """The same with its findings of these codes let pass, unlogged as yet."""
    asked = {
        finding: override(finding, because=because.strip(), actor=actor(), at=clock.now())
        for finding in proved.result.findings
        if finding.code in passing
    }
    return replace(proved, result=replace(proved.result, passed={**proved.result.passed, **asked}))


def prove_texts(
    workspace: Workspace,
    session: Session,
    stored: StoredRelease,
    *,
    opened: Opened,
    manifest: Manifest,
    failures: list[RenderFailure],
    moment: datetime,
    follows_links: bool,
    language: str,
    corrects: Corrects | None = None,
) -> ProofResult:
    """What the proof says of one language version, whose messages were written but for `failures`.

    `corrects` is what it looks at in a correction; findings are told in `language`, or that of the settings.
    """
    circumstances = _look_around(workspace, stored, opened, manifest, moment, follows_links=follows_links)
    return prove(
        session,
        stored,
        failures,
        manifest,
        send_at=moment,
        timezone=workspace.settings.timezone,
        circumstances=replace(circumstances, corrects=corrects),
        language=language or workspace.settings.language,
    )


def _look_around(
    workspace: Workspace,
    stored: StoredRelease,
    opened: Opened,
    manifest: Manifest,
    moment: datetime,
    *,
    follows_links: bool,
) -> Circumstances:
    """What the proof is told beside the words: a message as it would leave, its files, the web's and the DNS's say."""
    identity, settings = opened.identity, workspace.settings
    first = manifest.recipients[0].recipient if manifest.recipients else Recipient(kept_address(identity.from_address))
    from distributor.doctor.sender import ask_about_sender  # noqa: PLC0415 - most that comes by here proves nothing

    links: list[LinkAnswer] = []
    if follows_links:
        from distributor.releases.linkcheck import follow_links  # noqa: PLC0415 - the web is seldom asked

        links = follow_links(web_links(store.draft_of(stored.version)))
    return Circumstances(
        organisation=settings.organisation or (settings.mail_from.name if settings.mail_from else ""),
        files=sent_files(opened.attachments),
        message=sample_message(opened.composer, first, identity.sample_stamp(workspace.keyring, moment)),
        links=links,
        sender=ask_about_sender(workspace.database, settings),
        quiet=settings.quiet_hours,
    )


def log_overrides(workspace: Workspace, proved: Proved, codes: Sequence[str]) -> None:
    """Log the overrides of these codes, as `prove_release` made them: each for the version in which it was found."""
    with workspace.database.session() as session:
        for one in proved.versions:
            let_pass = [passed for passed in one.result.passed.values() if passed.code in codes]
            overrides.record(session, one.stored.version, let_pass)


def require_reason(codes: Sequence[str], because: str) -> None:
    """Raise `BadInput` for an override that gives no reason, or the dots that stand for one in our own hints."""
    if codes and not any(char.isalnum() for char in because):
        raise BadInput("An override wants its reason.", field="--because", mend='Add: --because "…"')


def check_codes(codes: Sequence[str], found: set[str]) -> None:
    """Raise `BadInput` for a code that the proof did not find, or that nobody can let pass."""
    for code in codes:
        if code not in found:
            listed = ", ".join(sorted(found)) or "nothing"
            raise BadInput(f"The proof finds no «{code}» here (it finds: {listed}).", field="--override")
        if code in NEVER_PASSED:
            raise BadInput(NEVER_PASSED[code], field="--override", mend="Mend what the proof names.")


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """The instant that `text` names in the workspace's zone (now, if empty); raises as `read_instant`."""
    return read_instant(text, zone, clock.now()) if text else clock.now()
