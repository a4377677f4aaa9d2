"""A dispatch by the number that somebody typed."""

from __future__ import annotations

from sqlmodel import Session

from distributor.errors import BadInput
from distributor.models import Dispatch


def get_dispatch(session: Session, dispatch_id: int, *, locked: bool = False) -> Dispatch:
    """The dispatch with this number, its row `locked` for the session's transaction; `BadInput` when there is none."""
    dispatch = session.get(Dispatch, dispatch_id, with_for_update=locked)
    if dispatch is None:
        raise no_dispatch(dispatch_id)
    return dispatch


def no_dispatch(dispatch_id: int) -> BadInput:
    """That there is no dispatch with this number."""
    return BadInput(f"There is no dispatch {dispatch_id}.", mend="See: distributor dispatches list")
