"""On PostgreSQL the tally is kept once a statement, and no more once a row.

A sum that one transaction changes for each of its rows leaves as many versions of itself, and each change goes through
all those before it: to plan 32,000 deliveries took forty seconds, and a million would have taken half a day.
"""

from alembic import op

revision = "0021"
down_revision = "0020"

_FOR_EACH_ROW = (
    "tally_planned",
    "tally_planned_settled",
    "tally_settled",
    "tally_unsettled",
    "tally_moved",
    "tally_moved_settled",
    "tally_gone",
    "tally_gone_settled",
)
_ARRIVED = "SELECT dispatch_id, sector, domain, state, 1 AS step FROM arrived"
_LEFT = "SELECT dispatch_id, sector, domain, state, -1 AS step FROM gone"
# When, what the statement's rows are called, and how each counts. A row that stays where it was counts nothing.
_TRIGGERS = {
    "tally_planned": ("INSERT", "NEW TABLE AS arrived", _ARRIVED),
    "tally_moved": ("UPDATE", "OLD TABLE AS gone NEW TABLE AS arrived", f"{_ARRIVED} UNION ALL {_LEFT}"),
    "tally_gone": ("DELETE", "OLD TABLE AS gone", _LEFT),
}
_COUNT = """
    INSERT INTO tally (dispatch_id, kind, name, state, shard, many)
    SELECT r.dispatch_id, place.kind, place.name, counted.state, pg_backend_pid(), sum(r.step)
    FROM ({rows}) AS r
    CROSS JOIN LATERAL (VALUES ('sector', r.sector), ('domain', r.domain)) AS place (kind, name)
    CROSS JOIN LATERAL (VALUES ('planned'), (r.state)) AS counted (state)
    WHERE counted.state NOT IN ('queued', 'claimed', 'sending')
    GROUP BY r.dispatch_id, place.kind, place.name, counted.state
    HAVING sum(r.step) <> 0
    ON CONFLICT (dispatch_id, kind, name, state, shard) DO UPDATE SET many = tally.many + excluded.many;
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":  # a row is changed where it stands
        return
    for name in _FOR_EACH_ROW:
        op.execute(f"DROP TRIGGER {name} ON delivery")
        op.execute(f"DROP FUNCTION {name}()")
    for name, (moment, called, rows) in _TRIGGERS.items():
        body = _COUNT.format(rows=rows)
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $does$ BEGIN {body} RETURN NULL; END $does$"
        )
        op.execute(
            f"CREATE TRIGGER {name} AFTER {moment} ON delivery REFERENCING {called}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
