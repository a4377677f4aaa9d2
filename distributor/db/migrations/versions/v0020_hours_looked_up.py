"""Dispatches are looked up by their state, and who waits for an hour by that hour."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_index(op.f("ix_dispatch_state"), "dispatch", ["state"])
    op.drop_index("ix_delivery_that_waits", "delivery")
    waits = sa.text("not_before IS NOT NULL OR embargo_until IS NOT NULL")
    op.create_index(
        "ix_delivery_that_waits",
        "delivery",
        ["dispatch_id", "state", "not_before", "embargo_until"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
