"""Report: one dispatch out of many, against the plain SQL on tables without an index."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert
from sqlmodel import SQLModel

from benchmarks.measuring import Kind, Line, Skipped, interleave, timed
from benchmarks.office import make_office, plan
from distributor.db.engine import Database
from distributor.reports import queries
from distributor.states import DeliveryState, Phase, Verdict

_DISPATCHES = 10
_PIECE = 10_000
_EACH = 100_000
_SECTORS = ("Économie", "International", "Santé", "Culture", "Social", "Environnement", "Sciences", "Régions")
_WHEN = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
_FIGURES_PAIRS = 5


def measure(folder: Path) -> Iterator[Line | Skipped]:
    """A dispatch of 100,000 in a base of a million: the figures, every recipient with every attempt, and a workbook."""
    workspace = make_office(folder / "office", journalists=1, port=25)
    first = plan(workspace)
    database = workspace.database
    number = _fill(database, first)
    plain = _copy_without_index(workspace.path / "press.db", folder / "plain.db")
    with closing(plain):
        if dict(_plain_figures(plain, number)["state"]) != _totals(database, number):
            raise RuntimeError("The two sides of the measurement do not count the same.")
        ours, theirs = interleave(
            lambda: timed(lambda: _report(database, number)),
            lambda: timed(lambda: _plain_figures(plain, number)),
            pairs=_FIGURES_PAIRS,
        )
        size = f"one dispatch of {_EACH:,} in a base of {_DISPATCHES * _EACH:,}"
        meaning = f"time of the figures of {size} (by state, sector, domain) ÷ the same three GROUP BY without an index"
        yield Line("report: figures", meaning, Kind.TIME, ours, theirs, aim=0.15)
        ours, theirs = interleave(
            lambda: timed(lambda: _every_recipient(database, number)),
            lambda: timed(lambda: _plain_recipients(plain, number)),
        )
        meaning = f"time of every recipient of {size} with every attempt, as dicts ÷ plain SQL and tuples, no index"
        yield Line("report: recipients", meaning, Kind.TIME, ours, theirs, items=_EACH)
    database.close()


def _totals(database: Database, number: int) -> dict[str, int]:
    return {state: many for state, many in _report(database, number).totals.items() if many}


def _report(database: Database, number: int) -> queries.Report:
    with database.reading() as connection:
        return queries.make_report(connection, dispatch_id=number)


def _every_recipient(database: Database, number: int) -> None:
    with database.reading() as connection:
        read = sum(1 for _ in queries.recipients(connection, [number]))
    assert read == _EACH


def _plain_figures(plain: sqlite3.Connection, number: int) -> dict[str, list[tuple[Any, ...]]]:
    by_state = plain.execute("SELECT state, count(*) FROM delivery WHERE dispatch_id = ? GROUP BY state", [number])
    figures = {"state": by_state.fetchall()}
    for column in ("sector", "domain"):
        rows = plain.execute(
            f"SELECT {column}, state, count(*) FROM delivery WHERE dispatch_id = ? GROUP BY {column}, state", [number]
        )
        figures[column] = rows.fetchall()
    return figures


def _plain_recipients(plain: sqlite3.Connection, number: int) -> None:
    deliveries = plain.execute("SELECT * FROM delivery WHERE dispatch_id = ? ORDER BY id", [number]).fetchall()
    attempts = plain.execute(
        "SELECT attempt.* FROM attempt JOIN delivery ON delivery.id = attempt.delivery_id WHERE dispatch_id = ?",
        [number],
    ).fetchall()
    histories: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for attempt in attempts:
        histories[attempt[1]].append(attempt)
    assert len(deliveries) == len(histories) == _EACH


def _fill(database: Database, model: int) -> int:
    """Write dispatches like `model` with all their deliveries and attempts; return the number of one in the middle.

    The first is written row by row, the others are copied from it by the database: a million takes under a minute.
    """
    tables = SQLModel.metadata.tables
    dispatch, delivery, attempt = tables["dispatch"], tables["delivery"], tables["attempt"]
    first = model + 1
    with database.transaction() as connection:
        row = dict(connection.execute(dispatch.select().where(dispatch.c.id == model)).mappings().one())
        connection.execute(insert(dispatch), [row | {"id": first + place} for place in range(_DISPATCHES)])
        for start in range(first * _EACH, (first + 1) * _EACH, _PIECE):
            deliveries = [_delivery(one, first, row["release_version_id"]) for one in range(start, start + _PIECE)]
            connection.execute(insert(delivery), deliveries)
            connection.execute(insert(attempt), [_attempt(one) | {"id": one["id"]} for one in deliveries])
        for place in range(1, _DISPATCHES):
            shift = place * _EACH
            other = {"id": f"id + {shift}", "dispatch_id": str(first + place), "message_id": f"message_id || {place}"}
            _copy(connection, delivery, other, f"dispatch_id = {first}")
            shifted = {"id": f"id + {shift}", "delivery_id": f"delivery_id + {shift}"}
            _copy(connection, attempt, shifted, f"id BETWEEN {first * _EACH} AND {(first + 1) * _EACH - 1}")
    return first + _DISPATCHES // 2


def _copy(connection: Connection, table: Table, other: dict[str, str], which: str) -> None:
    names = ", ".join(column.name for column in table.c)
    values = ", ".join(other.get(column.name, column.name) for column in table.c)
    connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {table.name} WHERE {which}")


def _delivery(one: int, dispatch_id: int, version_id: int) -> dict[str, Any]:
    address = f"journaliste.{one}@gazette-{one % 200}.example"
    refused = one % 25 == 0
    sector = _SECTORS[one % len(_SECTORS)]
    return {
        "id": one,
        "dispatch_id": dispatch_id,
        "release_version_id": version_id,
        "address": address,
        "address_key": address,
        "address_hash": f"{one:064x}",
        "domain": f"gazette-{one % 200}.example",
        "name": f"Élise Guérin {one}",
        "outlet": f"La Gazette du Rivage {one // 25}",
        "sector": sector,
        "sector_slug": sector.lower(),
        "lists": ["essai"],
        "merge": {"name": f"Élise Guérin {one}", "civility": "Mme", "sector": sector, "fields": {}},
        "message_id": f"<{one:024x}@observatoire-littoral.example>",
        "state": DeliveryState.REJECTED if refused else DeliveryState.ACCEPTED,
        "attempts": 1,
        "verdict": Verdict.HARD if refused else Verdict.ACCEPTED,
        "phase": Phase.RCPT if refused else Phase.BODY,
        "code": 550 if refused else 250,
        "enhanced_code": "5.1.1" if refused else "2.0.0",
        "reply": "550 5.1.1 User unknown" if refused else f"2.0.0 Ok: queued as {one:010X}",
        "accepted_at": None if refused else _WHEN + timedelta(seconds=one % 3600),
        "updated_at": _WHEN + timedelta(seconds=one % 3600),
    }


def _attempt(delivery: dict[str, Any]) -> dict[str, Any]:
    shared = ("phase", "verdict", "state", "code", "enhanced_code", "reply")
    return {name: delivery[name] for name in shared} | {
        "delivery_id": delivery["id"],
        "number": 1,
        "started_at": delivery["updated_at"],
        "duration_ms": 40,
        "server": "mx.example",
        "tls": "TLSv1.3",
        "worker": "",
    }


def _copy_without_index(path: Path, copy: Path) -> sqlite3.Connection:
    plain = sqlite3.connect(copy)
    plain.execute("ATTACH ? AS full", [str(path)])
    for table in ("delivery", "attempt"):
        plain.execute(f"CREATE TABLE {table} AS SELECT * FROM full.{table}")
    plain.commit()
    return plain
