"""Proving from the command line: which recipients, at which moment, with which overrides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from distributor import clock
from distributor.addresses import kept_address
from distributor.cli.output import console
from distributor.contacts import press_lists
from distributor.dispatch.composing import Identity, make_composer, read_attachments
from distributor.dispatch.manifest import Manifest, make_manifest
from distributor.dispatch.preflight import ProofResult, prove, render_all
from distributor.errors import BadInput
from distributor.releases import store
from distributor.releases.store import StoredRelease
from distributor.rendering.composer import Composer
from distributor.settings import Mailbox, Settings
from distributor.wiring import Workspace, actor


@dataclass(frozen=True, slots=True)
class Proved:
    """A release with its manifest and what the proof says of both; `rendered` recipients were written strictly."""

    stored: StoredRelease
    manifest: Manifest
    result: ProofResult
    composer: Composer
    identity: Identity

    @property
    def rendered(self) -> int:
        """How many recipients' messages were written."""
        return len(self.manifest.recipients)


def prove_release(
    workspace: Workspace,
    slug: str,
    lists: Sequence[str] | None,
    moment: datetime,
    excluded: Sequence[str] = (),
    *,
    passing: Sequence[str] = (),
) -> Proved:
    """Prove a release for the members of some lists (None: of every list); `passing` codes are let pass unlogged."""
    with workspace.database.session(reads_only=True) as session:
        stored = store.find_release(session, slug)
        names = [one.slug for one in press_lists.lists(session)] if lists is None else lists
        manifest = make_manifest(session, stored.version, names, excluded, workspace.keyring)
        identity, composer = open_composer(workspace, session, stored)
        failures = render_all(composer, manifest.recipients, identity, workspace.keyring, date=moment)
        result = prove(session, stored, failures, send_at=moment, timezone=workspace.settings.timezone)
    _check_codes(passing, {finding.code for finding in result.findings})
    result = replace(result, overridden=result.overridden | set(passing))
    return Proved(stored, manifest, result, composer, identity)


def open_composer(
    workspace: Workspace, session: Session, stored: StoredRelease, *, is_test: bool = False
) -> tuple[Identity, Composer]:
    """The sender as the settings name it now, and a composer for this release with the workspace's templates.

    Where no sender is set yet, one that nobody could take for real stands in: enough to prove and preview with.
    """
    settings = workspace.settings
    identity = Identity.from_settings(settings) if settings.mail_from else _stand_in(settings)
    composer = make_composer(
        stored.version,
        stored.release.slug,
        identity,
        workspace.templates,
        attachments=read_attachments(workspace.path, store.attachments_of(session, stored.version)),
        timezone=workspace.settings.timezone,
        is_test=is_test,
    )
    return identity, composer


def _stand_in(settings: Settings) -> Identity:
    console(stderr=True).print("No sender is set yet (DISTRIBUTOR_MAIL_FROM); a stand-in is shown.")
    mailbox = Mailbox("Sender to be set", kept_address("sender@to-be-set.invalid"))
    return Identity.from_settings(replace(settings, mail_from=mailbox))


def override_findings(
    workspace: Workspace,
    slug: str,
    codes: Sequence[str],
    *,
    because: str,
    moment: datetime,
    lists: Sequence[str] | None,
) -> None:
    """Log the overrides asked for; `BadInput` for a code the proof does not find, or one without a reason."""
    if not codes:
        return
    require_reason(codes, because)
    proved = prove_release(workspace, slug, lists, moment)
    _check_codes(codes, {finding.code for finding in proved.result.findings})
    with workspace.database.session() as session:
        stored = store.find_release(session, slug)
        for code in codes:
            store.record_override(session, stored.version, code, because=because.strip(), actor=actor())


def require_reason(codes: Sequence[str], because: str) -> None:
    """Raise `BadInput` for an override that gives no reason."""
    if codes and not because.strip():
        raise BadInput("An override wants its reason.", field="--because", mend='Add: --because "…"')


def _check_codes(codes: Sequence[str], found: set[str]) -> None:
    for code in codes:
        if code not in found:
            listed = ", ".join(sorted(found)) or "nothing"
            raise BadInput(f"The proof finds no «{code}» here (it finds: {listed}).", field="--override")
        if code == "undefined-field":
            raise BadInput(
                "A message that cannot be written cannot be sent.", field="--override", mend="Mend the field."
            )


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """The instant that `text` names in the workspace's zone (now, if empty)."""
    if not text:
        return clock.now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"«{text}» is no time.", field="--at", mend="Write it as: 2026-12-01 18:00") from None
    return clock.require_aware(moment if moment.tzinfo else moment.replace(tzinfo=zone))
