"""Who stands on a dispatch of one release version already, and what that means for them, in words."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.contacts.people.ownership import owner
from distributor.models import Contact, Delivery, Dispatch, ReleaseVersion
from distributor.states import OPEN_STATES, DeliveryState

_S = DeliveryState
_WORDS = {
    **dict.fromkeys(OPEN_STATES, "waits for it (dispatch {0})"),
    _S.ACCEPTED: "has it (dispatch {0})",
    _S.COMPLAINED: "has it (dispatch {0}), and marked it as unwanted",
    _S.BOUNCED: "it came back (dispatch {0}); mend the address, the next release reaches them",
    _S.REJECTED: "was refused (dispatch {0}); to send again: distributor dispatches retry {0} --state rejected",
    _S.EXPIRED: "was put off too long (dispatch {0}); to send again: distributor dispatches retry {0} --state expired",
    _S.IN_DOUBT: "may have it (dispatch {0}); to end the doubt: distributor dispatches resolve {0}",
}
"""State → how somebody stands who is not sent the same version by another dispatch. Who was withheld is."""


def find_held(session: Session, version: ReleaseVersion) -> dict[str | int, str]:
    """Everyone who has, or is about to have, this version, by address key and by person, each with how they stand.

    What a duplicate got before it was merged, the contact it was merged into has.
    """
    rows = session.execute(
        select(col(Delivery.address_key), owner(), col(Delivery.state), col(Delivery.dispatch_id))
        .join(Contact, col(Contact.id) == col(Delivery.contact_id), isouter=True)
        .join(Dispatch, col(Dispatch.id) == col(Delivery.dispatch_id))
        .where(
            col(Delivery.release_version_id) == version.id,
            col(Dispatch.is_test).is_(False),
            col(Delivery.state) != DeliveryState.WITHHELD,
        )
    )
    held: dict[str | int, str] = {}
    for key, person, state, dispatch_id in rows:
        words = _WORDS[DeliveryState(state)].format(dispatch_id)
        held[key] = words
        if person is not None:
            held[person] = words
    return held
