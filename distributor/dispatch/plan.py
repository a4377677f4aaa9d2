"""From a proved manifest to a dispatch in the ledger: one transaction, all or nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from distributor.addresses import Address
from distributor.db.engine import Database
from distributor.deliveries.conditions import OBJECTED
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.composing import FOLLOWS, Identity, merge_of
from distributor.dispatch.fairness import interleave
from distributor.dispatch.instants import AT_ONCE, Hours
from distributor.dispatch.languages import find_holders
from distributor.dispatch.manifest import LeftOutReason, Manifest, PlannedRecipient
from distributor.dispatch.provenance import require_provenance
from distributor.dispatch.waves import PlannedWave, meant_by
from distributor.errors import BadInput, Refused
from distributor.folding import slugify
from distributor.models import Account, Audit, Dispatch, Release, ReleaseVersion
from distributor.releases.attachments import KeptFile
from distributor.releases.inforce import embargo_of
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import Recipient
from distributor.states import DeliveryState, DispatchState

DEFAULT_ACCOUNT = "default"


def plan_dispatch(
    session: Session,
    log: DeliveryLog,
    version: ReleaseVersion,
    manifest: Manifest,
    *,
    identity: Identity,
    templates: TemplateSet,
    now: datetime,
    files: Sequence[KeptFile] = (),
    hours: Hours = AT_ONCE,
    waves: Sequence[PlannedWave] = (),
    follows: Mapping[str, Sequence[str]] | None = None,
) -> int:
    """Write a dispatch and a delivery for everyone on the manifest, in the session's transaction; return its number.

    Those who objected are written too, as `withheld`, so that the report can say so. Raises `Refused`, and plans
    nothing, when another command has planned this version for one of these journalists since the manifest was made, and
    as `require_provenance` does. `files` go with it beside the release's own; nothing of it leaves before its hour.
    Each recipient leaves with the first of `waves` that means them, and not before the end of the embargo unless they
    have agreed to it. A message stands under those that it `follows`, by address.
    """
    require_provenance(session, manifest.recipients)
    _require_no_holder(session, version, manifest)
    dispatch = _dispatch(session, version, identity, templates, now, files=files)
    dispatch.lists = list(manifest.lists)
    dispatch.excluded_lists = list(manifest.excluded_lists)
    dispatch.manifest_hash = manifest.digest
    dispatch.scheduled_at, dispatch.not_after = hours.start, hours.not_after
    if hours.start is not None:  # until it starts, what it would bear were it on time
        dispatch.message_date = hours.start.replace(microsecond=0)
    session.add(dispatch)
    session.flush()
    assert dispatch.id is not None
    session.add_all(wave.as_row(dispatch.id) for wave in waves)
    session.flush()
    try:
        rows, until = _rows(dispatch.id, version, manifest, identity, now), embargo_of(session, version)
        log.plan(session.connection(), _timed(_threaded(rows, follows or {}), manifest, waves, until))
    except IntegrityError as error:
        if "release_version_id" not in str(error.orig):
            raise
        raise _planned_elsewhere() from error
    return dispatch.id


def _require_no_holder(session: Session, version: ReleaseVersion, manifest: Manifest) -> None:
    """Raise `Refused` when somebody has been planned the release in another language since the manifest was made.

    The unique index knows one version only. The row of the original stands for all: whoever plans one of them holds it.
    """
    release = session.get(Release, version.release_id)
    assert release is not None, "a foreign key holds it"
    session.get(Release, release.translates_id or release.id, with_for_update=True, populate_existing=True)
    if find_holders(session, version, manifest.recipients):
        raise _planned_elsewhere()


def _planned_elsewhere() -> Refused:
    return Refused(
        "Another command has just planned this release for some of the same journalists; nothing was planned here.",
        mend="Run the same command again: it leaves out who has the release.",
    )


def plan_test(
    session: Session,
    log: DeliveryLog,
    version: ReleaseVersion,
    *,
    recipient: Recipient,
    address: Address,
    address_hash: str,
    identity: Identity,
    templates: TemplateSet,
    now: datetime,
    files: Sequence[KeptFile] = (),
) -> int:
    """Write a dispatch of one test message: what `recipient` would get, sent to `address`, kept out of reports."""
    dispatch = _dispatch(session, version, identity, templates, now, files=files)
    dispatch.is_test = True
    session.add(dispatch)
    session.flush()
    assert dispatch.id is not None
    planned = PlannedRecipient(
        contact_id=0,
        address=address,
        address_hash=address_hash,
        recipient=recipient,
        outlet_kind="",
        sector=recipient.sector,
        sector_slug="",
        lists=recipient.lists,
    )
    row = _row(dispatch.id, version, planned, identity, now) | {"contact_id": None}
    row |= {"embargo_until": embargo_of(session, version)}
    log.plan(session.connection(), [row])
    return dispatch.id


def _dispatch(
    session: Session,
    version: ReleaseVersion,
    identity: Identity,
    templates: TemplateSet,
    now: datetime,
    *,
    files: Sequence[KeptFile],
) -> Dispatch:
    account = session.exec(select(Account).where(Account.name == DEFAULT_ACCOUNT)).one_or_none()
    if account is None:
        account = Account(name=DEFAULT_ACCOUNT)
        session.add(account)
        session.flush()
    assert version.id is not None
    assert account.id is not None
    return Dispatch(
        release_version_id=version.id,
        account_id=account.id,
        template_hash=templates.digest(),
        templates=templates.sources(),
        identity=asdict(identity),
        files=[asdict(file) for file in files],
        message_date=now.replace(microsecond=0),
        created_at=now,
    )


def _rows(
    dispatch_id: int, version: ReleaseVersion, manifest: Manifest, identity: Identity, now: datetime
) -> Iterator[Mapping[str, Any]]:
    # Claims go by number, so the order of the numbers is the order of sending, whoever carries it.
    fair = interleave(manifest.recipients, lambda one: one.address.domain, lambda one: one.sector_slug)
    for planned in fair:
        yield _row(dispatch_id, version, planned, identity, now)
    seen = {planned.address.key for planned in manifest.recipients}
    for left_out in manifest.left_out:
        planned = left_out.planned
        if left_out.reason == LeftOutReason.OBJECTION and planned.address.key not in seen:
            seen.add(planned.address.key)
            withheld = {"state": DeliveryState.WITHHELD, "reason": OBJECTED}
            yield _row(dispatch_id, version, planned, identity, now) | withheld


def _threaded(rows: Iterator[Mapping[str, Any]], follows: Mapping[str, Sequence[str]]) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        found = follows.get(row["address_key"])
        yield {**row, "merge": {**row["merge"], FOLLOWS: list(found)}} if found else row


def _timed(
    rows: Iterator[Mapping[str, Any]], manifest: Manifest, waves: Sequence[PlannedWave], embargo_until: datetime | None
) -> list[Mapping[str, Any]]:
    """The rows with the time before which they do not leave, wave by wave, for the order is that of the sending."""
    wave_of = {one.address.key: meant_by(waves, one) for one in manifest.recipients} if waves else {}
    timed = []
    for row in rows:
        wave = wave_of.get(row["address_key"])
        when = {"wave": wave.number, "not_before": wave.starts_at} if wave else {"wave": 0, "not_before": None}
        timed.append({**row, **when, "embargo_until": embargo_until})
    return sorted(timed, key=lambda row: row["wave"])


def _row(
    dispatch_id: int, version: ReleaseVersion, planned: PlannedRecipient, identity: Identity, now: datetime
) -> dict[str, Any]:
    return {
        "dispatch_id": dispatch_id,
        "release_version_id": version.id,
        "contact_id": planned.contact_id,
        "address": planned.address.spec,
        "address_key": planned.address.key,
        "address_hash": planned.address_hash,
        "domain": planned.address.domain,
        "name": planned.recipient.name,
        "outlet": planned.recipient.outlet,
        "outlet_kind": planned.outlet_kind,
        "sector": planned.sector,
        "sector_slug": planned.sector_slug,
        "release_sector_slug": slugify(version.sector),
        "language": planned.recipient.language,
        "lists": list(planned.lists),
        "merge": merge_of(planned.recipient),
        "message_id": f"<{secrets.token_hex(12)}.{dispatch_id}@{identity.domain}>",
        "state": DeliveryState.QUEUED,
        "reason": "",
        "updated_at": now,
    }


def check_cancellable(dispatch_id: int, state: str) -> None:
    """Raise `BadInput` for a dispatch that has nothing left to cancel."""
    if state == DispatchState.DONE:
        raise BadInput(
            f"Dispatch {dispatch_id} is done: nobody waits any more, and what has left has left.",
            mend=f"See: distributor report {dispatch_id}",
        )
    if state == DispatchState.CANCELLED:
        raise BadInput(f"Dispatch {dispatch_id} is cancelled already.", mend=f"See: distributor report {dispatch_id}")


def cancel_dispatch(database: Database, log: DeliveryLog, dispatch_id: int, actor: str) -> int:
    """Cancel a dispatch: whoever waits is withheld; return how many. What is on the wire is finished and recorded.

    Another command that carries it begins no further message. Raises `BadInput` for one that is done or cancelled.
    """
    with database.session() as session:
        dispatch = session.get(Dispatch, dispatch_id, with_for_update=True)
        assert dispatch is not None, "the caller has found it"
        check_cancellable(dispatch_id, dispatch.state)
        dispatch.state = DispatchState.CANCELLED
        session.add(dispatch)
        session.add(Audit(actor=actor, action="dispatches.cancel", subject=str(dispatch_id)))
    return log.withhold(dispatch_id, "cancelled")
