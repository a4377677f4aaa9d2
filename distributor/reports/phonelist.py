"""Who has a wrong text and whom its correction does not reach by mail: whom to ring up."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, exists, func, select
from sqlmodel import SQLModel

import distributor.models  # noqa: F401 - registers the tables
from distributor.files import Output
from distributor.formulas import defused
from distributor.states import ELSEWHERE, DeliveryState

_TABLES = SQLModel.metadata.tables
_delivery, _contact = _TABLES["delivery"], _TABLES["contact"]
_version, _release = _TABLES["release_version"], _TABLES["release"]

COLUMNS = ("name", "outlet", "phone", "address", "why", "has", "dispatch_id")
_NOT_TOLD = (DeliveryState.WITHHELD, DeliveryState.REJECTED, DeliveryState.EXPIRED, DeliveryState.BOUNCED)


def phone_list(connection: Connection, dispatch_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Whoever's message these dispatches of a correction would correct, and did not reach: with number and reason."""
    corrected, other = _delivery.alias(), _delivery.alias()
    told_since = exists().where(other.c.corrects_id == corrected.c.id, other.c.state == DeliveryState.ACCEPTED)
    person = _contact.alias()
    rows = connection.execute(
        select(
            _delivery.c.name,
            _delivery.c.outlet,
            func.coalesce(func.nullif(person.c.phone, ""), _contact.c.phone, "").label("phone"),
            _delivery.c.address,
            _delivery.c.state,
            _delivery.c.reason,
            _delivery.c.code,
            _delivery.c.reply,
            _release.c.slug,
            _version.c.number,
            _delivery.c.dispatch_id,
        )
        .join(corrected, corrected.c.id == _delivery.c.corrects_id)
        .join(_version, _version.c.id == corrected.c.release_version_id)
        .join(_release, _release.c.id == _version.c.release_id)
        .join(_contact, _contact.c.id == _delivery.c.contact_id, isouter=True)
        .join(person, person.c.id == _contact.c.same_as_id, isouter=True)
        .where(_delivery.c.dispatch_id.in_(dispatch_ids), _delivery.c.state.in_(_NOT_TOLD))
        .where(~told_since)
        .where(_delivery.c.reason != ELSEWHERE)  # that journalist has a row of their own
        .order_by(_delivery.c.outlet, _delivery.c.name, _delivery.c.id)
    ).all()
    return [
        {
            "name": row.name,
            "outlet": row.outlet,
            "phone": row.phone,
            "address": row.address,
            "why": _why(row),
            "has": f"{row.slug}, version {row.number}",
            "dispatch_id": row.dispatch_id,
        }
        for row in rows
    ]


def _why(row: Any) -> str:
    words = row.reason or " ".join(str(part) for part in (row.code, " ".join(row.reply.split())) if part)
    return words if row.state == DeliveryState.WITHHELD else f"{row.state}: {words}".rstrip(": ")


def write_csv(output: Output, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the list as CSV that Excel opens, formulas defused; raises what `Output.opened` raises."""
    with output.opened() as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        writer = csv.writer(text, delimiter=";")
        writer.writerow(COLUMNS)
        writer.writerows([defused(str(row[name])) for name in COLUMNS] for row in rows)
        text.detach()
