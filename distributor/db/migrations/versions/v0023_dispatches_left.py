"""Which dispatches a worker leaves to other machines, since its own cannot carry them."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("worker", sa.Column("cannot", sa.JSON(), server_default="[]", nullable=False))
