"""What an import heeds of the objections: who was erased does not come back, who said no is not said to have twice."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.addresses import Address
from distributor.contacts.cleaning.drafts import DESK, OPTED_OUT, ContactDraft
from distributor.contacts.cleaning.mailboxes import is_role_address
from distributor.contacts.objections import suppression
from distributor.models import Suppression
from distributor.tokens import Keyring

ERASED = "This person was erased at their own request and is not taken in again (distributor suppressions check)."


class Screen:
    """The objections of the base, read once. Raises `Refused` when they are kept under another key."""

    def __init__(self, session: Session, keyring: Keyring) -> None:
        self._keyring = keyring
        self._erased = suppression.erased_hashes(session, keyring)
        everything = select(col(Suppression.address_hash)).where(col(Suppression.scope) == "")
        self._objected = set(session.scalars(everything))

    def admit(self, draft: ContactDraft) -> ContactDraft | None:
        """The draft as it may be taken in, without erased further addresses; None for somebody who was erased.

        An opt-out in the file is left out where the objection is on record: it would outlive a later withdrawal.
        """
        if self._erased:
            if self._is_in(draft.address, self._erased):
                return None
            draft = replace(draft, others=tuple(one for one in draft.others if not self._is_in(one, self._erased)))
            if draft.post and draft.post.address and self._is_in(draft.post.address, self._erased):
                draft = replace(draft, post=replace(draft.post, address=None))
        if draft.flag == OPTED_OUT and self._is_in(draft.address, self._objected):
            return replace(draft, flag=DESK if is_role_address(draft.address) else "")
        return draft

    def _is_in(self, address: Address, hashes: set[str]) -> bool:
        return self._keyring.address_hash(address.key) in hashes
