"""A change of a delivery's state costs little: sums by sector and by domain, and fewer indexes that know the state."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

# Queued, claimed and sending are one: who is on the way changes too often to be worth counting, and is few. That one is
# not counted at all: it is those who were planned, less all others.
_ON_THE_WAY = "('queued', 'claimed', 'sending')"
_PLANNED = "'planned'"
_ADD = """
    INSERT INTO tally (dispatch_id, kind, name, state, shard, many)
    VALUES ({row}.dispatch_id, '{kind}', {row}.{kind}, {state}, {shard}, {many})
    ON CONFLICT (dispatch_id, kind, name, state, shard) DO UPDATE SET many = tally.many + excluded.many;
"""
_KINDS = ("sector", "domain")
_CHANGED = "NEW.state <> OLD.state"
_IS_WRONG = "NEW.is_withheld <> (NEW.state = 'withheld')"
_ONCE = {
    "release_version_id": "NOT is_withheld",
    "follows_up_id": "follows_up_id IS NOT NULL AND NOT is_withheld",
}


def _add(row: str, state: str, many: int, *, of: str = "") -> str:
    """Count one more, or one less, at the place that `row` names (`state` that of `of`)."""
    return "".join(
        _ADD.format(row=row, kind=kind, state=state.format(of or row), shard="{shard}", many=many) for kind in _KINDS
    )


def _settled(row: str) -> str:
    return f"{row}.state NOT IN {_ON_THE_WAY}"


# When, after what, does what. Where the state changes together with the place, the old place is counted first.
_TRIGGERS = {
    "tally_planned": ("INSERT", "", _add("NEW", _PLANNED, 1)),
    "tally_planned_settled": ("INSERT", _settled("NEW"), _add("NEW", "{}.state", 1)),
    "tally_settled": ("UPDATE OF state", f"{_CHANGED} AND {_settled('NEW')}", _add("OLD", "{}.state", 1, of="NEW")),
    "tally_unsettled": ("UPDATE OF state", f"{_CHANGED} AND {_settled('OLD')}", _add("OLD", "{}.state", -1)),
    "tally_moved": (
        "UPDATE OF sector, domain",
        "NEW.sector <> OLD.sector OR NEW.domain <> OLD.domain",
        _add("OLD", _PLANNED, -1) + _add("NEW", _PLANNED, 1),
    ),
    "tally_moved_settled": (
        "UPDATE OF sector, domain",
        f"(NEW.sector <> OLD.sector OR NEW.domain <> OLD.domain) AND {_settled('NEW')}",
        _add("OLD", "{}.state", -1, of="NEW") + _add("NEW", "{}.state", 1),
    ),
    "tally_gone": ("DELETE", "", _add("OLD", _PLANNED, -1)),
    "tally_gone_settled": ("DELETE", _settled("OLD"), _add("OLD", "{}.state", -1)),
}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    _without_the_old_tally(is_sqlite=is_sqlite)
    _with_the_new_one(is_sqlite=is_sqlite)
    _say_who_is_withheld(is_sqlite=is_sqlite)
    op.drop_index("ix_delivery_dispatch_id_accepted_at", "delivery")
    accepted = sa.text("accepted_at IS NOT NULL")
    op.create_index(
        "ix_delivery_dispatch_id_accepted_at",
        "delivery",
        ["dispatch_id", "accepted_at"],
        sqlite_where=accepted,
        postgresql_where=accepted,
    )


def _without_the_old_tally(*, is_sqlite: bool) -> None:
    for name in ("tally_planned", "tally_moved", "tally_gone"):
        op.execute(f"DROP TRIGGER {name}" + ("" if is_sqlite else " ON delivery"))
        if not is_sqlite:
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("tally")


def _with_the_new_one(*, is_sqlite: bool) -> None:
    op.create_table(
        "tally",
        sa.Column("dispatch_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("many", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_tally_dispatch_id_dispatch"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispatch_id", "kind", "name", "state", "shard", name=op.f("pk_tally")),
        sqlite_with_rowid=False,
    )
    for kind in _KINDS:
        for state, which in ((_PLANNED, ""), ("state", f" WHERE state NOT IN {_ON_THE_WAY}")):
            op.execute(
                "INSERT INTO tally (dispatch_id, kind, name, state, shard, many)"  # noqa: S608 - our own words
                f" SELECT dispatch_id, '{kind}', {kind}, {state}, 0, count(*) FROM delivery{which} GROUP BY 1, 2, 3, 4"
            )
    # On PostgreSQL a row for each session: two workers never wait for one another over a sum.
    shard = "0" if is_sqlite else "pg_backend_pid()"
    for name, (after, when, body) in _TRIGGERS.items():
        _trigger(name, f"AFTER {after}", when, body.format(shard=shard), is_sqlite=is_sqlite)


def _say_who_is_withheld(*, is_sqlite: bool) -> None:
    op.add_column("delivery", sa.Column("is_withheld", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("UPDATE delivery SET is_withheld = true WHERE state = 'withheld'")
    for column, who in _ONCE.items():
        name = f"uq_delivery_{column}_contact_id"
        op.drop_index(name, "delivery")
        where = sa.text(who)
        op.create_index(
            name, "delivery", [column, "contact_id"], unique=True, sqlite_where=where, postgresql_where=where
        )
    if is_sqlite:  # where a row cannot be changed before it is written
        corrected = "UPDATE delivery SET is_withheld = (NEW.state = 'withheld') WHERE id = NEW.id;"
        _trigger("delivery_withheld", "AFTER UPDATE OF state", _IS_WRONG, corrected, is_sqlite=True)
        _trigger("delivery_planned_withheld", "AFTER INSERT", _IS_WRONG, corrected, is_sqlite=True)
    else:
        corrected = "NEW.is_withheld := NEW.state = 'withheld';"
        _trigger("delivery_withheld", "BEFORE INSERT OR UPDATE OF state", _IS_WRONG, corrected, is_sqlite=False)


def _trigger(name: str, moment: str, when: str, body: str, *, is_sqlite: bool) -> None:
    """A trigger for each row of `delivery`."""
    if is_sqlite:
        condition = f" WHEN {when}" if when else ""
        op.execute(f"CREATE TRIGGER {name} {moment} ON delivery{condition} BEGIN {body} END")
        return
    ends = f"RETURN {'OLD' if 'DELETE' in moment else 'NEW'}; END"
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $does$ BEGIN {body} {ends} $does$")
    condition = f" WHEN ({when})" if when else ""
    op.execute(f"CREATE TRIGGER {name} {moment} ON delivery FOR EACH ROW{condition} EXECUTE FUNCTION {name}()")
