"""Sending again to those whom a dispatch did not reach: who, by which reason, and who may not be."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from distributor.addresses import kept_address
from distributor.contacts.objections.objectors import Objectors
from distributor.contacts.people.ownership import owner, users_of
from distributor.db.pieces import in_pieces
from distributor.deliveries.decisions import AGAIN_FROM, send_again, send_elsewhere
from distributor.deliveries.dispatches import get_dispatch
from distributor.dispatch.afterwards.addressees import find_addressees
from distributor.dispatch.overtaken import hold_text, reopen_text, require_uncorrected_text
from distributor.dispatch.recipients.holdings import find_holdings
from distributor.errors import BadInput, Refused
from distributor.folding import fold
from distributor.models import Audit, Contact, Delivery, Dispatch, Release, ReleaseVersion
from distributor.releases.translations import family_of
from distributor.states import ELSEWHERE, HAVE_IT, OPEN_STATES, DeliveryState, DispatchState, Verdict
from distributor.tokens import Keyring

_SURELY_NOT = frozenset(AGAIN_FROM) - {DeliveryState.IN_DOUBT}
"""States from which one is sent again and surely has nothing."""

_WHY_NOT = {
    DeliveryState.WITHHELD: (
        "Whoever is withheld objected, or their dispatch was called off: nobody sends to them again by hand.",
        "A new send of the release reaches those who may be reached.",
    ),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom to send to again: those in these states, with this reply code, these words in the reply, these people."""

    states: tuple[DeliveryState, ...]
    code: str
    words: str
    contacts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One delivery that is meant: what its server said last, and why it may not be sent again (""): it may."""

    delivery_id: int
    address: str
    name: str
    state: DeliveryState
    code: int | None
    enhanced_code: str
    reply: str
    attempts: int
    why_not: str = ""
    new_address: str = ""
    """Where its journalist is reached by now, if that is elsewhere."""

    @property
    def moves(self) -> bool:
        """Whether it goes to the new address: who may have it at the former one stays there."""
        return bool(self.new_address) and self.state in _SURELY_NOT

    def as_json(self) -> dict[str, Any]:
        """Under the names of the table."""
        names = ("address", "new_address", "name", "state", "code", "enhanced_code", "reply", "attempts", "why_not")
        return {"id": self.delivery_id} | {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Again:
    """Who is sent to again, and who of those that were meant is not."""

    dispatch_id: int
    wish: Wish
    meant: tuple[Candidate, ...]
    left_out: tuple[Candidate, ...]

    @property
    def doubtful(self) -> int:
        """How many may have the message already."""
        return sum(one.state == DeliveryState.IN_DOUBT for one in self.meant)


def read_states(names: Iterable[str], *, is_named: bool = False) -> tuple[DeliveryState, ...]:
    """The states that may be sent again from; raises `BadInput`, with the reason, for any other.

    Without one, whoever `is_named` as a contact is meant if they surely do not have it.
    """
    states = []
    for name in names:
        try:
            state = DeliveryState(name.strip().lower().replace("-", "_").replace(" ", "_"))
        except ValueError:
            raise BadInput(f"«{name}» is no state.", field="--state", mend=f"Say {_listed()}.") from None
        if state not in AGAIN_FROM:
            said = f"Whoever is «{state.replace('_', ' ')}» is not sent to again."
            why, mend = _WHY_NOT.get(state, (said, f"Say {_listed()}."))
            raise BadInput(why, field="--state", mend=mend)
        states.append(state)
    if not states and is_named:
        return tuple(one for one in AGAIN_FROM if one in _SURELY_NOT)
    if not states:
        raise BadInput("No state is named.", field="--state", mend=f"Say {_listed()}; several times for several.")
    return tuple(dict.fromkeys(states))


def find_again(session: Session, keyring: Keyring, dispatch_id: int, wish: Wish) -> Again:
    """Whom the wish means, each with what forbids it. Raises `BadInput` for a dispatch that is no longer sent."""
    dispatch = get_dispatch(session, dispatch_id)
    require_uncorrected_text(session, dispatch)  # it names the way, and ends its dispatches
    _require_sendable(dispatch)
    meant = [row for row in _rows(session, dispatch_id, wish.states) if _fits(row, wish)]
    if wish.contacts:
        connection = session.connection()
        named = {one for text in wish.contacts for one in find_addressees(connection, dispatch_id, text)}
        meant = [row for row in meant if row.id in named]
    objectors, holders = Objectors(session, keyring), _holders(session, dispatch)
    present = _present_addresses(session, dispatch_id, {row.id for row in meant})
    on_dispatch = set(
        session.scalars(select(col(Delivery.address_key)).where(col(Delivery.dispatch_id) == dispatch_id))
    )
    beside = _holders_beside(session, dispatch_id)
    candidates, persons = [], set[int | None]()
    for row in meant:
        one = _candidate(row, objectors, holders, present.get(row.id, ""), on_dispatch, is_named=bool(wish.contacts))
        if not one.why_not and (row.owner in persons or beside.get(row.owner, set()) - {row.id}):
            one = replace(one, why_not=ELSEWHERE)
        if not one.why_not:
            persons.add(row.owner)
        candidates.append(one)
    return Again(
        dispatch_id,
        wish,
        tuple(one for one in candidates if not one.why_not),
        tuple(one for one in candidates if one.why_not),
    )


def queue_again(
    session: Session, keyring: Keyring, again: Again, *, actor: str, because: str, now: datetime
) -> list[int]:
    """Queue them in the session's transaction, and write down who asked for it and why; return whom it still could.

    Whoever surely has nothing gets it at the address they have now. Who was merged, erased, or sent the release
    otherwise since they were looked for is left as they are. Raises as `find_again` when the dispatch was cancelled
    meanwhile.
    """
    hold_text(session, again.dispatch_id)
    _hold(session, again.meant)
    still = find_again(session, keyring, again.dispatch_id, again.wish).meant
    again = replace(again, meant=tuple(one for one in again.meant if one in still))
    connection = session.connection()
    reason = f"to be sent again by {actor}" + (f": {because.strip()}" if because.strip() else "")
    moved: list[int] = []
    for state in again.wish.states:
        numbers = [one.delivery_id for one in again.meant if one.state == state and not one.moves]
        moved += send_again(connection, numbers, state, reason=reason, now=now)
    elsewhere = []
    for one in again.meant:
        if one.moves:
            address = kept_address(one.new_address)
            where, why = keyring.address_hash(address.key), f"{reason} (at {address} in the place of {one.address})"
            if send_elsewhere(connection, one.delivery_id, one.state, address, where, reason=why, now=now):
                elsewhere.append(one)
    moved += [one.delivery_id for one in elsewhere]
    if moved:
        details = {
            "deliveries": sorted(moved), "states": list(again.wish.states), "code": again.wish.code,
            "words": again.wish.words, "contacts": list(again.wish.contacts), "because": because,
            "moved": {one.delivery_id: [one.address, one.new_address] for one in elsewhere},
        }  # fmt: skip
        session.add(Audit(actor=actor, action="dispatches.retry", subject=str(again.dispatch_id), details=details))
        reopen_text(session, again.dispatch_id, actor)
    return moved


def _hold(session: Session, candidates: Sequence[Candidate]) -> None:
    """Let whoever merges or erases one of these journalists wait for the end of the transaction."""
    for chunk in in_pieces([one.delivery_id for one in candidates]):
        theirs = select(col(Delivery.contact_id)).where(col(Delivery.id).in_(chunk))
        session.execute(select(col(Contact.id)).where(col(Contact.id).in_(theirs)).with_for_update(key_share=True))


def _require_sendable(dispatch: Dispatch) -> None:
    if dispatch.is_test:
        raise BadInput(f"Dispatch {dispatch.id} was a test.", mend="Send another one: distributor send --test ADDRESS")
    if dispatch.state == DispatchState.CANCELLED:
        raise Refused(
            f"Dispatch {dispatch.id} was cancelled: nothing more of it is sent.", mend="Send the release again."
        )


def _rows(session: Session, dispatch_id: int, states: Sequence[DeliveryState]) -> Sequence[Row[Any]]:
    c = Delivery
    return session.execute(
        select(
            col(c.id), col(c.address), col(c.address_key), col(c.name), col(c.state), col(c.code), col(c.reply),
            col(c.enhanced_code), col(c.verdict), col(c.reason), col(c.attempts), col(c.contact_id),
            col(c.sector_slug), col(c.release_sector_slug), owner().label("owner"),
        )
        .join(Contact, col(Contact.id) == col(c.contact_id), isouter=True)
        .where(col(c.dispatch_id) == dispatch_id, col(c.state).in_(states))
        .order_by(col(c.id))
    ).all()  # fmt: skip


def _present_addresses(session: Session, dispatch_id: int, meant: Collection[int]) -> dict[int, str]:
    """Delivery → the main address of its journalist by now, of those meant whose former one is no longer used."""
    main = aliased(Contact)
    rows = session.execute(
        select(col(Delivery.id), col(Delivery.address_key), col(main.id).label("owner"), col(main.address))
        .join(Contact, col(Contact.id) == col(Delivery.contact_id))
        .join(main, col(main.id) == owner())
        .where(
            col(Delivery.dispatch_id) == dispatch_id,
            col(main.address_key) != col(Delivery.address_key),
            col(main.address) != "",
        )
    ).all()
    return {
        row.id: row.address
        for row in rows
        if row.id in meant and row.owner not in users_of(session, row.address_key)  # asked of few: it reads all outlets
    }


def _fits(row: Row[Any], wish: Wish) -> bool:
    codes = {str(row.code or ""), row.enhanced_code}
    # 5.7 means 5.7.1 too; 55 does not mean 550.
    is_coded = not wish.code or wish.code in codes or row.enhanced_code.startswith(f"{wish.code}.")
    said = fold(f"{row.reply} {row.reason} {row.verdict}")
    return is_coded and (not wish.words or fold(wish.words) in said)


def _candidate(
    row: Row[Any],
    objectors: Objectors,
    holders: dict[int | str, str],
    present: str,
    on_dispatch: Collection[str],
    *,
    is_named: bool,
) -> Candidate:
    one = Candidate(
        row.id, row.address, row.name, DeliveryState(row.state), row.code, row.enhanced_code, row.reply, row.attempts,
        new_address=present,
    )  # fmt: skip
    to = kept_address(present if one.moves else row.address)
    sectors = {row.sector_slug, row.release_sector_slug} - {""}
    why_not = ""
    if row.owner is None:
        why_not = "is no longer in the base"
    elif told := objectors.against(row.owner, to.spec, sectors):
        why_not = told.because
    elif holds := holders.get(row.owner) or holders.get(to.key):
        why_not = holds
    elif one.moves and to.key in on_dispatch:
        why_not = f"{to} is on this dispatch already"
    elif row.state == DeliveryState.BOUNCED and not (is_named or one.moves):
        why_not = f"it came back from there; mend the address (contacts edit), or name them: --contact {row.address}"
    elif row.verdict == Verdict.HARD and row.state == DeliveryState.REJECTED and not (is_named or one.moves):
        why_not = f"the address is dead; if you know better: --contact {row.address}"
    return replace(one, why_not=why_not)


def _holders(session: Session, dispatch: Dispatch) -> dict[int | str, str]:
    """Who has, or waits for, the release in another language or version, by person and by address, in words.

    What they would be sent again is older, or the same once more.
    """
    version = session.get_one(ReleaseVersion, dispatch.release_version_id)
    family = family_of(session, session.get_one(Release, version.release_id))
    holdings = find_holdings(
        session,
        col(Release.id).in_([one.id for one in family])
        & (col(Delivery.dispatch_id) != dispatch.id)
        & col(Delivery.state).in_([*HAVE_IT, *OPEN_STATES]),
    )
    found: dict[int | str, str] = {}
    for one in holdings:
        found |= {one.address_key: str(one), one.person: str(one)}
    return found


def _holders_beside(session: Session, dispatch_id: int) -> dict[int | None, set[int]]:
    """Person → the deliveries of this very dispatch by which they have the release, or wait for it; of who has two."""
    several = session.scalars(
        select(owner())
        .join(Delivery, col(Delivery.contact_id) == col(Contact.id))
        .where(col(Delivery.dispatch_id) == dispatch_id)
        .group_by(owner())
        .having(func.count() > 1)
    ).all()
    holds = col(Delivery.state).in_([*HAVE_IT, *OPEN_STATES]) & (col(Delivery.dispatch_id) == dispatch_id)
    found: dict[int | None, set[int]] = {}
    for persons in in_pieces(several):
        for one in find_holdings(session, holds & owner().in_(persons)):
            found.setdefault(one.owner, set()).add(one.delivery_id)
    return found


def _listed() -> str:
    first = ", ".join(AGAIN_FROM[:-1])
    return f"{first} or {AGAIN_FROM[-1]}"
