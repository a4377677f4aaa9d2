"""A release may follow another one up, each contact once."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    # SQLite adds a foreign key to a table only together with its column.
    for table in ("release", "delivery"):
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN follows_up_id INTEGER"
            f" CONSTRAINT fk_{table}_follows_up_id_release REFERENCES release (id)"
        )
    op.create_index(op.f("ix_release_follows_up_id"), "release", ["follows_up_id"])
    once = sa.text("follows_up_id IS NOT NULL AND state <> 'withheld'")
    op.create_index(
        "uq_delivery_follows_up_id_contact_id",
        "delivery",
        ["follows_up_id", "contact_id"],
        unique=True,
        sqlite_where=once,
        postgresql_where=once,
    )
