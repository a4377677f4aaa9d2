"""A ledger as reports meet it: every state, feedback, markup in names, a release before, and a journalist forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ledgerbase import START, add_dispatch, add_version, delivery_row
from sqlalchemy import insert
from sqlmodel import SQLModel

from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog

MARKUP = '</script><script>alert(1)</script><b title="x">&amp;=1+1 [red]'
STATES: tuple[tuple[str, str, int | None, str, str], ...] = (
    ("accepted", "accepted", 250, "2.0.0", ""),
    ("accepted", "accepted", 250, "2.0.0", ""),
    ("accepted", "accepted", 250, "2.0.0", ""),
    ("accepted", "accepted", 250, "2.0.0", "assumed sent by anne"),
    ("rejected", "hard", 550, "5.1.1", ""),
    ("rejected", "full", 552, "5.2.2", ""),
    ("rejected", "policy", 550, "5.7.1", ""),
    ("bounced", "accepted", 250, "2.0.0", ""),
    ("complained", "accepted", 250, "2.0.0", ""),
    ("deferred", "retry", 450, "4.2.0", ""),
    ("expired", "retry", 450, "4.2.0", ""),
    ("in_doubt", "no_answer", None, "", ""),
    ("withheld", "", None, "", "objection"),
    ("withheld", "", None, "", "cancelled"),
)


def signed() -> dict[str, Any]:
    """What a dispatch keeps of a signature."""
    name = f"Anne Kerloc'h {MARKUP}"
    one = {"id": 1, "name": name, "actor": "anne", "signed_at": START.isoformat(), "digest": "9d326474dfd5" * 5}
    return {"signed_off_by": name, "sign_offs": [one]}


def seed(database: Database, *, copies: int = 1, slug: str = "ouverture", **row: Any) -> tuple[int, int]:
    """A release with one dispatch to everybody in `STATES`, `copies` times; return its number and its version's."""
    version_id = add_version(database, slug=slug, headline=f"La halle rouvre {MARKUP}")
    dispatch_id = add_dispatch(database, version_id, state="done", started_at=START, finished_at=START, **signed())
    tables = SQLModel.metadata.tables
    rows = []
    for number in range(copies * len(STATES)):
        state, verdict, code, enhanced, reason = STATES[number % len(STATES)]
        got = state in ("accepted", "bounced", "complained")
        rows.append(
            delivery_row(dispatch_id, version_id, number)
            | {
                "state": state, "verdict": verdict, "code": code, "enhanced_code": enhanced, "reason": reason,
                "name": f"Zoë {MARKUP} {number}", "reply": f"{enhanced} {MARKUP} j{number}@journal.example",
                "attempts": int(bool(verdict)), "lists": ["sante", "social"] if number % 2 else ["sante"],
                "outlet_kind": ("radio", "")[number % 2], "sector": ("Santé", "Social")[number % 2],
                "accepted_at": START + timedelta(seconds=number + 1) if got else None,
            }
            | row
        )  # fmt: skip
    with database.transaction() as connection:
        DeliveryLog(database, "planner").plan(connection, rows)
        delivery = tables["delivery"]
        found = connection.execute(delivery.select().where(delivery.c.dispatch_id == dispatch_id)).mappings().all()
        shared = ("verdict", "state", "code", "enhanced_code", "reply")
        connection.execute(
            insert(tables["attempt"]),
            [
                {"delivery_id": one["id"], "number": 1, "started_at": START, "phase": "rcpt", "server": "mx.example"}
                | {name: one[name] for name in shared}
                for one in found
                if one["attempts"]
            ],
        )
        connection.execute(
            insert(tables["feedback_event"]),
            [
                {
                    "digest": f"{dispatch_id}-{kind}",
                    "delivery_id": one["id"],
                    "kind": kind,
                    "raw": b"raw \xff",
                    "received_at": START,
                }
                for kind, one in zip(("bounce", "complaint", "reply"), found, strict=False)
            ],
        )
    return dispatch_id, version_id
