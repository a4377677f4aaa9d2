"""Until when a dispatch may leave, and the hour at which an outlet closes its edition."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("dispatch", sa.Column("not_after", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outlet", sa.Column("deadline", sa.String(), nullable=False, server_default=""))
