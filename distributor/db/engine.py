"""The database: one engine, its SQLite pragmas, and short explicit transactions."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, wraps
from pathlib import Path
from shlex import quote
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, ProgrammingError, SAWarning
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Session

from distributor.db import troubles
from distributor.db.plain import pragmas
from distributor.errors import ONCE_MORE, BadInput, Crossed, DistributorError, FileReplaced, StorageTrouble

_Options = ParamSpec("_Options")
_Made = TypeVar("_Made")

_CACHE_KB = 4_000
"""A dispatch goes through its rows three times, and large ones have a process with a cache of its own for that."""
_NETWORK = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
    "client_encoding": "utf8",
}
"""A worker that is cut off from PostgreSQL hears of it in half a minute, well before its lease of two is over."""
_IDLE = "idle_in_transaction_session_timeout"
_LONGEST_IDLE_MS = 60_000
"""A worker that is gone in the middle of a transaction would hold its rows until the server's TCP gives up, in hours,
and who settles what it left waits for them. Half a lease; `options` in the URL may say otherwise. Who only reads holds
none."""
_WAIT = "lock_timeout"
_LONGEST_WAIT_MS = 90_000
"""Longer than what a worker leaves behind holds: who has waited so long waits for somebody who looks into the tables
by hand, and may have gone to lunch. `options` may say otherwise here too."""
_LEAST_TIMEOUT_S = 2
"""libpq and its driver wait no less for a connection."""
_TURNS = 5
"""So often a transaction is made anew that was in another's way."""
_SESSION = "SELECT pg_backend_pid(), set_config('DateStyle', 'ISO', false)"
"""A server, a database or a role may be set to other dates, and the driver reads no other. Behind a pooler another
answers than who let us in."""
_DURABLE = "CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END"
"""A commit that a crash of the server may undo would have somebody mailed twice. Said in each transaction: behind a
pooler each may be another connection's."""
_READ_ONLY = "25006"

# Of a row that is gone when it is to be deleted SQLAlchemy only warns: whoever deleted it is another command.
warnings.filterwarnings("error", "DELETE statement on table", SAWarning)


class Database:
    """A database, opened by URL. Every transaction is explicit; a failed one leaves nothing behind.

    On SQLite: WAL with `synchronous=FULL`, so that a commit outlives a power cut; foreign keys on; a writer takes the
    write lock at BEGIN (`BEGIN IMMEDIATE`) and waits for another one instead of failing half-way.
    """

    def __init__(self, url: str) -> None:
        """Describe the database at `url`; nothing is opened yet. `BadInput` for a URL that names none."""
        self.url = _read_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._lines: weakref.WeakSet[Any] = weakref.WeakSet()
        self._lines_lock = threading.Lock()
        if not self.is_sqlite:
            self.url = self.url.update_query_dict({**_NETWORK, **self.url.query})
            # It warns of what fails behind a failure, on standard error: the failure itself is raised, and told by us.
            logging.getLogger("psycopg").setLevel(logging.CRITICAL)
        # On a server, what each statement of a writer sees is what was committed when it began, whatever the server's
        # default is; whoever only reads sees what was when the first began, as on SQLite.
        options: dict[str, Any] = {} if self.is_sqlite else {"pool_pre_ping": True, "isolation_level": "READ COMMITTED"}
        self._to_read: dict[str, Any] = {"distributor_reads_only": True}
        if not self.is_sqlite:
            self._to_read["isolation_level"] = "REPEATABLE READ"
        try:
            self.engine: Engine = create_engine(self.url, **options)
        except ArgumentError:  # parameters that contradict one another
            raise _unreadable() from None
        except ImportError:
            raise BadInput(
                "The database is PostgreSQL, and its driver is not installed.",
                mend="Run: pip install 'distributor[postgres]'",
            ) from None
        self._opened: tuple[int, int] | None = None
        self._journal: tuple[int, int] | None = None
        self._many = 0
        self._is_hurried = False
        self._in_vain: Exception | None = None
        if self.is_sqlite:
            event.listen(self.engine, "connect", self._know_the_file)
            event.listen(self.engine, "connect", _set_pragmas)
            event.listen(self.engine, "connect", self._know_the_journal)
            event.listen(self.engine, "close", self._leave_the_journal)
            event.listen(self.engine, "begin", _begin_immediate)
        else:
            event.listen(self.engine, "do_connect", self._connect)
            event.listen(self.engine, "connect", self._keep_line)
            event.listen(self.engine, "connect", _set_session)
            event.listen(self.engine, "begin", _bound(str(self.url.query.get("options", ""))))
            event.listen(self.engine, "handle_error", _leave_a_standby)
        # At the latest when the process ends: only a SQLite file that was closed in order is whole without its journal.
        weakref.finalize(self, self.engine.dispose)

    @cached_property
    def file(self) -> Path | None:
        """The SQLite file, or None on a server."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @cached_property
    def plain_file(self) -> Path | None:
        """The SQLite file, where any program could open it that knows its name: not in memory, and with no options."""
        if self.file is None or self.url.database == ":memory:" or self.url.query:
            return None
        return self.file.absolute()

    def require_file(self) -> None:
        """Raise `BadInput` for a SQLite file that is not there: a mistyped path must not become an empty base."""
        if self.file is not None and not self.file.is_file():
            folder = quote(str(self.file.parent))
            raise BadInput(f"There is no database at {self.file}.", mend=f"Run: distributor init {folder}")

    def require_in_place(self) -> None:
        """Raise `FileReplaced` where another SQLite file than the one that is open stands in its place.

        Our connections would go on in the old one, of which no other command knows: that one would send the same again.
        So they would in a journal that was taken away: what we write is in there, and others begin another one, which
        ours overwrites when it ends. Raises `StorageTrouble` where there is no file, which may come back.
        """
        if self._opened is None:
            return
        if (found := self._number()) == self._opened:
            self._require_journal()
            return
        if found is None:
            raise StorageTrouble(f"There is no {self.file} any more.", mend=f"Put it back. {ONCE_MORE}")
        raise FileReplaced(
            f"{self.file} is not the file any more that this command opened; nothing more is sent from that one.",
            mend="See that the right one is there, and run the command again.",
        )

    def _require_journal(self) -> None:
        """Raise `FileReplaced` where the journal is not the one any more that our connections opened."""
        with self._lines_lock:  # else the last of them, ended by another thread meanwhile, has taken it away in order
            is_ours = self._journal in (None, self._number("-wal"))
        if not is_ours:
            raise FileReplaced(
                f"{self.file}-wal, where what was written last stands, was taken away or replaced; nothing more is"
                " sent.",
                mend="Leave that file to the program, and run the command again.",
            )

    def _know_the_journal(self, _connection: Any, _record: Any) -> None:
        """It stays as long as one of our connections does; before the first, others may end and take theirs away."""
        with self._lines_lock:
            self._many += 1
            self._journal = self._journal or self._number("-wal")

    def _leave_the_journal(self, _connection: Any, _record: Any) -> None:
        with self._lines_lock:
            self._many -= 1
            self._journal = self._journal if self._many else None

    def _know_the_file(self, _connection: Any, _record: Any) -> None:
        """At each new connection: all of them are to be to one file."""
        self.require_in_place()
        self._opened = self._number()

    def _number(self, ending: str = "") -> tuple[int, int] | None:
        """What tells the file from any other that goes by its name, now or later; None where there is none."""
        if self.plain_file is None:
            return None
        file = os.path.realpath(self.plain_file) if ending else self.plain_file  # beside what a link leads to
        try:
            found = os.stat(f"{file}{ending}")
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @contextmanager
    def session(self, *, reads_only: bool = False) -> Iterator[Session]:
        """A session in one transaction that commits at the end, or rolls back when the block raises.

        With `reads_only` it is as `reading`. Raises `StorageTrouble` when the disk is full or the server gone,
        `BadInput` when the file is damaged.
        """
        engine = self.engine.execution_options(**self._to_read) if reads_only else self.engine
        with translated(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A bare connection in one transaction, for the ledger's own statements; otherwise as `session`."""
        with translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads: it never waits for a writer, and all that it reads is of one moment."""
        with translated(), self.engine.connect() as connection:
            yield connection.execution_options(**self._to_read)

    def hang_up(self, *, at_once: bool) -> None:
        """Break the connections to a server that does not answer, from any thread: who waits there hears of it at once.

        What they had asked for is done or not, and nobody knows. The next one who asks gets a new connection; where
        somebody wants the end `at_once`, it is waited for as little as can be, and once: it may only have been slow.
        """
        self._is_hurried |= at_once
        with self._lines_lock:
            lines = list(self._lines)
        self.engine.dispose()
        for line in lines:
            # It may be closed already.
            with contextlib.suppress(Exception), socket.socket(fileno=os.dup(line.fileno())) as wire:
                wire.shutdown(socket.SHUT_RDWR)

    def _connect(self, dialect: Any, _record: Any, arguments: Any, options: dict[str, Any]) -> Any:
        """The connection of one who is in a hurry; None leaves it to the engine."""
        if not self._is_hurried:
            return None
        if self._in_vain is not None:
            raise self._in_vain
        try:
            return dialect.connect(*arguments, **{**options, "connect_timeout": _LEAST_TIMEOUT_S})
        except dialect.loaded_dbapi.Error as error:
            self._in_vain = error
            raise

    def _keep_line(self, line: Any, _record: Any) -> None:
        with self._lines_lock:
            self._lines.add(line)

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
        self._opened = None


def _read_url(url: str) -> URL:
    try:
        found = make_url(url)
        (found.host or "").encode("idna")  # as the resolver will: ValueError for a name that is none
    except (ArgumentError, ValueError):
        raise _unreadable() from None
    return found


def _unreadable() -> BadInput:
    """Said without the parser's own words: they may quote a piece of the password."""
    return BadInput(
        "The database's address cannot be read.",
        field="DISTRIBUTOR_DATABASE_URL",
        mend="Write postgresql://user:password@host/database, with %40 for an @ in the password, and after a ? nothing"
        " but what libpq knows.",
    )


def _set_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    cursor = connection.cursor()
    for pragma in pragmas(_CACHE_KB):
        cursor.execute(pragma)
    cursor.close()


def _set_session(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        (answers, _) = cursor.execute(_SESSION).fetchone()
    connection.commit()
    if answers != connection.info.backend_pid:
        connection.prepare_threshold = None  # what is prepared there may bear the name of another one's statement


def _bound(options: str) -> Callable[[Connection], None]:
    """Bounds how long a transaction that writes is idle, and waits for another one, but where `options` say it.

    And sees that what it commits is durable.
    """

    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("distributor_reads_only"):
            return
        bounds = {_IDLE: _LONGEST_IDLE_MS, _WAIT: _LONGEST_WAIT_MS}
        set_so = [f"set_config('{name}', '{most}', true)" for name, most in bounds.items() if name not in options]
        connection.exec_driver_sql(f"SELECT {', '.join([*set_so, _DURABLE])}")

    return begin


def _leave_a_standby(context: ExceptionContext) -> None:
    """Let no connection be used again to a server that only reads: its name may be another one's by now."""
    if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
        context.is_disconnect = True


def _begin_immediate(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get("distributor_reads_only")
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def made_anew_when_crossed(function: Callable[_Options, _Made]) -> Callable[_Options, _Made]:
    """Let what is one whole transaction be made anew where PostgreSQL has ended it for another's sake."""

    @wraps(function)
    def made(*args: _Options.args, **options: _Options.kwargs) -> _Made:
        for _ in range(_TURNS):
            with contextlib.suppress(Crossed):
                return function(*args, **options)
        return function(*args, **options)

    return made


def _number_of(error: DBAPIError) -> str:
    """PostgreSQL's number for an error; "" where it has none."""
    return getattr(error.orig, "sqlstate", None) or ""


@contextmanager
def translated() -> Iterator[None]:
    """Turn what a database driver says about the machine (disk, lock, network) into one plain sentence."""
    try:
        yield
    except DistributorError:
        raise
    except OperationalError as error:
        said = str(error.orig)
        raise troubles.of_server(_number_of(error), said) or troubles.of_operation(said) from error
    except (StaleDataError, SAWarning) as error:
        raise troubles.crossed("what was to be changed is gone") from error
    except OverflowError as error:
        trouble = troubles.of_number(str(error))
        if trouble is None:
            raise
        raise trouble from error
    except DBAPIError as error:
        number = _number_of(error)
        if number == "22003":  # numeric_value_out_of_range
            raise troubles.too_large() from error
        if error.statement is None and isinstance(error, ProgrammingError):
            # Refused by the driver before it connects. Not its own words: they may quote a piece of the password.
            raise _unreadable() from error
        said = str(error.orig)
        said_by = troubles.of_server(number, said) or troubles.of_file(said)
        if said_by is None:
            raise
        raise said_by from error
