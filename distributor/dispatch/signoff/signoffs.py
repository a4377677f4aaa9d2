"""Sign-off (bon à diffuser): who signed what for whom, whether it still holds, and in words why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from distributor.dispatch.hours.instants import say_instant
from distributor.dispatch.signoff.leaving import Leaving, LeavingPart, short_hash, who
from distributor.errors import BadInput, Refused
from distributor.folding import fold
from distributor.models import Audit, Contact, Release, ReleaseVersion, SignOff
from distributor.releases.store import changes_between
from distributor.settings import Settings

_FEW = 5
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Rule:
    """How many people have to sign, and whether a signature of whoever wrote the version counts.

    `timezone` is that of the hours in what is said of a signature.
    """

    needed: int
    author_counts: bool
    timezone: ZoneInfo = _UTC

    @classmethod
    def from_settings(cls, settings: Settings) -> Rule:
        """As the workspace sets it."""
        return cls(settings.sign_offs, settings.author_signs, settings.timezone)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature held against what would leave now.

    `changes` says in words why it is void, `excluded` why it does not count although it may hold; `lists` are those it
    was made for (None: every list).
    """

    id: int
    name: str
    actor: str
    signed_at: datetime
    digest: str
    lists: tuple[str, ...] | None
    changes: tuple[str, ...]
    excluded: str

    @property
    def holds(self) -> bool:
        """Whether everything is as it was signed."""
        return not self.changes

    @property
    def counts(self) -> bool:
        """Whether it holds and is one of those that are needed."""
        return not self.changes and not self.excluded

    def as_json(self) -> dict[str, Any]:
        """The stable shape, as reports and dispatches keep it."""
        return {
            "id": self.id,
            "name": self.name,
            "actor": self.actor,
            "signed_at": self.signed_at.isoformat(),
            "digest": self.digest,
        }


@dataclass(frozen=True, slots=True)
class SignOffStanding:
    """Whether enough signatures hold, and every signature of the release that was not withdrawn, one for each name."""

    needed: int
    signatures: tuple[Signature, ...]

    @property
    def counting(self) -> tuple[Signature, ...]:
        """Those that hold and count."""
        return tuple(one for one in self.signatures if one.counts)

    @property
    def missing(self) -> int:
        """How many more are needed."""
        return max(0, self.needed - len(self.counting))

    @property
    def why(self) -> str:
        """What is missing, in one sentence; "" when enough have signed."""
        if not self.missing:
            return ""
        wanted = f"{self.needed} signature{' is' if self.needed == 1 else 's are'} needed"
        if not self.signatures:
            return f"Nobody has signed this release for sending ({wanted})."
        if any(not one.holds for one in self.signatures):
            return f"What was signed is not what would leave now ({wanted}; in force: {len(self.counting)})."
        return f"Not enough people have signed this release ({wanted}; counted: {len(self.counting)})."


def sign(
    session: Session, leaving: Leaving, *, name: str, actor: str, scope: Mapping[str, Any], now: datetime
) -> tuple[SignOff, bool]:
    """Sign what would leave now, and log it; return the signature, and whether this call made it.

    `name` is who signs, `actor` who is at the keyboard, `scope` the lists as they were named. Whoever has signed just
    this already has signed it. Raises `BadInput` without a name, and where nobody would get it.
    """
    signer = " ".join(name.split())
    if not fold(signer):
        raise BadInput("A signature wants a name.", field="--by", mend='Add: --by "First Last"')
    if not leaving.count:
        raise BadInput(
            "Nobody would get it, so there is nothing to sign.", mend="Name lists with somebody on them: --list NAME"
        )
    session.get(Release, leaving.release_id, with_for_update=True)  # one who signs twice at once signs once
    for earlier in signatures_of(session, leaving.release_id):
        if fold(earlier.name) == fold(signer) and earlier.digest == leaving.digest and earlier.scope == dict(scope):
            return earlier, False
    row = SignOff(
        release_id=leaving.release_id,
        name=signer,
        actor=actor,
        digest=leaving.digest,
        parts=leaving.parts_as_json(),
        templates=dict(leaving.templates),
        files=dict(leaving.files),
        attach_pdf=leaving.attach_pdf,
        scope=dict(scope),
        manifest_hash=leaving.manifest_hash,
        recipients=leaving.recipients_as_json(),
        signed_at=now,
    )
    session.add(row)
    session.flush()
    details = {
        "by": signer,
        "sign_off": row.id,
        "digest": row.digest,
        "parts": row.parts,
        "manifest_hash": row.manifest_hash,
        "recipients": len(row.recipients),
        **row.scope,
    }
    slug = leaving.parts[0].slug
    session.add(Audit(at=now, actor=actor, action="releases.sign-off", subject=slug, details=details))
    return row, True


def withdraw(session: Session, release: Release, *, name: str, actor: str, now: datetime) -> list[SignOff]:
    """Take back the signatures of a release, or those by one name, and log it; return them.

    Raises `BadInput` when there are none. What has left has left.
    """
    rows = [row for row in signatures_of(session, release.id) if not name.strip() or fold(row.name) == fold(name)]
    if not rows:
        whose = f" by {name.strip()}" if name.strip() else ""
        raise BadInput(
            f"«{release.slug}» has no signature{whose} to withdraw.",
            mend=f"See: distributor releases show {release.slug}",
        )
    for row in rows:
        row.withdrawn_at, row.withdrawn_by = now, actor
        session.add(row)
        details = {"by": row.name, "sign_off": row.id, "digest": row.digest}
        session.add(Audit(at=now, actor=actor, action="releases.withdraw", subject=release.slug, details=details))
    return rows


def standing(session: Session, leaving: Leaving, rule: Rule) -> SignOffStanding:
    """Hold every signature of the release against what would leave now."""
    found: dict[str, Signature] = {}
    for row in signatures_of(session, leaving.release_id):
        signature = held_against(session, row, leaving, rule)
        known = found.get(fold(row.name))
        # Of several by one name the one that counts, then the one that holds, then the latest.
        if known is None or (signature.counts, signature.holds) >= (known.counts, known.holds):
            found[fold(row.name)] = signature
    return SignOffStanding(rule.needed, tuple(sorted(found.values(), key=lambda one: one.id)))


def held_against(session: Session, row: SignOff, leaving: Leaving, rule: Rule) -> Signature:
    """One signature held against what would leave now."""
    authors = {fold(part.version.author) for part in leaving.parts} - {""}
    is_authors = bool({fold(row.name), fold(row.actor)} & authors)
    excluded = "comes from whoever wrote this version, which does not count here" if is_authors else ""
    return signature_of(
        row, tuple(_changes(session, row, leaving, rule.timezone)), "" if rule.author_counts else excluded
    )


def require_signed(session: Session, leaving: Leaving, rule: Rule, *, mend: str) -> tuple[Signature, ...]:
    """The signatures that hold and count; `Refused` says what is missing when they are not enough.

    The one question of every way to send: do enough signatures hold for these versions, files, templates and people?
    Ask it in the transaction that plans. `mend` is the command that signs.
    """
    found = standing(session, leaving, rule)
    if found.missing:
        raise Refused(f"{found.why} Nothing was sent.", mend=mend)
    return found.counting


def signatures_of(session: Session, release_id: int | None) -> list[SignOff]:
    """The signatures of a release that were not withdrawn, oldest first."""
    return list(
        session.exec(
            select(SignOff)
            .where(SignOff.release_id == release_id, col(SignOff.withdrawn_at).is_(None))
            .order_by(col(SignOff.id))
        )
    )


def signature_of(row: SignOff, changes: tuple[str, ...] = (), excluded: str = "") -> Signature:
    """A signature's row as it is shown."""
    assert row.id is not None, "read from the database"
    lists = row.scope.get("lists")
    return Signature(
        row.id,
        row.name,
        row.actor,
        row.signed_at,
        row.digest,
        None if lists is None else tuple(lists),
        changes,
        excluded,
    )


# What changed since, in words


def _changes(session: Session, row: SignOff, leaving: Leaving, zone: ZoneInfo) -> Iterator[str]:
    yield from _text_changes(session, row.parts, leaving.parts)
    yield from _embargo_changes(row.parts, leaving.parts, zone)
    yield from _file_changes("the template", row.templates, leaving.templates)
    yield from _file_changes("the logo", row.files, leaving.files)
    yield from _sender_changes(row.parts, leaving.sender)
    if leaving.attach_pdf and not row.attach_pdf:
        yield "a PDF of the release goes with it, which was not signed"
    if row.attach_pdf and not leaving.attach_pdf:
        yield "it was signed with a PDF, which does not go with it"
    if not leaving.is_to_holders:
        yield from _people_changes(session, row, leaving)


def _text_changes(session: Session, signed: Sequence[Mapping[str, Any]], parts: Sequence[LeavingPart]) -> Iterator[str]:
    before = {one["release_id"]: one for one in signed}
    for part in parts:
        one = before.pop(part.version.release_id, None)
        if one is None:
            yield f"the translation «{part.slug}» has come"
        elif one["content_hash"] != part.version.content_hash:
            yield from _edits(session, one, part)
    for one in before.values():
        yield f"the translation «{one['release']}» is not sent any more"


def _embargo_changes(
    signed: Sequence[Mapping[str, Any]], parts: Sequence[LeavingPart], zone: ZoneInfo
) -> Iterator[str]:
    """An embargo that was moved by a command; another one in the words of the release is an edit of its text."""
    before = {(one["release_id"], one["content_hash"]): one for one in signed}
    for part in parts:
        one = before.get((part.version.release_id, part.version.content_hash))
        if one is not None and one.get("embargo_until", part.embargo) != part.embargo:
            was, now = (
                f"until {say_instant(datetime.fromisoformat(hour), zone)}" if hour else "none"
                for hour in (one["embargo_until"], part.embargo)
            )
            yield f"the embargo of «{part.slug}» was moved: {was} was signed, {now} would be said"


def _edits(session: Session, signed: Mapping[str, Any], part: LeavingPart) -> Iterator[str]:
    """What another version of one release changed: its words, its files."""
    old = session.get(ReleaseVersion, signed["version_id"])
    changes = changes_between(session, old, part.version) if old is not None else []
    which = f"version {signed['version']} was signed, version {part.version.number} would leave"
    fields = list(dict.fromkeys(one.field for one in changes if one.field != "attachment"))
    if fields or not changes:
        see = f"see: distributor releases diff {part.slug} {signed['version']} {part.version.number}"
        yield f"the text of «{part.slug}» was edited ({_listed(fields) or 'not its words'}): {which}; {see}"
    for one in changes:
        if one.field == "attachment":
            yield f"the attachment «{one.new or one.old}» was {one.kind.value}: {which}"


def _file_changes(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    names = {
        "changed": [name for name in before if name in after and before[name] != after[name]],
        "added": [name for name in after if name not in before],
        "removed": [name for name in before if name not in after],
    }
    told = [f"{_listed(found)} {'was' if len(found) == 1 else 'were'} {how}" for how, found in names.items() if found]
    if told:
        yield f"{what} changed: {'; '.join(told)}"


_SENDER = {
    "from": "the sender",
    "reply_to": "the address for answers",
    "on_behalf": "who sends it on the sender's behalf",
    "organisation": "the organisation",
}


def _sender_changes(signed: Sequence[Mapping[str, Any]], sender: Mapping[str, str]) -> Iterator[str]:
    """Who it comes from; signatures of before this was kept are for whoever it is."""
    before = signed[0].get("sender", sender)
    for name, what in _SENDER.items():
        if before[name] != sender[name]:
            was, now = (one[name] or "none" for one in (before, sender))
            yield f"{what} was changed: {was} was signed, {now} would be named"


def _people_changes(session: Session, row: SignOff, leaving: Leaving) -> Iterator[str]:
    """Who joined, who left, who gets it elsewhere or in another version than was signed."""
    signed: dict[int, tuple[str, int]] = {one[0]: (one[1], row.parts[one[2]]["release_id"]) for one in row.recipients}
    joined, moved, other, now = [], [], [], set()
    for planned, part in leaving.recipients:
        now.add(planned.contact_id)
        before = signed.get(planned.contact_id)
        if before is None:
            joined.append(planned)
            continue
        if before[0] != short_hash(planned):
            moved.append(planned)
        if before[1] != part.version.release_id:
            other.append(planned)
    if joined:
        names = [f"{who(one)} ({', '.join(one.lists)})" if one.lists else who(one) for one in joined]
        yield f"{len(joined)} joined the recipients: {_few(names)}"
    # Signed for every list, it may be sent to some of them: nobody gets what was not signed.
    gone = set() if row.scope.get("lists") is None else signed.keys() - now - leaving.excused
    if gone:
        yield f"{len(gone)} left the recipients: {_few(_names(session, gone))}"
    if moved:
        yield f"{len(moved)} would get it at another address: {_few(map(who, moved))}"
    if other:
        yield f"{len(other)} would get another language version: {_few(map(who, other))}"


def _names(session: Session, numbers: Iterable[int]) -> list[str]:
    wanted = sorted(numbers)
    rows = session.exec(select(Contact).where(col(Contact.id).in_(wanted[:_FEW]))).all()
    known = {one.id: f"{one.first_name} {one.last_name}".strip() or one.address or "" for one in rows}
    return [known.get(number) or "somebody who is not in the base any more" for number in wanted]


def _few(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - _FEW} more" if len(every) > _FEW else ""
    return ", ".join(every[:_FEW]) + more


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
