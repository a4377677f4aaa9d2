"""That a journalist was informed of their rights: the day the first message with the notice was accepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Text, cast, func, select, update

from distributor.models import Delivery
from distributor.states import DeliveryState

_TABLES = Delivery.metadata.tables
_contact, _delivery, _dispatch = _TABLES["contact"], _TABLES["delivery"], _TABLES["dispatch"]

NOTICE = "texts.rights"
"""What a template that prints the notice of rights says; a layout without it informs nobody."""


def note_informed(connection: Connection, delivery_ids: Sequence[int], now: datetime) -> None:
    """Keep the day for the addressees of these deliveries, where they were accepted, are no test, and told the rights.

    The first day stands: a later message changes nothing.
    """
    if not delivery_ids:
        return
    person = _contact.alias()
    informed = (
        select(func.coalesce(person.c.same_as_id, person.c.id))
        .select_from(_delivery)
        .join(person, person.c.id == _delivery.c.contact_id)
        .join(_dispatch, _dispatch.c.id == _delivery.c.dispatch_id)
        .where(
            _delivery.c.id.in_(delivery_ids),
            _delivery.c.state == DeliveryState.ACCEPTED,
            _dispatch.c.is_test.is_(False),
            cast(_dispatch.c.templates, Text).contains(NOTICE, autoescape=True),
        )
    )
    connection.execute(
        update(_contact)
        .where(_contact.c.notice_sent_at.is_(None), _contact.c.id.in_(informed))
        .values(notice_sent_at=now)
    )
