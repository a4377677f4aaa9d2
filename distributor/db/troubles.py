"""What a database driver says about the machine (disk, lock, network), as one plain sentence of ours."""

from __future__ import annotations

from distributor.errors import ONCE_MORE, BadInput, Crossed, DistributorError, StorageTrouble

_CROSSED = frozenset({"40P01", "40001", "23505", "23503"})
_CHECK_URL = "Check DISTRIBUTOR_DATABASE_URL."
_NO_TABLES = "42P01"
_OF_THE_SERVER = frozenset({"53", "58", "XX"})
"""The classes of what goes wrong with the server itself: its disk and memory, the system below it, its own files."""
_REFUSED = ("authentication failed", "no password supplied", "no pg_hba.conf entry")
_INPUT = {
    "42501": (
        "The database does not let us in everywhere ({words}).",
        "Let our user own it: ALTER DATABASE its_name OWNER TO its_user; or grant it what docs/deploy.md lists.",
    ),
    "3F000": (
        "The database has no schema that our user's search_path names ({words}).",
        "Make it one: CREATE SCHEMA AUTHORIZATION its_user.",
    ),
}
_TOOK_TOO_LONG = "The database has ended what we had begun ({words}).", ONCE_MORE
_STORAGE = {
    "25006": (
        "The database is a standby, or set to be read only ({words}).",
        "Let DISTRIBUTOR_DATABASE_URL name the server that takes what is written.",
    ),
    "53100": (
        "The database server's disk is full ({words}); nothing half-done was kept.",
        f"Free some space there. {ONCE_MORE}",
    ),
    "57014": (
        "The database has ended what we had asked of it ({words}).",
        f"{ONCE_MORE} Where it says so again, let our user take longer: ALTER ROLE its_user SET statement_timeout = 0.",
    ),
    "25P03": _TOOK_TOO_LONG,
    "25P04": _TOOK_TOO_LONG,
    "55P03": (
        "Somebody else has held what must be written for a minute and a half ({words}).",
        f"{ONCE_MORE} Where it says so again, end whom pg_stat_activity shows as «idle in transaction».",
    ),
}
"""PostgreSQL's numbers: for transactions that waited for each other, or that wrote the same (both had asked whether it
was there), or to a row that is gone; a table that is not there, a right or a schema that its user lacks; for writing
where one may only read, or where there is no room, a statement or a transaction that it has ended because it took too
long, and rows that another one has not given free."""


def of_server(number: str, said: str) -> DistributorError | None:
    """What PostgreSQL says of itself under one of these numbers; None for any other."""
    words = _first_line(said)
    if number == _NO_TABLES:
        return _no_tables()
    if number in _CROSSED:
        return crossed(words)
    for kind, table in ((BadInput, _INPUT), (StorageTrouble, _STORAGE)):
        if found := table.get(number):
            message, mend = found
            return kind(message.format(words=words), mend=mend)
    if number[:2] in _OF_THE_SERVER:
        return StorageTrouble(f"The database server is in trouble itself ({words}).", mend="Look into its log.")
    return None


def crossed(words: str) -> Crossed:
    """That another command was in the way, as `words` say."""
    return Crossed(f"Another command was at the same rows, so nothing was written ({words}).", mend=ONCE_MORE)


def of_operation(said: str) -> DistributorError:
    """What the driver's «operational error» with these words means for the user."""
    words = _first_line(said)
    if "disk is full" in words or "disk I/O" in words:
        return StorageTrouble(
            f"The disk cannot take what must be written ({words}); nothing half-done was kept.",
            mend=f"Free some space. {ONCE_MORE}",
        )
    if "readonly" in words or "unable to open" in words:
        return StorageTrouble(
            f"The database cannot be opened for writing ({words}).", mend="Check the folder and its permissions."
        )
    if "locked" in words or "busy" in words:
        return StorageTrouble(
            "Another Distributor command has been writing for half a minute.",
            mend=f"Let it come to its end. {ONCE_MORE}",
        )
    if "no such table" in words:
        return _no_tables()
    return _of_connecting(words)


def _of_connecting(words: str) -> DistributorError:
    """What keeps a server from letting us in: its driver gives no number then."""
    _, is_the_servers, said = words.rpartition("FATAL:")
    said = said.strip()
    if any(one in words for one in _REFUSED):
        return StorageTrouble(
            f"The database server refuses the login that this command was started with ({said}).",
            mend="Check user and password in DISTRIBUTOR_DATABASE_URL.",
        )
    if is_the_servers and "does not exist" in said:  # a database, or a user
        return BadInput(f"The database server knows no such name ({said}).", mend=f"Create it there. {_CHECK_URL}")
    if "too many c" in words or "connection slots" in words:  # of the server, the database or the user
        return StorageTrouble(
            f"The database server takes no further connection ({said}).",
            mend="End what nobody needs, or have max_connections raised there.",
        )
    return StorageTrouble(f"The database does not answer: {words}.", mend=_CHECK_URL)


def _no_tables() -> BadInput:
    return BadInput("The database has no tables of ours.", mend="Run: distributor init")


def _first_line(said: str) -> str:
    return said.strip().splitlines()[0] if said.strip() else "no reason given"


def of_file(said: str) -> BadInput | None:
    """That the file is damaged, if that is what the driver says."""
    if "malformed" in said or "not a database" in said:
        return BadInput(
            "The database file is damaged, or is not a database.", mend="Put back your last copy of press.db."
        )
    return None


def of_number(said: str) -> BadInput | None:
    """That a number is larger than any in the database, if that is what Python's «overflow» with these words means."""
    return too_large() if "SQLite INTEGER" in said else None


def too_large() -> BadInput:
    """That a number is larger than any in the database."""
    return BadInput("The number is larger than any in the database.", mend="Check it.")
