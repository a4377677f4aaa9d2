"""From a proved manifest to a dispatch in the ledger: one transaction, all or nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from distributor.account_settings import DEFAULT_ACCOUNT
from distributor.addresses import Address
from distributor.db.pieces import AS_ONE_LIST, in_pieces
from distributor.db.prepared import among
from distributor.deliveries.conditions import is_meant
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.accounts.named import account_id
from distributor.dispatch.hours.instants import AT_ONCE, Hours
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.messages.merge_fields import FOLLOWS, merge_of
from distributor.dispatch.overtaken import require_uncorrected
from distributor.dispatch.recipients.holdings import find_holdings, held_by
from distributor.dispatch.recipients.languages import find_holders
from distributor.dispatch.recipients.manifest import ON_RECORD, LeftOutReason, Manifest
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.dispatch.recipients.provenance import require_provenance
from distributor.dispatch.recipients.roll import Roll
from distributor.dispatch.recipients.waves import PlannedWave, meant_by
from distributor.dispatch.signoff.signoffs import Signature
from distributor.errors import Refused
from distributor.folding import slugify
from distributor.models import Contact, Delivery, Dispatch, LeftOut, Release, ReleaseVersion
from distributor.releases.attachments import KeptFile
from distributor.releases.inforce import embargo_of
from distributor.releases.kinds import ReleaseKind
from distributor.releases.translations import original_of
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import Recipient
from distributor.states import DeliveryState

_QUEUED = DeliveryState.QUEUED.value


def new_dispatch(
    session: Session,
    version: ReleaseVersion,
    identity: Identity,
    templates: TemplateSet,
    now: datetime,
    *,
    files: Sequence[KeptFile] = (),
    account: str = DEFAULT_ACCOUNT,
    then: str = "",
    signatures: Sequence[Signature] = (),
    hours: Hours = AT_ONCE,
    correction: Mapping[str, Any] | None = None,
) -> Dispatch:
    """A dispatch, planned at `now` and not added yet, with all that its messages are made from.

    `files` go with it beside the release's own; `signatures` are those that hold. It goes through `account`; when that
    is refused, the account `then` takes over. Nothing of it leaves before its hour. `correction` is what it says, if it
    is one.
    """
    assert version.id is not None
    return Dispatch(
        release_version_id=version.id,
        account_id=account_id(session, account),
        then_account_id=account_id(session, then) if then else None,
        template_hash=templates.digest(),
        templates=templates.sources(),
        identity=asdict(identity),
        files=[asdict(file) for file in files],
        correction=dict(correction or {}),
        sign_offs=[one.as_json() for one in signatures],
        signed_off_by=", ".join(one.name for one in signatures),
        scheduled_at=hours.start,
        not_after=hours.not_after,
        message_date=(hours.start or now).replace(microsecond=0),  # until it starts, what it would bear were it on time
        created_at=now,
    )


def plan_dispatch(
    session: Session, log: DeliveryLog, dispatch: Dispatch, manifest: Manifest, waves: Sequence[PlannedWave] = ()
) -> int:
    """Write a dispatch and a delivery for everyone on the manifest, in the session's transaction; return its number.

    Those who objected are written too, as `withheld`, so that the report can say so. Raises `Refused`, and plans
    nothing, when another command has planned this version for one of these journalists since the manifest was made, or
    has merged or erased one of them, and as `require_provenance` does. Each recipient leaves with the first of `waves`
    that means them, and not before the end of the embargo unless they have agreed to it.
    """
    version = session.get_one(ReleaseVersion, dispatch.release_version_id)
    require_provenance(session, manifest.recipients.contact_ids())
    require_uncorrected(session, version.release_id)
    _require_no_holder(session, version, manifest)
    dispatch.lists = list(manifest.lists)
    dispatch.excluded_lists = list(manifest.excluded_lists)
    dispatch.manifest_hash = manifest.digest
    number = add_dispatch(session, dispatch)
    followed = _followed(session, version)
    session.add_all(wave.as_row(number) for wave in waves)
    session.flush()
    try:
        common = {"follows_up_id": followed, "embargo_until": embargo_of(session, version)}
        log.plan(session.connection(), _rows(dispatch, version, manifest, waves, common))
    except IntegrityError as error:
        if "foreign key" in str(error.orig).lower():
            raise _changed_meanwhile() from error
        if not any(name in str(error.orig) for name in ("release_version_id", "follows_up_id")):
            raise
        raise _planned_elsewhere() from error
    # Asked behind the rows: whoever merges now waits for them.
    if are_others(session, version, manifest.recipients, but=number):
        raise _changed_meanwhile()
    session.add_all(_left_out(number, manifest))
    return number


def add_dispatch(session: Session, dispatch: Dispatch) -> int:
    """Write the row of a new dispatch, without deliveries; return its number."""
    session.add(dispatch)
    session.flush()
    assert dispatch.id is not None
    return dispatch.id


def _left_out(dispatch_id: int, manifest: Manifest) -> Iterator[LeftOut]:
    """Who on the lists does not get it, and why; not those who get another version, on a dispatch beside this one."""
    for one in manifest.left_out:
        if one.reason != LeftOutReason.OTHER_VERSION:
            yield LeftOut(
                dispatch_id=dispatch_id,
                contact_id=one.planned.contact_id,
                reason=one.reason,
                because=one.because,
                lists=list(one.planned.lists),
            )


def _followed(session: Session, version: ReleaseVersion) -> int | None:
    """Of a follow-up, the number of the original that it reminds of: whoever has another language counts as well.

    Raises `Refused` for a follow-up of no release that we know: nothing would keep it from being sent twice.
    """
    release = session.get_one(Release, version.release_id)
    require_followed(release)
    followed = session.get(Release, release.follows_up_id) if release.follows_up_id else None
    return original_of(session, followed).id if followed else None


def require_followed(release: Release) -> None:
    """Raise `Refused` for a release that calls itself a follow-up, and of which it is not known what it follows up."""
    if release.kind == ReleaseKind.FOLLOW_UP and release.follows_up_id is None:
        raise Refused(
            f"«{release.slug}» is a follow-up, and it is not known of which release; nothing was sent.",
            mend="Make it of the release that was sent: distributor releases follow-up SLUG FILE",
        )


def _require_no_holder(session: Session, version: ReleaseVersion, manifest: Manifest) -> None:
    """Raise `Refused` when somebody has been planned the release in another language since the manifest was made.

    The unique index knows one version only. The row of the original stands for all: whoever plans one of them holds it.
    """
    release = session.get_one(Release, version.release_id)
    session.get(Release, release.translates_id or release.id, with_for_update=True, populate_existing=True)
    if find_holders(session, version, manifest.recipients):
        raise _planned_elsewhere()


def are_others(session: Session, version: ReleaseVersion, recipients: Roll, but: int | None = None) -> bool:
    """Whether one of these journalists is not who they were when the manifest was made: they would get it twice.

    They were erased, or merged into another one; or somebody who stands on a dispatch of this version `but` that one
    was merged into them, or is reached at the same address.
    """
    own = among(Contact.__table__.c.id, "ids", session.connection().dialect)
    standing = select(func.count(col(Contact.id))).where(own, col(Contact.same_as_id).is_(None))
    for piece in in_pieces(recipients.contact_ids(), AS_ONE_LIST):
        if session.scalar(standing, {"ids": piece}) != len(piece):
            return True
    elsewhere = (col(Delivery.release_version_id) == version.id) & (col(Delivery.dispatch_id) != (but or 0))
    return bool(held_by(find_holdings(session, elsewhere & is_meant()), recipients))


def _changed_meanwhile() -> Refused:
    return Refused(
        "Another command has just merged, erased or sent to one of these journalists; nothing was planned here.",
        mend="Run the same command again.",
    )


def _planned_elsewhere() -> Refused:
    return Refused(
        "Another command has just planned this release for some of the same journalists; nothing was planned here.",
        mend="Run the same command again: it leaves out who has the release.",
    )


def plan_test(
    session: Session, log: DeliveryLog, dispatch: Dispatch, recipient: Recipient, address: Address, *, address_hash: str
) -> int:
    """Write a new dispatch of one test message: what `recipient` would get, sent to `address`, kept out of reports."""
    version = session.get_one(ReleaseVersion, dispatch.release_version_id)
    dispatch.is_test = True
    number = add_dispatch(session, dispatch)
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
    row = delivery_row(number, version, planned, Identity.thaw(dispatch.identity), dispatch.created_at)
    log.plan(session.connection(), [row | {"contact_id": None, "embargo_until": embargo_of(session, version)}])
    return number


def _rows(
    dispatch: Dispatch,
    version: ReleaseVersion,
    manifest: Manifest,
    waves: Sequence[PlannedWave],
    common: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    """The rows of a dispatch, wave by wave, with what all have in `common`: claims go by number, in this order."""
    assert dispatch.id is not None
    row_of = partial(
        delivery_row, dispatch.id, version, identity=Identity.thaw(dispatch.identity), now=dispatch.created_at
    )
    at_once = {**common, "wave": 0, "not_before": None}
    for wave in waves or (None,):
        when = {**common, "wave": wave.number, "not_before": wave.starts_at} if wave else at_once
        for planned in manifest.recipients.in_fair_order():
            if wave is None or meant_by(waves, planned) is wave:
                yield row_of(planned) | when
    seen: set[str] = set()
    for left_out in manifest.left_out:
        key = left_out.planned.address.key
        if left_out.reason in ON_RECORD and key not in seen and manifest.recipients.at(key) is None:
            seen.add(key)
            withheld = {"state": DeliveryState.WITHHELD, "reason": ON_RECORD[left_out.reason]}
            yield row_of(left_out.planned) | at_once | withheld


def delivery_row(
    dispatch_id: int, version: ReleaseVersion, planned: PlannedRecipient, identity: Identity, now: datetime
) -> dict[str, Any]:
    """The row of one recipient: `queued`, with a Message-ID of its own and all that its message is made from."""
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
        "lists": _listed(planned.lists),
        "merge": merge_of(planned.recipient) | ({FOLLOWS: [planned.in_reply_to]} if planned.in_reply_to else {}),
        "message_id": f"<{secrets.token_hex(12)}.{dispatch_id}@{identity.domain}>",
        "state": _QUEUED,
        "reason": "",
        "updated_at": now,
    }


@lru_cache(maxsize=64)
def _listed(lists: tuple[str, ...]) -> list[str]:
    """The same list for all who stand on the same ones: what rows have in common is written once."""
    return list(lists)
