"""Everything that is proved before anything leaves: the release's words, and every recipient's message, strictly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.proof import overrides
from distributor.dispatch.proof.examining import Circumstances, audience_of
from distributor.dispatch.proof.overrides import Override
from distributor.dispatch.recipients.manifest import Manifest
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.releases import store
from distributor.releases.corrections import begun_correction
from distributor.releases.findings import Finding, Level, ProofSubject, RenderFailure
from distributor.releases.inforce import embargo_of, holding
from distributor.releases.proof import proof
from distributor.releases.store import StoredRelease
from distributor.releases.translations import original_of
from distributor.rendering.composer import Composer, RenderError
from distributor.rendering.values import Stamp
from distributor.tokens import Keyring


@dataclass(frozen=True, slots=True)
class ProofResult:
    """What the proof found, and which of it somebody has let pass by name."""

    findings: tuple[Finding, ...]
    passed: Mapping[Finding, Override]

    @property
    def stops(self) -> list[Finding]:
        """What holds the send back."""
        return [one for one in self.findings if one.level == Level.STOP and one not in self.passed]


def render_all(
    composer: Composer,
    recipients: Iterable[PlannedRecipient],
    identity: Identity,
    keyring: Keyring,
    *,
    date_of: Callable[[PlannedRecipient], datetime],
) -> list[RenderFailure]:
    """Render every recipient's message, strictly, and keep none; return those that could not be written.

    `date_of` says when it leaves: at the end of an embargo it reads otherwise than before.
    """
    failures = []
    stamps: dict[datetime, Stamp] = {}
    for planned in recipients:
        date = date_of(planned)
        if date not in stamps:
            stamps[date] = identity.sample_stamp(keyring, date)
        try:
            composer.check(planned.recipient, stamps[date])
        except RenderError as error:
            failures.append(RenderFailure(str(planned.recipient), error.reason, error.line, error.template))
    return failures


def early_readers(session: Session, stored: StoredRelease, moment: datetime) -> tuple[datetime | None, frozenset[int]]:
    """The end of the embargo that a release is under at `moment`, if any, and the contacts who may have it before."""
    ends = embargo_of(session, stored.version)
    if ends is None or ends <= moment:
        return None, frozenset()
    return ends, holding(session, original_of(session, stored.release))


def prove(
    session: Session,
    stored: StoredRelease,
    failures: list[RenderFailure],
    manifest: Manifest,
    *,
    send_at: datetime,
    timezone: ZoneInfo,
    circumstances: Circumstances,
    language: str = "en",
) -> ProofResult:
    """Run every rule of the proof on a release version about to leave at `send_at`, to the people of `manifest`.

    Findings are told in `language`.
    """
    version = stored.version
    subject = ProofSubject(
        draft=replace(
            store.draft_of(version, store.attachments_of(session, version)),
            embargo_until=embargo_of(session, version),
        ),
        source=version.source,
        send_at=send_at,
        timezone=timezone,
        render_failures=failures,
        organisation=circumstances.organisation,
        files=circumstances.files,
        message=circumstances.message,
        links=circumstances.links,
        sender=circumstances.sender,
        corrects=circumstances.corrects,
        being_corrected=begun_correction(session, stored.release),
        audience=audience_of(session, version, manifest),
        quiet=circumstances.quiet,
    )
    findings = proof(subject, language)
    return ProofResult(tuple(findings), overrides.passed(findings, overrides.standing(session, version)))
