"""The report as one page: nothing fetched, every recipient in it, written piece by piece."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from distributor.reports.charts import timeline_chart
from distributor.reports.page import Page
from distributor.reports.withholding import of_one

_HERE = Path(__file__).parent
_ROWS = "<!--rows-->"


def write_html(file: IO[bytes], page: Page, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write the page and return how many recipients stand in it.

    Whatever stands in a name or an answer is text: the template escapes it, and the rows are JSON in which no `<` is
    left. The page's own policy lets it load nothing and run nothing but the script that it was written with.
    """
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((_HERE / "page.html.j2").read_text(encoding="utf-8"))
    figures = page.figures()
    chart = timeline_chart(page.details.timeline, page.zone, title=_told(figures))
    text = template.render(
        **figures,
        chart=Markup(chart),  # noqa: S704 - drawn by us, from numbers
        script=Markup(script),  # noqa: S704 - a file of ours
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=Markup((_HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - a file of ours
        rows=Markup(_ROWS),  # noqa: S704 - ours
        texts=_as_json({"states": {state: page.state(state) for state in page.report.totals}, **figures["words"]}),
    )
    head, _, tail = text.partition(_ROWS)
    file.write(head.encode())
    count = 0
    for row in rows:
        file.write((",\n" if count else "").encode() + _as_json(_row(row, page)).encode())
        count += 1
    file.write(tail.encode())
    return count


def _told(figures: Mapping[str, Any]) -> str:
    """The curve in words."""
    told = ", ".join(f"{name}: {moment}" for name, moment in figures["milestones"])
    return f"{figures['words']['timeline']}. {told}"


def _row(row: Mapping[str, Any], page: Page) -> list[Any]:
    """What the script reads, in its order."""
    words = of_one(row["to_be_withheld"], page.column) or page.label(row["reason"])
    words = words or " ".join(str(part) for part in (row["code"], " ".join(row["reply"].split())) if part)
    moment = row["accepted_at"] or row["updated_at"]
    local = f"{moment.astimezone(page.zone):%Y-%m-%d %H:%M:%S}" if moment else ""
    attempts = [
        [
            one["number"], f"{one['started_at'].astimezone(page.zone):%Y-%m-%d %H:%M:%S}", page.state(one["state"]),
            " ".join(str(part) for part in (one["code"], " ".join(one["reply"].split())) if part), one["server"],
        ]
        for one in row["history"]
    ]  # fmt: skip
    return [
        row["name"], row["outlet"], row["address"], row["sector"], row["state"], local, row["attempts"], words,
        attempts,
    ]  # fmt: skip


def _as_json(value: Any) -> Markup:
    """JSON that may stand in a script element: no character in it ends one, or begins a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704 - nothing is left in it that HTML reads
