"""Named sending accounts: how each is set, which second one may take over a dispatch, and which one an attempt used."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("account", sa.Column("config", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("dispatch", sa.Column("takeover", sa.JSON(), server_default="{}", nullable=False))
    # SQLite adds a foreign key to a table only together with its column.
    op.execute(
        "ALTER TABLE dispatch ADD COLUMN then_account_id INTEGER"
        " CONSTRAINT fk_dispatch_then_account_id_account REFERENCES account (id)"
    )
    op.add_column("attempt", sa.Column("account", sa.String(), server_default="", nullable=False))
