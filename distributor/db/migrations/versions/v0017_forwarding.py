"""How far a journalist's answer has been handed on to the press office."""

import sqlalchemy as sa
from alembic import op

from distributor.models import Moment

revision = "0017"
down_revision = "0015"


def upgrade() -> None:
    table = "feedback_event"
    op.add_column(table, sa.Column("forward_state", sa.String(), server_default="", nullable=False))
    op.add_column(table, sa.Column("forward_at", Moment(), nullable=True))
    op.create_index("ix_feedback_event_forward_state", table, ["forward_state"])
