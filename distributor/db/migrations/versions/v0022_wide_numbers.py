"""On PostgreSQL rows are numbered in 64 bits, as they are in a SQLite file.

Two thousand million attempts, for ever, were the end of 32 bits.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel import SQLModel

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        return
    there = sa.inspect(connection)
    ours = SQLModel.metadata.tables  # in the same schema may be those of another program
    for table in sorted(ours.keys() & set(there.get_table_names())):
        names = {name for key in there.get_foreign_keys(table) for name in key["constrained_columns"]} | {"id"}
        columns = (column for column in there.get_columns(table) if column["name"] in names)
        numbers = [column["name"] for column in columns if isinstance(column["type"], sa.Integer)]
        if numbers:  # all in one statement: each writes the table anew
            op.execute(f"ALTER TABLE {table} " + ", ".join(f"ALTER {name} TYPE BIGINT" for name in numbers))
        if "id" in numbers:
            op.execute(f"ALTER SEQUENCE {table}_id_seq AS BIGINT")
