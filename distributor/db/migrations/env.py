"""Runs the migrations on the connection that `db.migrate` hands over, inside its transaction."""

from alembic import context
from sqlmodel import SQLModel

import distributor.models  # noqa: F401 - registers the tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    transactional_ddl=True,
)
context.run_migrations()
