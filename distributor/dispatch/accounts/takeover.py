"""Taking over: a dispatch whose account is refused goes on, once, through the second account that it names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from distributor.dispatch.accounts.named import account_id
from distributor.errors import BadInput, Refused
from distributor.models import Account, Audit, Dispatch
from distributor.settings import Settings
from distributor.states import DispatchState


@dataclass(frozen=True, slots=True)
class Takeover:
    """That an account carries on what another one was refused."""

    first: str
    second: str
    at: datetime
    because: str

    def as_json(self) -> dict[str, Any]:
        """As it stands in the dispatch's row."""
        return {"from": self.first, "to": self.second, "at": self.at.isoformat(), "because": self.because}

    def __str__(self) -> str:
        return f"«{self.second}» takes over from «{self.first}»: {self.because}"


def account_of(session: Session, dispatch_id: int) -> str:
    """The account that carries a dispatch now."""
    return session.get_one(Account, session.get_one(Dispatch, dispatch_id).account_id).name


def take_over(
    session: Session, dispatch_id: int, ran: str, *, because: str, actor: str, now: datetime
) -> Takeover | None:
    """Hand a dispatch that was refused at the account `ran` to its second one; None when there is none, or no more.

    Whoever finds that another worker handed it over already goes on through the second account too. The second one is
    struck off as it takes over: no dispatch ever goes back.
    """
    dispatch = session.get_one(Dispatch, dispatch_id, with_for_update=True)
    current = session.get_one(Account, dispatch.account_id)
    if dispatch.state != DispatchState.RUNNING:  # cancelled, or paused by a person meanwhile
        return None
    if current.name != ran:
        return Takeover(ran, current.name, now, str(dispatch.takeover.get("because", because)))
    second = session.get(Account, dispatch.then_account_id) if dispatch.then_account_id is not None else None
    if second is None:
        return None
    takeover = Takeover(ran, second.name, now, because)
    dispatch.account_id, dispatch.then_account_id = dispatch.then_account_id or 0, None
    dispatch.takeover = takeover.as_json()
    session.add(dispatch)
    details = takeover.as_json()
    session.add(Audit(at=now, actor=actor, action="dispatches.takeover", subject=str(dispatch_id), details=details))
    return takeover


def reroute(session: Session, dispatch_id: int, second: str, of_second: Settings, *, actor: str, now: datetime) -> None:
    """Have a dispatch go through another account from now on, by a person's word.

    Raises `BadInput` for one that is over, `Refused` where the account sends for another domain than the messages do.
    """
    dispatch = session.get(Dispatch, dispatch_id, with_for_update=True)
    if dispatch is None or dispatch.state in {DispatchState.DONE, DispatchState.CANCELLED}:
        raise BadInput(f"Nothing of dispatch {dispatch_id} is to be sent.", mend="See: distributor dispatches list")
    first = account_of(session, dispatch_id)
    if first == second:
        return
    _require_domain(first, str(dispatch.identity.get("from_address", "")).rpartition("@")[2], second, of_second)
    dispatch.account_id = account_id(session, second)
    dispatch.takeover = Takeover(first, second, now, f"by {actor}").as_json()
    if dispatch.then_account_id == dispatch.account_id:
        dispatch.then_account_id = None
    session.add(dispatch)
    details = dict(dispatch.takeover)
    session.add(Audit(at=now, actor=actor, action="dispatches.reroute", subject=str(dispatch_id), details=details))


def require_same_domain(first: str, of_first: Settings, second: str, of_second: Settings) -> None:
    """Raise `Refused` unless the second account may send what was written for the first.

    The message is fixed when it is planned, sender and signature included. A server that vouches for another domain
    would have it fail DMARC at every large provider.
    """
    if first == second:
        raise Refused("An account cannot take over from itself; nothing was sent.", mend="Name another with --then.")
    _require_domain(first, _domain(of_first), second, of_second)


def _require_domain(first: str, domain: str, second: str, of_second: Settings) -> None:
    if domain != _domain(of_second):
        raise Refused(
            f"«{second}» sends for {_domain(of_second) or 'nobody'} and «{first}» for {domain}: the messages are"
            " written once, and would leave under a domain that its server does not vouch for; nothing was sent.",
            mend=f"Name an account of {domain}.",
        )


def _domain(settings: Settings) -> str:
    return settings.mail_from.address.domain if settings.mail_from else ""
