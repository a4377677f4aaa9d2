"""The pace of accounts and providers, shared by all processes; logins that were refused; what a dispatch waits for."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "pace",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_pace_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "scope", name=op.f("pk_pace")),
    )
    op.create_table(
        "pace_share",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(), nullable=False),
        sa.Column("connections", sa.Integer(), nullable=False),
        sa.Column("wish", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_pace_share_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "worker", name=op.f("pk_pace_share")),
    )
    op.create_table(
        "refused_login",
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("said", sa.Text(), server_default="", nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_refused_login")),
    )
    op.add_column("dispatch", sa.Column("waits_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("dispatch", sa.Column("waits_for", sa.String(), server_default="", nullable=False))
