"""What a file is to the message: attached, shown in the text, the logo; and the files of one dispatch alone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("attachment", sa.Column("role", sa.String(), server_default="attachment", nullable=False))
    op.add_column("attachment", sa.Column("source", sa.String(), server_default="", nullable=False))
    op.add_column("dispatch", sa.Column("files", sa.JSON(), server_default="[]", nullable=False))
