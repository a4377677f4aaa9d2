"""Who gets a correction: whoever's server took a text that it corrects, where it took it, and those who waited."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session, col

from distributor.addresses import kept_address
from distributor.contacts.objections.objectors import Objectors, Told
from distributor.contacts.people.members import way_preferred
from distributor.db.pieces import in_pieces
from distributor.dispatch.calling import CORRECTED_BY, is_for_its_dispatch
from distributor.dispatch.messages.merge_fields import CORRECTS, recipient_of
from distributor.dispatch.recipients.holdings import Holding, find_holdings
from distributor.dispatch.recipients.manifest import LeftOutReason, LeftOutRecipient, Manifest
from distributor.dispatch.recipients.planned import PlannedRecipient, planned_before
from distributor.dispatch.recipients.roll import Roll
from distributor.folding import slugify
from distributor.models import Contact, Delivery, ReleaseVersion
from distributor.releases.corrections import chain_to, read_links
from distributor.releases.kinds import ReleaseKind
from distributor.releases.store import StoredRelease
from distributor.releases.translations import base_of
from distributor.states import ELSEWHERE, FORMER, REACHED_STATES, UNREACHED_STATES, UNSENT_STATES, DeliveryState
from distributor.tokens import Keyring

COMPLAINED = "complained of it"
_NOBODY_KNOWS = frozenset({DeliveryState.SENDING, DeliveryState.IN_DOUBT})


@dataclass(frozen=True, slots=True)
class Meant:
    """Somebody a correction is about, and the delivery that makes it so.

    With `has_it` their server took the text of `holding`, and they get the correction of it; without, that text was
    still waiting, and they get the corrected one as if it were the first. `references` are the messages they have.
    """

    planned: PlannedRecipient
    holding: Holding
    has_it: bool
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """Another address at which somebody has the wrong text who is told once: what would leave there, and why not.

    Two contacts who are one journalist by now had a text each, or an address was changed between two texts. `told` is
    what leaves instead, or would if they were mailed.
    """

    meant: Meant
    told: Meant
    because: str

    @property
    def left_out(self) -> LeftOutRecipient:
        """The same for a manifest."""
        return LeftOutRecipient(self.meant.planned, LeftOutReason.SAME_JOURNALIST, self.because)


@dataclass(frozen=True, slots=True)
class Correcting:
    """All whom a correction is about.

    `meant` get it. `phone` have the wrong text and are not mailed, `silent` never got it and are not mailed either:
    each with the reason. `copies` are further addresses of those who are told, or rung up. Of `unsettled` nobody knows
    yet whether they have it. `done` is how many stand on a dispatch of the correction already, `outdated` who of them
    on one of an older version of it, `missed` who of them it did not reach, or may not have reached; `foreign` are the
    languages that somebody has the wrong text in and that the correction is not in.
    """

    meant: tuple[Meant, ...] = ()
    phone: tuple[tuple[Meant, LeftOutRecipient], ...] = ()
    silent: tuple[LeftOutRecipient, ...] = ()
    unsettled: tuple[Holding, ...] = ()
    done: int = 0
    outdated: tuple[Holding, ...] = ()
    missed: tuple[Holding, ...] = ()
    foreign: Mapping[str, int] = field(default_factory=dict)
    copies: tuple[Copy, ...] = ()

    @property
    def standing(self) -> frozenset[tuple[int, str]]:
        """What must not have changed between the proof and the plan: who gets what, and who is told elsewhere."""
        got = ((one.holding.delivery_id, "correction" if one.has_it else "instead") for one in self.meant)
        return frozenset((*got, *((one.meant.holding.delivery_id, ELSEWHERE) for one in self.copies)))

    def manifest(
        self,
        meant: Iterable[Meant],
        added: Iterable[PlannedRecipient] = (),
        lists: Manifest | None = None,
        *,
        with_left_out: bool = True,
    ) -> Manifest:
        """The same as a manifest, which the proof and the printers read; with who is `added` from `lists`."""
        told_once = (one.left_out for one in self.copies)
        left_out = (*(one for _, one in self.phone), *self.silent, *told_once) if with_left_out else ()
        if lists is not None and with_left_out:
            left_out = (*left_out, *lists.left_out)
        return Manifest(
            lists.lists if lists else (),
            lists.excluded_lists if lists else (),
            Roll((*(one.planned for one in meant), *added)),
            left_out,
            only_lists=lists.only_lists if lists else (),
            where=lists.where if lists else "",
        )


def who_gets(session: Session, versions: Sequence[StoredRelease], keyring: Keyring, now: datetime) -> Correcting:
    """Everybody whom a correction is about; `versions` are its language versions, the original first.

    Whoever waited for the wrong text until a cut-off that is over `now` gets nothing.
    Raises `Refused` when objections were kept under another key.
    """
    first = versions[0]
    assert first.release.id is not None, "it was read"
    steps = chain_to(read_links(session), first.release.id)
    own = {one.release.id for one in versions} | {one.id for one in steps[-1]}
    place = {link.id: number for number, step in enumerate(steps) for link in step}
    holdings = find_holdings(session, col(ReleaseVersion.release_id).in_([*place, *own]))
    people: dict[int | str, list[Holding]] = defaultdict(list)
    for one in holdings:
        people[one.person].append(one.as_of(now))
    sorted_out = _Sorted(
        place,
        own,
        {one.release.id: one.version.number for one in versions},
        is_retraction=first.version.kind == ReleaseKind.RETRACTION,
    )
    for theirs in people.values():
        sorted_out.sort(theirs)
    sorted_out.waited = [one for one in sorted_out.waited if not one.is_over(now)]
    return _ask_them(session, sorted_out, versions, keyring)


@dataclass(slots=True)
class _Sorted:
    """The people of a chain by what is to be done for them.

    `place` is which step of the chain a release is, `own` are those of the correction, and `newest` the newest version
    of each of these; `others` what they have, or may have, at other addresses. `moved` are those off whom an address
    was taken while the correction waited there.
    """

    place: Mapping[int, int]
    own: set[int | None]
    newest: Mapping[int | None, int]
    is_retraction: bool
    has_it: list[Holding] = field(default_factory=list)
    others: dict[int | str, list[Holding]] = field(default_factory=dict)
    waited: list[Holding] = field(default_factory=list)
    unsettled: list[Holding] = field(default_factory=list)
    recorded: set[int | str] = field(default_factory=set)
    moved: set[int | str] = field(default_factory=set)
    done: int = 0
    outdated: list[Holding] = field(default_factory=list)
    missed: list[Holding] = field(default_factory=list)

    def text_of(self, one: Holding) -> tuple[int, int]:
        """Where a text stands among those of the chain: its step, and its version. Translations stand together."""
        return self.place.get(one.release_id, len(self.place)), one.number

    def sort(self, deliveries: Iterable[Holding]) -> None:
        """One person, by all their deliveries: what they have last, or what they waited for."""
        theirs = sorted(deliveries, key=lambda one: (*self.text_of(one), one.delivery_id))
        # Who was erased has no address any more.
        earlier = [one for one in theirs if one.release_id not in self.own and not one.is_erased]
        of_it = [one for one in theirs if one.release_id in self.own]
        planned = [one for one in of_it if one.state != DeliveryState.WITHHELD]
        if planned:
            self.done += 1
            last = planned[-1]
            if last.number < self.newest.get(last.release_id, 0) and last.state in REACHED_STATES:
                self.outdated.append(last)
            if not last.is_erased and all(one.state in UNREACHED_STATES for one in planned):
                self.missed.append(last)
            return
        if any(not (is_for_its_dispatch(one.reason) or one.reason == ELSEWHERE) for one in of_it):
            self.recorded.add(theirs[0].person)  # as withheld: an objection is on record once
            self.missed += [one for one in of_it if not one.is_erased][-1:]
        if any(one.reason == FORMER for one in of_it):
            self.moved.add(theirs[0].person)
        held = next((one for one in reversed(earlier) if one.state in REACHED_STATES), None)
        doubtful = next((one for one in reversed(earlier) if one.state in _NOBODY_KNOWS), None)
        if doubtful and (held is None or self.text_of(doubtful) > self.text_of(held)):
            self.unsettled.append(doubtful)
        elif held is not None:
            self.has_it.append(held)
            at = {one.address_key: one for one in earlier if one.state in REACHED_STATES | _NOBODY_KNOWS}
            self.others[held.person] = [one for key, one in at.items() if key != held.address_key]
        elif not self.is_retraction:
            waited = [one for one in earlier if one.state in UNSENT_STATES or one.reason.startswith(CORRECTED_BY)]
            self.waited += waited[-1:]


def _ask_them(
    session: Session,
    found: _Sorted,
    versions: Sequence[StoredRelease],
    keyring: Keyring,
) -> Correcting:
    """Who of them may be written to today; a mailbox that several share gets it once."""
    asked = _Asked(
        keyring,
        Objectors(session, keyring),
        _deliveries(
            session, [one.delivery_id for one in (*found.has_it, *found.waited, *chain(*found.others.values()))]
        ),
        _cards(session, [one.owner for one in (*found.has_it, *found.waited) if one.owner is not None]),
        {slugify(one.version.sector) for one in versions} - {""},
    )
    languages = {base_of(one.version.lang) for one in versions}
    foreign: dict[str, int] = {}
    meant: list[Meant] = []
    phone: list[tuple[Meant, LeftOutRecipient]] = []
    silent: list[LeftOutRecipient] = []
    copies: list[Copy] = []
    taken: set[str] = set()
    has_it = [(asked.choose(found, one), True) for one in found.has_it]
    for holding, has in (*has_it, *((one, False) for one in found.waited)):
        one = asked.meant(holding, has_it=has)
        left = asked.left_out(one)
        was_taken_off = not has and holding.person in found.moved
        if was_taken_off or (left is not None and left.reason == LeftOutReason.CAME_BACK):
            one = asked.moved(one)
            left = asked.left_out(one)
        if left is None and one.planned.address.key in taken:
            silent.append(LeftOutRecipient(one.planned, LeftOutReason.SAME_ADDRESS, "shares an address that gets it"))
        elif left is None:
            taken.add(one.planned.address.key)
            meant.append(one)
            if (lang := base_of(holding.lang)) not in languages:
                foreign[lang] = foreign.get(lang, 0) + 1
        elif holding.person in found.recorded:
            continue
        elif has:
            phone.append((one, left))
        else:
            silent.append(left)
        if has:
            verb = "gets it at" if left is None else "is not mailed:"
            because = f"the same journalist {verb} {one.planned.address}"
            others = (asked.meant(other, has_it=True) for other in found.others[holding.person])
            copies += (Copy(other, one, because) for other in others)
    told = {one.holding.person for one in meant}
    return Correcting(
        tuple(meant),
        tuple(phone),
        tuple(silent),
        tuple(found.unsettled),
        found.done,
        tuple(found.outdated),
        tuple(one for one in found.missed if one.person not in told),
        foreign,
        tuple(copies),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is known today of those who have or waited for a text: objections, deliveries, cards."""

    keyring: Keyring
    objectors: Objectors
    rows: Mapping[int, Row[Any]]
    cards: Mapping[int | None, tuple[str, str]]
    sectors: set[str]

    def meant(self, holding: Holding, *, has_it: bool) -> Meant:
        """The recipient as the earlier message addressed them, and the messages that they have."""
        row = self.rows[holding.delivery_id]
        before = row.merge.get(CORRECTS, {}).get("references", ())
        references = (*before, row.message_id) if has_it else ()
        return Meant(planned_before(row, holding.owner or 0), holding, has_it, references)

    def moved(self, one: Meant) -> Meant:
        """The same at the address that they have today."""
        spec, _ = self.cards.get(one.holding.owner, ("", ""))
        if not spec:
            return one
        address = kept_address(spec)
        recipient = recipient_of(address, self.rows[one.holding.delivery_id].merge)
        hashed = self.keyring.address_hash(address.key)
        return replace(one, planned=replace(one.planned, address=address, address_hash=hashed, recipient=recipient))

    def told(self, holding: Holding, address: str = "") -> Told | None:
        """What forbids mail to them, at the address of this text or at another."""
        row = self.rows[holding.delivery_id]
        return self.objectors.against(holding.owner, address or row.address, {row.sector_slug, *self.sectors} - {""})

    def left_out(self, one: Meant) -> LeftOutRecipient | None:
        """Why somebody is not mailed, if so."""
        told = self.told(one.holding, one.planned.address.spec)
        if told is not None:
            return LeftOutRecipient(one.planned, LeftOutReason.of(told), told.because)
        if one.holding.state == DeliveryState.COMPLAINED:
            return LeftOutRecipient(one.planned, LeftOutReason.OBJECTION, COMPLAINED)
        _, prefers = self.cards.get(one.holding.owner, ("", ""))
        return LeftOutRecipient(one.planned, LeftOutReason.OTHER_CHANNEL, prefers) if prefers else None

    def choose(self, found: _Sorted, held: Holding) -> Holding:
        """Of several addresses that took the last text the one that they have today, and none whose mail came back.

        The rest stay with `found` as their others.
        """
        others = found.others[held.person]
        spec, _ = self.cards.get(held.owner, ("", ""))
        today = kept_address(spec).key if spec else ""

        def is_worse(one: Holding) -> tuple[bool, bool]:
            told = self.told(one)
            return told is not None and told.is_returned, one.address_key != today

        alike = [one for one in others if one.state in REACHED_STATES and found.text_of(one) == found.text_of(held)]
        best = min((held, *alike), key=is_worse) if alike else held
        if best is not held:
            found.others[held.person] = [one for one in (*others, held) if one is not best]
        return best


def version_of(meant: Meant, versions: Sequence[StoredRelease]) -> StoredRelease:
    """The language version that somebody gets: that of the text they have; the original where there is none."""
    lang = base_of(meant.holding.lang)
    return next((one for one in versions if base_of(one.version.lang) == lang), versions[0])


def _deliveries(session: Session, numbers: Sequence[int]) -> dict[int, Row[Any]]:
    names = ("id", "address", "address_hash", "outlet_kind", "sector", "sector_slug", "lists", "merge", "message_id")
    table = Delivery.__table__
    return {
        row.id: row
        for chunk in in_pieces(numbers)
        for row in session.execute(select(*(table.c[name] for name in names)).where(table.c.id.in_(chunk)))
    }


def _cards(session: Session, numbers: Sequence[int]) -> dict[int | None, tuple[str, str]]:
    """Contact → the address that they have today, and how they want our news where that is not by mail."""
    found: dict[int | None, tuple[str, str]] = {}
    for chunk in in_pieces(numbers):
        rows = session.execute(
            select(col(Contact.id), col(Contact.address), col(Contact.channel)).where(col(Contact.id).in_(chunk))
        )
        found |= {number: (spec or "", way_preferred(channel) if channel else "") for number, spec, channel in rows}
    return found
