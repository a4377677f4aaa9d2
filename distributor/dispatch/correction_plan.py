"""The plan of a correction, in the ledger: the wrong text is held back and the right one planned in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

from sqlmodel import Session

from distributor.account_settings import DEFAULT_ACCOUNT
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.calling import CORRECTED_BY, WITHDRAWN_BY, end_dispatches, unfinished
from distributor.dispatch.messages.composing import Notice
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.messages.merge_fields import CORRECTS
from distributor.dispatch.messages.notices import freeze
from distributor.dispatch.overtaken import require_not_overtaken
from distributor.dispatch.plan import add_dispatch, are_others, delivery_row, new_dispatch
from distributor.dispatch.recipients.correcting import COMPLAINED, Copy, Correcting, Meant, who_gets
from distributor.dispatch.recipients.fairness import interleave
from distributor.dispatch.recipients.manifest import ON_RECORD, LeftOutRecipient
from distributor.dispatch.recipients.newcomers import holders
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.dispatch.recipients.provenance import require_provenance
from distributor.dispatch.recipients.roll import Roll
from distributor.dispatch.recipients.waited import cut_offs_of, hours_of, waiting_of
from distributor.dispatch.signoff.signoffs import Signature
from distributor.models import Audit, Release, Wave
from distributor.releases.attachments import KeptFile
from distributor.releases.corrections import chain_to, read_links
from distributor.releases.inforce import embargo_of
from distributor.releases.kinds import ReleaseKind
from distributor.releases.store import StoredRelease
from distributor.rendering.templates import TemplateSet
from distributor.states import ELSEWHERE, DeliveryState
from distributor.tokens import Keyring


class Moved(Exception):
    """Who has what has changed since it was proved: the wrong text was taken meanwhile, or somebody objected."""


@dataclass(frozen=True, slots=True)
class CorrectionPart:
    """One language version of a correction, all who get it and what it says to them (`told`: by dispatch).

    `added` have no text of the chain and get this one as a first, from `lists`. Whoever has not left by `not_after` is
    withheld: a part of its own, of those who waited for the wrong text until then.
    """

    stored: StoredRelease
    meant: tuple[Meant, ...]
    phone: tuple[tuple[Meant, LeftOutRecipient], ...]
    silent: tuple[LeftOutRecipient, ...]
    identity: Identity
    files: tuple[KeptFile, ...]
    plain: Notice
    told: Mapping[int, Notice]
    added: tuple[PlannedRecipient, ...] = ()
    copies: tuple[Copy, ...] = ()
    not_after: datetime | None = None
    lists: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """What planning came to: the dispatches of the correction, those it ended, and how many waited on them."""

    dispatch_ids: tuple[int, ...]
    ended: tuple[int, ...]
    withheld: int


def wrong_dispatches(session: Session, release_id: int) -> list[int]:
    """The dispatches, not yet at their end, of the texts that a release corrects."""
    steps = chain_to(read_links(session), release_id)
    wrong = [link.id for step in steps[:-1] for link in step]
    return unfinished(session, wrong, doubtful=True)


def plan_correction(
    session: Session,
    log: DeliveryLog,
    parts: Sequence[CorrectionPart],
    proved: Correcting,
    *,
    keyring: Keyring,
    templates: TemplateSet,
    actor: str,
    now: datetime,
    account: str = DEFAULT_ACCOUNT,
    signatures: Sequence[Signature] = (),
) -> Planned:
    """End the dispatches of the wrong text, and plan the correction, in the session's transaction.

    Whoever waited on them is withheld there and stands on the correction instead. Raises `Moved`, for the whole to be
    rolled back, when somebody would get something else than was proved.
    """
    versions = [part.stored for part in parts]
    first = versions[0]
    assert first.release.id is not None, "it was read"
    steps = chain_to(read_links(session), first.release.id)
    for link in sorted({link.id for step in steps for link in step}):  # whoever plans one of them waits here
        session.get(Release, link, with_for_update=True, populate_existing=True)
    require_not_overtaken(session, first.release)
    ended = wrong_dispatches(session, first.release.id)
    words = WITHDRAWN_BY if first.version.kind == ReleaseKind.RETRACTION else CORRECTED_BY
    withheld = end_dispatches(session, log, ended, f"{words}«{first.release.slug}»", actor)
    # Read only now: what could still leave is held, and what is on the wire is known to be.
    if who_gets(session, versions, keyring, now).standing != proved.standing:
        raise Moved
    added = Roll(one for part in parts for one in part.added)
    if holders(session, first.release, added, now) or are_others(session, first.version, added):
        raise Moved
    owners = (one.planned.contact_id for one in proved.meant if one.holding.owner is not None)
    require_provenance(session, chain(added.contact_ids(), owners))
    numbers = [
        _plan_part(session, log, part, templates, now, account=account, signatures=signatures)
        for number, part in enumerate([one for part in parts for one in _by_cut_off(session, part)])
        if part.meant
        or part.added
        or part.phone
        or part.silent
        or (number == 0 and ended and not proved.meant and not proved.done)
    ]
    details = {"dispatches": numbers, "ended": ended, "withheld": withheld, "phone": len(proved.phone)}
    session.add(Audit(actor=actor, action="send.correction", subject=first.release.slug, details=details))
    return Planned(tuple(numbers), tuple(ended), withheld)


def _by_cut_off(session: Session, part: CorrectionPart) -> Iterator[CorrectionPart]:
    """A part, and of those who waited until a cut-off parts of their own, whose dispatches are cut off then too.

    Whoever has the wrong text is told however late it is.
    """
    cut_offs = cut_offs_of(session, waiting_of(part.meant))
    rest = tuple(one for one in part.meant if one.has_it or one.holding.delivery_id not in cut_offs)
    yield replace(part, meant=rest)
    for moment in sorted(set(cut_offs.values())):
        theirs = (one for one in part.meant if not one.has_it and cut_offs.get(one.holding.delivery_id) == moment)
        yield replace(part, meant=tuple(theirs), phone=(), silent=(), copies=(), added=(), not_after=moment)


def _plan_part(
    session: Session,
    log: DeliveryLog,
    part: CorrectionPart,
    templates: TemplateSet,
    now: datetime,
    *,
    account: str,
    signatures: Sequence[Signature],
) -> int:
    dispatch = new_dispatch(
        session,
        part.stored.version,
        part.identity,
        templates,
        now,
        files=part.files,
        account=account,
        signatures=signatures,
        correction=freeze(part.plain, part.told),
    )
    dispatch.manifest_hash = Correcting().manifest(part.meant, part.added).digest
    dispatch.lists, dispatch.excluded_lists = list(part.lists), list(part.excluded)
    dispatch.not_after = part.not_after
    dispatch_id = add_dispatch(session, dispatch)
    until = embargo_of(session, part.stored.version)
    hours = hours_of(session, waiting_of(part.meant), now)
    waves = {hour: number for number, hour in enumerate(sorted(set(hours.values())), 1)}
    session.add_all(
        Wave(dispatch_id=dispatch_id, number=number, name=one.name, starts_at=one.at) for one, number in waves.items()
    )
    session.flush()
    timed = {number: {"not_before": hour.at, "wave": waves[hour]} for number, hour in hours.items()}
    rows = _rows(dispatch_id, part, now, timed)
    log.plan(session.connection(), ({"not_before": None, "wave": 0, **row, "embargo_until": until} for row in rows))
    return dispatch_id


def _rows(
    dispatch_id: int, part: CorrectionPart, now: datetime, timed: Mapping[int, Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    # Who has the wrong text is told first: it may be printed any minute.
    seen: set[str] = set()
    for one in (*_fair(part.meant, has_it=True), *_fair(part.meant, has_it=False)):
        seen.add(one.planned.address.key)
        yield _row(dispatch_id, part, one, now) | {**timed.get(one.holding.delivery_id, {})}
    for planned in interleave(part.added, lambda one: one.address.domain, lambda one: one.sector_slug):
        if planned.address.key not in seen:
            seen.add(planned.address.key)
            yield delivery_row(dispatch_id, part.stored.version, planned, part.identity, now) | {"corrects_id": None}
    for one, left_out in part.phone:
        if one.planned.address.key not in seen:
            seen.add(one.planned.address.key)
            reason = ON_RECORD.get(left_out.reason, left_out.because)
            if left_out.because == COMPLAINED:
                reason = COMPLAINED
            yield _row(dispatch_id, part, one, now) | {"state": DeliveryState.WITHHELD, "reason": reason}
    for copy in part.copies:
        if copy.meant.planned.address.key not in seen:
            seen.add(copy.meant.planned.address.key)
            yield _row(dispatch_id, part, copy.meant, now) | {"state": DeliveryState.WITHHELD, "reason": ELSEWHERE}
    for left_out in part.silent:
        if left_out.reason in ON_RECORD and left_out.planned.address.key not in seen:
            seen.add(left_out.planned.address.key)
            row = delivery_row(dispatch_id, part.stored.version, left_out.planned, part.identity, now)
            yield row | {
                "contact_id": left_out.planned.contact_id or None,
                "state": DeliveryState.WITHHELD,
                "reason": ON_RECORD[left_out.reason],
                "corrects_id": None,
            }


def _fair(meant: Sequence[Meant], *, has_it: bool) -> list[Meant]:
    """Those of one kind in the order of sending (`interleave`)."""
    these = [one for one in meant if one.has_it is has_it]
    return list(interleave(these, lambda one: one.planned.address.domain, lambda one: one.planned.sector_slug))


def _row(dispatch_id: int, part: CorrectionPart, one: Meant, now: datetime) -> dict[str, Any]:
    row = delivery_row(dispatch_id, part.stored.version, one.planned, part.identity, now)
    row["contact_id"] = one.holding.owner
    row["corrects_id"] = one.holding.delivery_id if one.has_it else None
    if one.has_it:
        corrects = {"dispatch": one.holding.dispatch_id, "references": list(one.references)}
        row["merge"] = {**row["merge"], CORRECTS: corrects}
    return row
