"""Embargoes that are moved and agreed to, and waves: deliveries that wait for their time."""

import sqlalchemy as sa
from alembic import op

from distributor.models import Moment

revision = "0012"
down_revision = "0011"

_WAITS = sa.text("not_before IS NOT NULL OR embargo_until IS NOT NULL")


def upgrade() -> None:
    op.add_column("delivery", sa.Column("wave", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("delivery", sa.Column("not_before", Moment(), nullable=True))
    op.add_column("delivery", sa.Column("embargo_until", Moment(), nullable=True))
    op.create_index(
        "ix_delivery_that_waits", "delivery", ["dispatch_id", "state"], sqlite_where=_WAITS, postgresql_where=_WAITS
    )
    _create_wave()
    _create_embargo()
    # Whoever waits while this is brought in is under the embargo that the words of their version say.
    op.execute(
        "UPDATE delivery SET embargo_until = (SELECT v.embargo_until FROM release_version v"
        " WHERE v.id = delivery.release_version_id) WHERE state IN ('queued', 'deferred', 'claimed', 'in_doubt')"
    )


def _create_wave() -> None:
    op.create_table(
        "wave",
        sa.Column("dispatch_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("is_exclusive", sa.Boolean(), nullable=False),
        sa.Column("after_s", sa.Integer(), nullable=True),
        sa.Column("starts_at", Moment(), nullable=True),
        sa.Column("began_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_wave_dispatch_id_dispatch"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispatch_id", "number", name=op.f("pk_wave")),
    )


def _create_embargo() -> None:
    op.create_table(
        "embargo_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("said", Moment(), nullable=True),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_embargo_change_release_id_release")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_embargo_change")),
    )
    op.create_index(op.f("ix_embargo_change_release_id"), "embargo_change", ["release_id"])
    op.create_table(
        "embargo_acceptance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("accepted_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_embargo_acceptance_release_id_release")),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
            name=op.f("fk_embargo_acceptance_contact_id_contact"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_embargo_acceptance")),
        sa.UniqueConstraint("release_id", "contact_id", name=op.f("uq_embargo_acceptance_release_id_contact_id")),
    )
    op.create_index(op.f("ix_embargo_acceptance_contact_id"), "embargo_acceptance", ["contact_id"])
