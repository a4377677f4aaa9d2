"""Copying the database, and saying what to put into .env."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from distributor.cli.terminal.output import console, count, show_table
from distributor.db.copying import copy_database
from distributor.db.engine import Database
from distributor.deliveries.roster import require_nobody_at_work
from distributor.doctor.configuration import masked_url
from distributor.errors import BadInput, StorageTrouble
from distributor.settings import HIDDEN, PREFIX, read_database_url
from distributor.wiring import Workspace, make_private


def copy_to(workspace: Workspace, url: str) -> None:
    """Copy the workspace's database to another, empty one at `url`; for «-», standard input names it."""
    if url == "-":
        url = sys.stdin.readline().strip()
    with _named_here():
        target = Database(read_database_url(workspace.path, url))
    source = workspace.database
    if target.url == source.url:
        raise BadInput("That is the present database.", mend="Name another, empty one.")
    require_rest = partial(
        require_nobody_at_work,
        because="It would go on with the present database, and the new one would send the same again; nothing was"
        " copied.",
        mend="Stop it, on every machine; then copy.",
    )
    with source.reading() as connection:
        require_rest(connection)
    try:
        with _named_here():
            if target.file is not None:
                make_private(target.file)
            with target.reading():
                pass  # whether it answers at all
        copied = copy_database(source, target, require_rest)
    finally:
        target.close()
    show_table(["table", "rows", "digest"], [(one.name, one.rows, one.digest[:16]) for one in copied], right=[1])
    console().print(
        f"{count(sum(one.rows for one in copied), 'row')} copied and compared. The present database is as it was."
    )
    shown = url if target.is_sqlite else masked_url(url)
    console().print(f"To use the new one, write into .env: {PREFIX}DATABASE_URL={shown}", soft_wrap=True)
    if HIDDEN in shown:
        console().print(
            f"{HIDDEN} stands for the password, which is shown nowhere: put it there yourself.", soft_wrap=True
        )


@contextmanager
def _named_here() -> Iterator[None]:
    """Within it, what is wrong with a database's address is wrong with the one that was typed, not with the setting."""
    try:
        yield
    except BadInput as error:
        raise BadInput(error.message, field=error.field and "URL", mend=_of_the_url(error)) from None
    except StorageTrouble as error:
        raise StorageTrouble(error.message, mend=_of_the_url(error)) from None


def _of_the_url(error: BadInput | StorageTrouble) -> str:
    return error.mend.replace(f"{PREFIX}DATABASE_URL", "the URL")
