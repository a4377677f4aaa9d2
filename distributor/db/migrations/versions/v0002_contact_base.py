"""The contact base: second addresses, merges, what lists were, column mappings, domain checks."""

import re

import sqlalchemy as sa
from alembic import op

from distributor.addresses import Address, BadAddress, parse_address
from distributor.folding import fold

revision = "0002"
down_revision = "0001"

_EMPTY = ("civility", "first_name", "last_name", "language", "familiarity", "phone", "region")


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
    _free_second_addresses()


def _fold_names() -> None:
    contact = sa.table("contact", *(sa.column(name) for name in ("id", "first_name", "last_name", "name_key")))
    connection = op.get_bind()
    rows = connection.execute(sa.select(contact.c.id, contact.c.first_name, contact.c.last_name)).all()
    if rows:
        connection.execute(
            contact.update().where(contact.c.id == sa.bindparam("of")).values(name_key=sa.bindparam("folded")),
            [{"of": key, "folded": fold(f"{first} {last}")} for key, first, last in rows],
        )


def _free_second_addresses() -> None:
    """What an import had put aside in `fields` as «other_addresses» becomes addresses that are found again."""
    contact = sa.table(
        "contact",
        sa.column("id", sa.Integer),
        sa.column("same_as_id", sa.Integer),
        sa.column("fields", sa.JSON),
        sa.column("embargo_trust", sa.Boolean),
        sa.column("collected_at", sa.DateTime(timezone=True)),
        sa.column("created_at", sa.DateTime(timezone=True)),
        sa.column("updated_at", sa.DateTime(timezone=True)),
        *(
            sa.column(name, sa.String)
            for name in (*_EMPTY, "address", "address_key", "attachments", "flag", "source", "legal_basis")
        ),
    )
    connection = op.get_bind()
    taken = set(connection.execute(sa.select(contact.c.address_key)).scalars())
    for key, fields in connection.execute(sa.select(contact.c.id, contact.c.fields)).all():
        if "other_addresses" not in fields:
            continue
        left = []
        for word in re.split(r"[\s,;|]+", fields.pop("other_addresses")):
            try:
                address = parse_address(word)
            except BadAddress:
                left += [word] if word.strip(":") else []
                continue
            if address.key not in taken:
                taken.add(address.key)
                _add_second_address(connection, contact, key, address)
        if left:
            fields["other_addresses"] = " ".join(left)
        connection.execute(contact.update().where(contact.c.id == key).values(fields=fields))


def _add_second_address(connection: sa.Connection, contact: sa.TableClause, owner: int, address: Address) -> None:
    values = {
        "same_as_id": contact.c.id,
        "address": sa.literal(address.spec, sa.String),
        "address_key": sa.literal(address.key, sa.String),
        "fields": sa.literal({}, sa.JSON),
        "attachments": sa.literal("yes", sa.String),
        "embargo_trust": sa.false(),
        "flag": sa.literal("", sa.String),
        **{name: sa.literal("", sa.String) for name in _EMPTY},
        **{name: contact.c[name] for name in ("source", "legal_basis", "collected_at", "created_at", "updated_at")},
    }
    rows = sa.select(*values.values()).where(contact.c.id == owner)
    connection.execute(contact.insert().from_select(list(values), rows))
