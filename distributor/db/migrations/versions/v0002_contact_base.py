"""The contact base: second addresses, merges, what lists were, column mappings, domain checks."""

import sqlalchemy as sa
from alembic import op

from distributor.folding import fold

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "column_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("header", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_column_mapping")),
        sa.UniqueConstraint("name", name=op.f("uq_column_mapping_name")),
    )
    op.create_table(
        "domain_check",
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("takes_mail", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_domain_check")),
    )
    _add_merges()
    _add_departures()
    _widen_contact()


def _add_merges() -> None:
    op.create_table(
        "contact_merge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kept_id", sa.Integer(), nullable=False),
        sa.Column("merged_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["kept_id"], ["contact.id"], name=op.f("fk_contact_merge_kept_id_contact"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["merged_id"], ["contact.id"], name=op.f("fk_contact_merge_merged_id_contact"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_merge")),
    )
    op.create_index(op.f("ix_contact_merge_kept_id"), "contact_merge", ["kept_id"])
    op.create_index(op.f("ix_contact_merge_merged_id"), "contact_merge", ["merged_id"])


def _add_departures() -> None:
    op.create_table(
        "media_list_departure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("media_list_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_media_list_departure_contact_id_contact"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["media_list_id"],
            ["media_list.id"],
            name=op.f("fk_media_list_departure_media_list_id_media_list"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_list_departure")),
    )
    op.create_index(op.f("ix_media_list_departure_contact_id"), "media_list_departure", ["contact_id"])
    op.create_index(op.f("ix_media_list_departure_media_list_id"), "media_list_departure", ["media_list_id"])


def _widen_contact() -> None:
    # SQLite adds a foreign key to a table only together with its column, and Alembic would leave ON DELETE out.
    op.execute(
        "ALTER TABLE contact ADD COLUMN same_as_id INTEGER"
        " CONSTRAINT fk_contact_same_as_id_contact REFERENCES contact (id) ON DELETE CASCADE"
    )
    for name in ("name_key", "other_languages", "channel"):
        op.add_column("contact", sa.Column(name, sa.String(), server_default="", nullable=False))
    op.add_column("contact", sa.Column("topics", sa.Text(), server_default="", nullable=False))
    op.add_column("contact", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_contact_name_key"), "contact", ["name_key"])
    op.create_index(op.f("ix_contact_same_as_id"), "contact", ["same_as_id"])
    _fold_names()


def _fold_names() -> None:
    contact = sa.table("contact", *(sa.column(name) for name in ("id", "first_name", "last_name", "name_key")))
    connection = op.get_bind()
    rows = connection.execute(sa.select(contact.c.id, contact.c.first_name, contact.c.last_name)).all()
    if rows:
        connection.execute(
            contact.update().where(contact.c.id == sa.bindparam("of")).values(name_key=sa.bindparam("folded")),
            [{"of": key, "folded": fold(f"{first} {last}")} for key, first, last in rows],
        )
