"""Which accounts a worker sends through: of what goes through others it has nothing in hand."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("worker", sa.Column("accounts", sa.JSON(), server_default="[]", nullable=False))
