"""That a journalist was informed of their rights: the day the first message with the notice was accepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Dialect, Text, cast, select

from distributor.db.prepared import Prepared, once_for_a_kind
from distributor.deliveries.statements import Statements, informed
from distributor.deliveries.steps import inform
from distributor.models import Dispatch

_dispatch = Dispatch.__table__

RIGHTS = "texts.rights"
"""What a template that prints the notice of rights says; a layout without it informs nobody."""

_note_all_for = once_for_a_kind(partial(Prepared, informed()))


class Informing:
    """Keeps the day for the addressees of accepted deliveries, where they are no test and told the rights."""

    def __init__(self, statements: Statements, dialect: Dialect) -> None:
        self._statements = statements
        self._note_all = _note_all_for(dialect)
        self._informs: dict[int, bool] = {}

    @property
    def known(self) -> dict[int, bool]:
        """Of the dispatches that were asked about, whether their messages tell the rights."""
        return self._informs

    def note(self, connection: Connection, delivery_ids: Sequence[int], now: datetime) -> None:
        """Keep the day for these deliveries. The first one stands: a later message changes nothing."""
        inform(self._statements.on(connection), delivery_ids, partial(self._does_inform, connection), now)

    def note_all(self, connection: Connection, dispatch_id: int, now: datetime) -> None:
        """Keep the day for everyone whom a dispatch has reached: whoever sent it may have been killed before."""
        if self._does_inform(connection, dispatch_id):
            self._note_all.run(connection, {"dispatch": dispatch_id, "now": now})

    def _does_inform(self, connection: Connection, dispatch_id: int) -> bool:
        """Whether the messages of a dispatch tell the rights; its templates are frozen, so this is asked once."""
        if dispatch_id not in self._informs:
            tells = cast(_dispatch.c.templates, Text).contains(RIGHTS, autoescape=True)
            asked = select(_dispatch.c.id).where(_dispatch.c.id == dispatch_id, _dispatch.c.is_test.is_(False), tells)
            self._informs[dispatch_id] = connection.execute(asked).first() is not None
        return self._informs[dispatch_id]
