"""Coverage of releases, and the indexes that reports are read from."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "coverage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("outlet", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_coverage_release_id_release")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverage")),
        sa.UniqueConstraint("url", name=op.f("uq_coverage_url")),
    )
    op.create_index(op.f("ix_coverage_release_id"), "coverage", ["release_id"])
    op.create_index(op.f("ix_coverage_published_on"), "coverage", ["published_on"])
    op.create_index("ix_delivery_dispatch_id_accepted_at", "delivery", ["dispatch_id", "accepted_at"])
    with_reason = sa.text("reason <> ''")
    op.create_index(
        "ix_delivery_with_reason",
        "delivery",
        ["dispatch_id", "state", "reason"],
        sqlite_where=with_reason,
        postgresql_where=with_reason,
    )
