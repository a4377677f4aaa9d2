"""A tally of every dispatch, kept by the database itself in the transaction that moves a delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# Queued, claimed and sending are one: who is on the way changes too often to be worth counting, and is few.
_BUCKET = "CASE WHEN {row}.state IN ('queued', 'claimed', 'sending') THEN 'queued' ELSE {row}.state END"
_ADD = """
    INSERT INTO tally (dispatch_id, sector, domain, state, shard, many)
    VALUES ({row}.dispatch_id, {row}.sector, {row}.domain, {bucket}, {shard}, {many})
    ON CONFLICT (dispatch_id, sector, domain, state, shard) DO UPDATE SET many = tally.many + excluded.many;
"""
_MOVED = "{new} IS DISTINCT FROM {old} OR NEW.sector <> OLD.sector OR NEW.domain <> OLD.domain"


def upgrade() -> None:
    op.create_table(
        "tally",
        sa.Column("dispatch_id", sa.Integer(), nullable=False),
        sa.Column("sector", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("many", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_tally_dispatch_id_dispatch"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dispatch_id", "sector", "domain", "state", "shard", name=op.f("pk_tally")),
        sqlite_with_rowid=False,
    )
    bucket = _BUCKET.format(row="delivery")
    op.execute(
        "INSERT INTO tally (dispatch_id, sector, domain, state, shard, many)"  # noqa: S608 - our own words
        f" SELECT dispatch_id, sector, domain, {bucket}, 0, count(*) FROM delivery"
        f" GROUP BY dispatch_id, sector, domain, {bucket}"
    )
    if op.get_bind().dialect.name == "sqlite":
        _on_sqlite()
    else:
        _on_postgresql()


def _add(row: str, many: int, shard: str) -> str:
    return _ADD.format(row=row, bucket=_BUCKET.format(row=row), shard=shard, many=many)


def _moved() -> str:
    return _MOVED.format(new=_BUCKET.format(row="NEW"), old=_BUCKET.format(row="OLD"))


def _on_sqlite() -> None:
    op.execute(f"CREATE TRIGGER tally_planned AFTER INSERT ON delivery BEGIN {_add('NEW', 1, '0')} END")
    condition = _moved().replace("IS DISTINCT FROM", "<>")
    op.execute(
        f"CREATE TRIGGER tally_moved AFTER UPDATE OF state, sector, domain ON delivery WHEN {condition}"
        f" BEGIN {_add('OLD', -1, '0')} {_add('NEW', 1, '0')} END"
    )
    op.execute(f"CREATE TRIGGER tally_gone AFTER DELETE ON delivery BEGIN {_add('OLD', -1, '0')} END")


def _on_postgresql() -> None:
    # A row for each session: two workers never wait for one another over a sum.
    shard = "pg_backend_pid()"
    for name, body, returned in (
        ("planned", _add("NEW", 1, shard), "NEW"),
        ("moved", _add("OLD", -1, shard) + _add("NEW", 1, shard), "NEW"),
        ("gone", _add("OLD", -1, shard), "OLD"),
    ):
        op.execute(
            f"CREATE FUNCTION tally_{name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $tally$ BEGIN {body} RETURN {returned}; END $tally$"
        )
    each = "FOR EACH ROW"
    op.execute(f"CREATE TRIGGER tally_planned AFTER INSERT ON delivery {each} EXECUTE FUNCTION tally_planned()")
    op.execute(
        f"CREATE TRIGGER tally_moved AFTER UPDATE OF state, sector, domain ON delivery {each}"
        f" WHEN ({_moved()}) EXECUTE FUNCTION tally_moved()"
    )
    op.execute(f"CREATE TRIGGER tally_gone AFTER DELETE ON delivery {each} EXECUTE FUNCTION tally_gone()")
