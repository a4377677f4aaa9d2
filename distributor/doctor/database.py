"""The database: reachable, of our schema, whole, and its objections kept under the present key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select, text
from sqlmodel import col

from distributor.contacts.cleaning.drafts import OPTED_OUT
from distributor.contacts.objections.suppression import check_key_to_record
from distributor.db.engine import Database
from distributor.db.migrate import SCHEMA_HEAD, schema_revision
from distributor.doctor.check import Check, NotExamined, guarded
from distributor.doctor.configuration import masked_url
from distributor.models import Contact, Suppression
from distributor.settings import Settings
from distributor.tokens import Keyring
from distributor.transport.account import is_loopback

_TABLES = Suppression.metadata.tables
_LACKING_AT_FIRST = text(
    "SELECT 'CREATE in ' || current_schema() WHERE NOT has_schema_privilege(current_schema(), 'CREATE')"
)
_LACKING = text("""
    SELECT wanted || ' on ' || relname FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS wanted
    WHERE relnamespace = current_schema()::regnamespace AND relname = ANY(:ours)
    AND NOT has_table_privilege(pg_class.oid, wanted)
    UNION ALL
    SELECT 'USAGE on ' || sequence.relname FROM pg_class AS sequence
    JOIN pg_depend ON objid = sequence.oid AND deptype IN ('a', 'i')
    JOIN pg_class AS owner ON owner.oid = refobjid
    WHERE owner.relnamespace = current_schema()::regnamespace AND owner.relname = ANY(:ours)
    AND CASE WHEN sequence.relkind = 'S' THEN NOT has_sequence_privilege(sequence.oid, 'USAGE') END
""")


def database_checks(settings: Settings) -> Iterator[Check]:
    """Look at the database without changing it. `BadInput` or `StorageTrouble` when it cannot be reached."""
    database = Database(settings.database_url)
    database.require_file()
    try:
        revision = schema_revision(database)
        yield Check.ok("database", _described(database))
        yield check_schema(revision)
        yield guarded("rights", check_rights, database, revision)
        yield guarded("encryption", check_encryption, database)
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


def check_rights(database: Database, revision: str | None) -> Check:
    """Whether all may be written that a send writes: it would find out with a message on the wire."""
    if database.file is not None:
        lacking = [str(one) for one in (database.file, database.file.parent) if not os.access(one, os.W_OK)]
        if lacking:
            said = f"Not to be written by this user, or on a disk that is read only: {', '.join(lacking)}."
            return Check.fail("rights", said, "Run the program as the user who owns the workspace.")
        return Check.ok("rights", "The database can be written.")
    with database.reading() as connection:
        if connection.scalar(text("SHOW transaction_read_only")) == "on":
            return Check.fail(
                "rights",
                "The database is a standby, or set to be read only.",
                "Let DISTRIBUTOR_DATABASE_URL name the server that takes what is written.",
            )
        if connection.scalar(text("SELECT current_schema()")) is None:
            return Check.fail(
                "rights",
                "The database has no schema that our user's search_path names.",
                "Make it one: CREATE SCHEMA AUTHORIZATION its_user.",
            )
        asked = (
            connection.execute(_LACKING, {"ours": [*_TABLES]}) if revision else connection.execute(_LACKING_AT_FIRST)
        )
        lacking = sorted(asked.scalars())
    if lacking:
        return Check.fail(
            "rights",
            f"Our user of PostgreSQL lacks rights: {', '.join(lacking)}.",
            "Let our user own it: ALTER DATABASE its_name OWNER TO its_user; or grant it what docs/deploy.md lists.",
        )
    return Check.ok("rights", "Our user of PostgreSQL may write whatever is written.")


def check_encryption(database: Database) -> Check:
    """Whether the line to a server of another machine is encrypted, to the server that is meant and no other."""
    if database.is_sqlite:
        return Check.ok("encryption", "The database is a file of this machine.")
    with database.engine.connect() as connection:
        line: Any = connection.connection.driver_connection
        # As libpq has it of the address, the environment and its own default; a socket's name is a path.
        host, how = line.info.host, {one.keyword: one.val for one in line.pgconn.info}[b"sslmode"]
        return judge_encryption(host, (how or b"").decode(), is_encrypted=line.pgconn.ssl_in_use)


def judge_encryption(host: str, sslmode: str, *, is_encrypted: bool) -> Check:
    """What is to be said of a connection to PostgreSQL at `host`."""
    if host.startswith(("/", "@")) or is_loopback(host):
        return Check.ok("encryption", "PostgreSQL runs on this machine.")
    if is_encrypted and sslmode == "verify-full":
        return Check.ok("encryption", "Encrypted, and the server's certificate and name are verified.")
    return Check.warn(
        "encryption",
        f"The connection to PostgreSQL at {host} is {'encrypted' if is_encrypted else 'in clear'}, and anybody on the"
        f" way could stand in for that server (sslmode {sslmode}).",
        "Add to DISTRIBUTOR_DATABASE_URL: ?sslmode=verify-full&sslrootcert=system, or the file of your authority.",
    )


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
        check_key_to_record(session, keyring)
        kept = session.scalar(select(func.count(col(Suppression.id)))) or 0
        flagged = session.scalar(select(func.count(col(Contact.id))).where(col(Contact.flag) == OPTED_OUT)) or 0
    said = f"{kept} on record, under the present secret key ({keyring.key_id})"
    said += f"; marked in the contact base, from a press list: {flagged}" if flagged else ""
    return Check.ok("objections", f"{said}; a copy of the database is of use only with that key.")


def _described(database: Database) -> str:
    if database.file is not None:
        return f"{database.file} ({database.file.stat().st_size // 1000} kB)."
    version = database.engine.dialect.server_version_info or ()
    return f"PostgreSQL {'.'.join(map(str, version))} at {masked_url(str(database.url))}."
