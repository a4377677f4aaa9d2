"""What a database driver says about the machine (disk, lock, network), as one plain sentence of ours."""

from __future__ import annotations

from distributor.errors import BadInput, DistributorError, StorageTrouble


def of_operation(said: str) -> DistributorError:
    """What the driver's «operational error» with these words means for the user."""
    words = said.strip().splitlines()[0] if said.strip() else "no reason given"
    if "disk is full" in words or "disk I/O" in words:
        return StorageTrouble(
            f"The disk cannot take what must be written ({words}); nothing half-done was kept.",
            mend="Free some space and run the same command again.",
        )
    if "readonly" in words or "unable to open" in words:
        return StorageTrouble(
            f"The database cannot be opened for writing ({words}).", mend="Check the folder and its permissions."
        )
    if "locked" in words or "busy" in words:
        return StorageTrouble(
            "Another Distributor command has been writing for half a minute.", mend="Try again when it is done."
        )
    if "no such table" in words or "does not exist" in words:
        return BadInput("The database has no tables of ours.", mend="Run: distributor init")
    return StorageTrouble(f"The database does not answer: {words}.", mend="Check DISTRIBUTOR_DATABASE_URL.")


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
