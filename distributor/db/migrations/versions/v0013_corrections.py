"""A delivery may correct another one, of the same journalist; a dispatch keeps what its correction says to whom."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    # SQLite adds a foreign key to a table only together with its column.
    op.execute(
        "ALTER TABLE delivery ADD COLUMN corrects_id INTEGER"
        " CONSTRAINT fk_delivery_corrects_id_delivery REFERENCES delivery (id)"
    )
    corrects = sa.text("corrects_id IS NOT NULL")
    op.create_index(
        op.f("ix_delivery_corrects_id"),
        "delivery",
        ["corrects_id"],
        sqlite_where=corrects,
        postgresql_where=corrects,
    )
    op.add_column("dispatch", sa.Column("correction", sa.JSON(), server_default="{}", nullable=False))
