"""That a journalist was informed of their rights: the day the first message with the notice was accepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Dialect, Text, Update, bindparam, cast, func, select, update
from sqlalchemy.sql.elements import ColumnElement

from distributor.db.prepared import Prepared, among
from distributor.models import Delivery
from distributor.states import DeliveryState

_TABLES = Delivery.metadata.tables
_contact, _delivery, _dispatch = _TABLES["contact"], _TABLES["delivery"], _TABLES["dispatch"]

NOTICE = "texts.rights"
"""What a template that prints the notice of rights says; a layout without it informs nobody."""


class Notices:
    """Keeps the day for the addressees of accepted deliveries, where they are no test and told the rights."""

    def __init__(self, dialect: Dialect) -> None:
        self._note = Prepared(_informed(among(_delivery.c.id, "ids", dialect)), dialect)
        self._note_all = Prepared(_informed(), dialect)
        self._dispatches = Prepared(
            select(_delivery.c.dispatch_id).where(among(_delivery.c.id, "ids", dialect)).distinct(), dialect
        )
        self._informs: dict[int, bool] = {}

    def note(self, connection: Connection, delivery_ids: Sequence[int], now: datetime) -> None:
        """Keep the day for these deliveries. The first one stands: a later message changes nothing."""
        if not delivery_ids:
            return
        ids = list(delivery_ids)
        for (dispatch_id,) in self._dispatches.run(connection, {"ids": ids}).all():
            if self._does_inform(connection, dispatch_id):
                self._note.run(connection, {"ids": ids, "dispatch": dispatch_id, "now": now})

    def note_all(self, connection: Connection, dispatch_id: int, now: datetime) -> None:
        """Keep the day for everyone whom a dispatch has reached: whoever sent it may have been killed before."""
        if self._does_inform(connection, dispatch_id):
            self._note_all.run(connection, {"dispatch": dispatch_id, "now": now})

    def _does_inform(self, connection: Connection, dispatch_id: int) -> bool:
        """Whether the messages of a dispatch tell the rights; its templates are frozen, so this is asked once."""
        if dispatch_id not in self._informs:
            tells = cast(_dispatch.c.templates, Text).contains(NOTICE, autoescape=True)
            asked = select(_dispatch.c.id).where(_dispatch.c.id == dispatch_id, _dispatch.c.is_test.is_(False), tells)
            self._informs[dispatch_id] = connection.execute(asked).first() is not None
        return self._informs[dispatch_id]


def _informed(*which: ColumnElement[bool]) -> Update:
    """The statement that keeps the day, for the accepted deliveries of one dispatch."""
    person = _contact.alias()
    told = (
        select(func.coalesce(person.c.same_as_id, person.c.id))
        .select_from(_delivery.join(person, person.c.id == _delivery.c.contact_id))
        .where(*which, _delivery.c.state == DeliveryState.ACCEPTED.value)
        .where(_delivery.c.dispatch_id == bindparam("dispatch"))
    )
    # Skipping what another worker holds: that one writes the same day, and waiting for each other would be a knot.
    first = (
        select(_contact.c.id)
        .where(_contact.c.notice_sent_at.is_(None), _contact.c.id.in_(told))
        .with_for_update(skip_locked=True)
    )
    day = bindparam("now", type_=_contact.c.notice_sent_at.type)
    return update(_contact).where(_contact.c.id.in_(first)).values(notice_sent_at=day)
