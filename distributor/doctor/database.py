"""The database: reachable, of our schema, whole, and its objections kept under the present key."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select, text
from sqlmodel import col

from distributor.contacts.objections.suppression import check_key
from distributor.db.engine import Database
from distributor.db.migrate import SCHEMA_HEAD, schema_revision
from distributor.doctor.check import Check, NotExamined, guarded
from distributor.doctor.configuration import masked_url
from distributor.models import Suppression
from distributor.settings import Settings
from distributor.tokens import Keyring


def database_checks(settings: Settings) -> Iterator[Check]:
    """Look at the database without changing it. `BadInput` or `StorageTrouble` when it cannot be reached."""
    database = Database(settings.database_url)
    database.require_file()
    try:
        revision = schema_revision(database)
        yield Check.ok("database", _described(database))
        yield check_schema(revision)
        yield guarded("integrity", check_integrity, database)
        yield guarded("objections", check_objections, database, revision, settings)
    finally:
        database.close()


def check_schema(revision: str | None) -> Check:
    """Whether this program knows the schema; an older one is brought up to date by the next command."""
    if revision is None:
        return Check.warn("schema", "The database is empty.", "The next command prepares it; or run: distributor init")
    if revision > SCHEMA_HEAD:
        return Check.fail(
            "schema",
            f"This database was made by a newer Distributor (schema {revision}; this one knows up to {SCHEMA_HEAD}).",
            "Install the newer version, or choose another workspace.",
        )
    if revision < SCHEMA_HEAD:
        return Check.warn(
            "schema",
            f"The database has schema {revision}; this Distributor wants {SCHEMA_HEAD}.",
            "Keep a copy of it; the next command brings it up to date.",
        )
    return Check.ok("schema", f"Schema {revision}, as this Distributor wants it.")


def check_integrity(database: Database) -> Check:
    """SQLite's own quick check of the file."""
    if not database.is_sqlite:
        raise NotExamined("PostgreSQL looks after its own files.")
    with database.reading() as connection:
        found = str(connection.execute(text("PRAGMA quick_check(1)")).scalar())
    if found != "ok":
        return Check.fail(
            "integrity",
            f"The database file is damaged ({' '.join(found.split())}).",
            "Keep it, put back your last copy of press.db, and look for a failing disk.",
        )
    return Check.ok("integrity", "The database file is whole.")


def check_objections(database: Database, revision: str | None, settings: Settings) -> Check:
    """Whether those who objected can still be recognised. `Refused` when they were recorded under another key."""
    if revision != SCHEMA_HEAD:
        raise NotExamined("Left out: see schema.")
    if not settings.secret_key:
        raise NotExamined("Left out: see secret key.")
    with database.session(reads_only=True) as session:
        keyring = Keyring(settings.secret_key.reveal().encode())
        check_key(session, keyring)
        kept = session.scalar(select(func.count(col(Suppression.id)))) or 0
    said = f"{kept} on record, under the present secret key ({keyring.key_id})"
    return Check.ok("objections", f"{said}; a copy of the database is of use only with that key.")


def _described(database: Database) -> str:
    if database.file is not None:
        return f"{database.file} ({database.file.stat().st_size // 1000} kB)."
    version = database.engine.dialect.server_version_info or ()
    return f"PostgreSQL {'.'.join(map(str, version))} at {masked_url(str(database.url))}."
