"""A dispatch by the number that somebody typed, and by the states that its deliveries are in."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import exists
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col

from distributor.errors import BadInput
from distributor.models import Delivery, Dispatch
from distributor.states import DeliveryState


def get_dispatch(session: Session, dispatch_id: int, *, locked: bool = False) -> Dispatch:
    """The dispatch with this number, its row `locked` for the session's transaction; `BadInput` when there is none."""
    dispatch = session.get(Dispatch, dispatch_id, with_for_update=locked)
    if dispatch is None:
        raise no_dispatch(dispatch_id)
    return dispatch


def no_dispatch(dispatch_id: int) -> BadInput:
    """That there is no dispatch with this number."""
    return BadInput(f"There is no dispatch {dispatch_id}.", mend="See: distributor dispatches list")


def has_deliveries(states: Collection[DeliveryState]) -> ColumnElement[bool]:
    """The condition that a dispatch has deliveries in one of these states."""
    return exists().where(col(Delivery.dispatch_id) == col(Dispatch.id), col(Delivery.state).in_(list(states)))
