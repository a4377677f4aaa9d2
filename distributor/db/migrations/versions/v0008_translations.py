"""A release may be the translation of another one."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # SQLite adds a foreign key to a table only together with its column.
    op.execute(
        "ALTER TABLE release ADD COLUMN translates_id INTEGER"
        " CONSTRAINT fk_release_translates_id_release REFERENCES release (id)"
    )
    op.create_index(op.f("ix_release_translates_id"), "release", ["translates_id"])
