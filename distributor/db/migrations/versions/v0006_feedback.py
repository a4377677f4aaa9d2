"""What became of a message that came back, whom it is about, and what a person may confirm."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    table = "feedback_event"
    op.add_column(table, sa.Column("state", sa.String(), server_default="recorded", nullable=False))
    for name in ("address", "sender", "evidence", "handled_by"):
        op.add_column(table, sa.Column(name, sa.String(), server_default="", nullable=False))
    for name in ("subject", "said"):
        op.add_column(table, sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column(table, sa.Column("details", sa.JSON(), server_default="{}", nullable=False))
    op.add_column(table, sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_feedback_event_state", table, ["state"])
    op.create_index("ix_feedback_event_address", table, ["address"])
