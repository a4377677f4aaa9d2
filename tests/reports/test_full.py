"""The whole report: its figures agree with the ledger in every format, and nothing that strangers wrote is obeyed."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from databases import on_sqlite, query_plans
from ledgerbase import KEYRING, START, add_dispatch, add_version, delivery_row
from python_calamine import CalamineWorkbook
from seeded import MARKUP, STATES, seed
from sqlalchemy import Connection, text

from distributor.contacts.cleaning.codes import OUTLET_KINDS
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.errors import BadInput, Refused
from distributor.files import Output, OwnFiles
from distributor.models import Contact, ReleaseVersion
from distributor.reports import (
    across,
    csvfile,
    evidence,
    html,
    jsonlines,
    pdf,
    queries,
    queries_across,
    queries_details,
    workbook,
)
from distributor.reports.page import OUTLET_KINDS as OUTLET_WORDS
from distributor.reports.page import Page
from distributor.reports.queries import Report
from distributor.reports.redaction import redacted
from distributor.states import DeliveryState
from distributor.tokens import Keyring

PARIS = ZoneInfo("Europe/Paris")
BY_STATE = Counter(one[0] for one in STATES)


@contextmanager
def reading(database: Database, dispatch_id: int) -> Iterator[tuple[Connection, Report]]:
    with database.reading() as connection:
        yield connection, queries.make_report(connection, dispatch_id=dispatch_id)


def page_of(connection: Connection, report: Report, language: str = "fr", *, is_redacted: bool = False) -> Page:
    return Page(
        report=report,
        details=queries_details.make_details(connection, report),
        problems=tuple(queries_details.problems_of(connection, report)),
        language=language,
        zone=PARIS,
        organisation="La Halle",
        made_at=START,
        is_redacted=is_redacted,
    )


def written(database: Database, dispatch_id: int, language: str = "fr", *, is_redacted: bool = False) -> str:
    with reading(database, dispatch_id) as (connection, report):
        rows = queries.recipients(connection, report.dispatch_ids)
        out = io.BytesIO()
        html.write_html(
            out,
            page_of(connection, report, language, is_redacted=is_redacted),
            redacted(rows, b"key") if is_redacted else rows,
        )
    return out.getvalue().decode()


def embedded(page: str) -> list[list[Any]]:
    found = re.search(r'<script type="application/json" id="rows">(.*?)</script>', page, re.DOTALL)
    assert found
    rows: list[list[Any]] = json.loads(found[1])
    return rows


def test_all_formats_count_the_same_as_the_ledger(database: Database, tmp_path: Path) -> None:
    number, _ = seed(database, copies=3)
    with reading(database, number) as (connection, report):

        def rows() -> Iterator[dict[str, Any]]:
            return queries.recipients(connection, report.dispatch_ids)

        def output(name: str) -> Output:
            return Output(tmp_path / name, OwnFiles(tmp_path / "elsewhere"))

        csvfile.write_csv(output("r.csv"), rows(), PARIS)
        workbook.write_xlsx(output("r.xlsx"), rows(), PARIS)
        jsonlines.write_jsonl(output("r.jsonl"), rows())
        shape = queries.report_as_json(report, rows())
    wanted = Counter({state: 3 * many for state, many in BY_STATE.items()})
    assert Counter({state: many for state, many in report.totals.items() if many}) == wanted
    assert Counter(row["state"] for row in shape["recipients"]) == wanted
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_bytes().splitlines()]
    assert Counter(line["state"] for line in lines) == wanted
    assert Counter(row[4] for row in embedded(written(database, number))) == wanted
    book = CalamineWorkbook.from_path(str(tmp_path / "r.xlsx"))
    header, *cells = book.get_sheet_by_name("Recipients").to_python()
    assert Counter(row[header.index("state")] for row in cells) == wanted
    assert isinstance(cells[0][header.index("code")], float)
    assert cells[0][header.index("accepted_at")] == START.astimezone(PARIS).replace(tzinfo=None, second=1), (
        "a date, in the office's zone"
    )
    assert len(book.get_sheet_by_name("Attempts").to_python()) - 1 == sum(len(line["history"]) for line in lines)


@pytest.mark.parametrize("chance", range(3))
def test_all_formats_agree_with_the_ledger_on_a_random_base(database: Database, tmp_path: Path, chance: int) -> None:
    random = Random(chance)
    number, _ = seed(database, copies=random.randint(1, 6))
    with database.transaction() as connection:
        for one in connection.execute(text("SELECT id FROM delivery")).scalars().all():
            values = {
                "state": random.choice(list(DeliveryState)).value,
                "sector": random.choice(["", "Santé", "Social", "L’été"]),
                "domain": random.choice(["jour.example", "fil.example"]),
            }
            where = "UPDATE delivery SET state = :state, sector = :sector, domain = :domain WHERE id = :id"
            connection.execute(text(where), {**values, "id": one})
        rows = connection.execute(text("SELECT state, sector, domain FROM delivery")).all()
    with reading(database, number) as (connection, report):
        workbook.write_xlsx(
            Output(tmp_path / "r.xlsx", OwnFiles(tmp_path / "elsewhere")),
            queries.recipients(connection, report.dispatch_ids),
            PARIS,
        )
        shape = queries.report_as_json(report, queries.recipients(connection, report.dispatch_ids))
    by_state = Counter(state for state, _sector, _domain in rows)
    assert {state: many for state, many in report.totals.items() if many} == by_state
    for group, place in ((report.by_sector, 1), (report.by_domain, 2)):
        told = Counter(
            {(name, state): many for name, counts in group.items() for state, many in counts.items() if many}
        )
        assert told == Counter((row[place], row[0]) for row in rows)
    assert Counter(row["state"] for row in shape["recipients"]) == by_state
    assert Counter(row[4] for row in embedded(written(database, number))) == by_state
    header, *cells = CalamineWorkbook.from_path(str(tmp_path / "r.xlsx")).get_sheet_by_name("Recipients").to_python()
    assert Counter(row[header.index("state")] for row in cells) == by_state


@pytest.mark.parametrize("by", queries_details.GROUPS)
def test_groups_add_up(database: Database, by: str) -> None:
    number, _ = seed(database)
    with reading(database, number) as (connection, _report):
        groups = queries_details.grouped(connection, [number], by)
    states = sum((Counter(counts) for counts in groups.values()), Counter())
    if by == "reason":
        assert states == Counter({state: many for state, many in BY_STATE.items() if state != "accepted"})
    elif by == "list":
        assert sum(groups["sante"].values()) == len(STATES)
        assert sum(groups["social"].values()) == len(STATES) // 2
    else:
        assert states == BY_STATE


def test_when_half_most_and_all_had_it(database: Database) -> None:
    number, _ = seed(database, copies=2)
    with reading(database, number) as (connection, report):
        line = queries_details.make_details(connection, report).timeline
        moments = sorted(
            row["accepted_at"] for row in queries.recipients(connection, [number]) if row["accepted_at"] is not None
        )
    assert (line.count, line.first, line.last) == (len(moments), moments[0], moments[-1])
    assert sum(moment <= line.half for moment in moments) == -(-len(moments) // 2)
    assert sum(moment <= line.most for moment in moments) == -(-len(moments) * 9 // 10)


def test_each_problem_comes_with_its_command_the_worst_first(database: Database) -> None:
    number, _ = seed(database)
    with reading(database, number) as (connection, report):
        found = queries_details.problems_of(connection, report)
    assert [(one.code, one.count) for one in found] == [
        ("in_doubt", 1), ("policy", 1), ("address", 2), ("full", 1), ("expired", 1), ("complained", 1), ("deferred", 1),
        ("cancelled", 1),
    ]  # fmt: skip
    commands = {one.code: one.command for one in found}
    assert commands["full"] == "distributor contacts show j5@journal2.example"
    assert commands["in_doubt"] == f"distributor dispatches resolve {number}"
    assert commands["expired"] == f"distributor dispatches retry {number} --state expired"


def test_who_got_it_by_a_later_dispatch_need_not_be_sent_to_again(database: Database) -> None:
    """Three were recalled; one got it by the next dispatch, one a newer version, the third nothing."""
    version = add_version(database, slug="rappele")
    with database.session() as session:
        old = session.get_one(ReleaseVersion, version)
        row = ReleaseVersion(**old.model_dump(exclude={"id"}) | {"number": 2, "content_hash": "newer"})
        session.add(row)
        session.flush()
        newer = row.id
        contacts = [Contact(last_name=name) for name in ("A", "B", "C")]
        session.add_all(contacts)
        session.flush()
        people = [one.id for one in contacts]
    assert newer is not None
    recalled, again, later = (
        add_dispatch(database, one, state=state)
        for one, state in ((version, "cancelled"), (version, "done"), (newer, "done"))
    )
    log = DeliveryLog(database, "planner")
    with database.transaction() as connection:
        gone = {"state": "withheld", "reason": "cancelled"}
        log.plan(connection, [delivery_row(recalled, version, n, contact_id=p) | gone for n, p in enumerate(people)])
        log.plan(connection, [delivery_row(again, version, 0, contact_id=people[0])])
        log.plan(connection, [delivery_row(later, newer, 1, contact_id=people[1])])
    with database.reading() as connection:
        for report in (
            queries.make_report(connection, slug="rappele"),
            queries.make_report(connection, dispatch_id=recalled),
        ):
            found = {one.code: one.count for one in queries_details.problems_of(connection, report)}
            assert found["cancelled"] == 1


@on_sqlite
def test_nothing_strangers_wrote_is_run_by_the_page(database: Database) -> None:
    number, _ = seed(database)
    page = written(database, number)
    assert page.count("<script") == 3, "two of data, one of ours"
    assert "<b title" not in page
    assert embedded(page)[0][0] == f"Zoë {MARKUP} 0", "what was written is shown as it was written"
    assert "default-src 'none'" in page
    assert not re.search(r'(?:src|href)="(?!https://)', page)


@on_sqlite
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_redacted_report_names_nobody(database: Database, language: str) -> None:
    number, _ = seed(database)
    page = written(database, number, language, is_redacted=True)
    assert "Zoë" not in page
    assert not re.search(r"j\d+@", page)
    assert "anne" not in page
    assert "journal1.example" in page, "domains stay"


@on_sqlite
def test_the_same_person_has_the_same_key_and_only_with_the_key(database: Database) -> None:
    number, _ = seed(database)
    with reading(database, number) as (connection, _report):

        def keys(secret: bytes) -> list[str]:
            return [row["address"] for row in redacted(queries.recipients(connection, [number]), secret)]

        assert keys(b"one") == keys(b"one") != keys(b"two")
        assert len(set(keys(b"one"))) == len(STATES)


@on_sqlite
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_pdf_is_made_and_says_the_figures(database: Database, language: str) -> None:
    pypdf = pytest.importorskip("pypdf")
    number, _ = seed(database)
    with reading(database, number) as (connection, report):
        made = pdf.make_pdf(page_of(connection, report, language))
        assert made == pdf.make_pdf(page_of(connection, report, language)), "the same figures, the same bytes"
    said = "\n".join(one.extract_text() for one in pypdf.PdfReader(io.BytesIO(made)).pages)
    assert str(len(STATES)) in said
    assert ("Que faire" if language == "fr" else "What to do") in said


@on_sqlite
def test_a_report_of_one_recipient_speaks_in_the_singular(database: Database) -> None:
    version = add_version(database, slug="seul")
    number = add_dispatch(database, version, state="done", started_at=START)
    row = delivery_row(number, version, 1) | {"state": "withheld", "reason": "objection"}
    with database.transaction() as connection:
        DeliveryLog(database, "planner").plan(connection, [row])
    with reading(database, number) as (connection, report):
        page = page_of(connection, report)
        assert page.figures()["big"][0] == ["1", "destinataire"]
        assert page.counted("accepted", 1) == "accepté"
        assert (page.counted("accepted", 2), page.counted("queued", 2)) == ("acceptés", "en attente")
        assert page_of(connection, report, "en").figures()["big"][0] == ["1", "recipient"]
        assert pdf.make_pdf(page)
    shown = written(database, number)
    assert [one[4] for one in embedded(shown)] == ["withheld"]
    assert embedded(shown)[0][7] == "opposition", "our own words are in the page's language"


def test_every_kind_of_outlet_has_its_words() -> None:
    assert set(OUTLET_WORDS) == set(OUTLET_KINDS)


def test_a_report_of_a_killed_dispatch_says_how_to_go_on(database: Database) -> None:
    """One was on the wire, one was claimed, one waits; the claims are of a command that is no more."""
    version = add_version(database, slug="coupee")
    number = add_dispatch(database, version, state="running", started_at=START)
    gone = {"worker": "elsewhere:1:2:3", "lease_until": START, "updated_at": START}
    states = ({"state": "accepted", "accepted_at": START}, {"state": "in_doubt"}, {"state": "claimed", **gone}, {})
    with database.transaction() as connection:
        for place, one in enumerate(states):
            DeliveryLog(database, "planner").plan(connection, [delivery_row(number, version, place) | one])
    with reading(database, number) as (connection, report):
        assert report.dispatches[0].stopped
        found = {one.code: one.command for one in page_of(connection, report).problems}
        assert pdf.make_pdf(page_of(connection, report))
    assert found == {
        "in_doubt": f"distributor dispatches resolve {number}",
        "paused": f"distributor dispatches resume {number}",
    }
    shown = written(database, number)
    assert f"distributor dispatches resume {number}" in shown
    assert Counter(one[4] for one in embedded(shown)) == {"accepted": 1, "in_doubt": 1, "claimed": 1, "queued": 1}


@pytest.mark.parametrize("state", ["queued", "rejected", "accepted"])
def test_reports_of_nothing_sent_and_of_all_in_one_state(database: Database, state: str) -> None:
    version = add_version(database, slug="seul")
    number = add_dispatch(database, version, state="planned")
    assert "aucun" in written(database, number).lower()
    other, _ = seed(database, slug="tous", state=state, accepted_at=None if state != "accepted" else START)
    with reading(database, other) as (connection, report):
        assert report.totals[state] == len(STATES)
        assert pdf.make_pdf(page_of(connection, report))
    assert len(embedded(written(database, other))) == len(STATES)


def evidence_of(database: Database, number: int, keyring: Keyring = KEYRING) -> bytes:
    out = io.BytesIO()
    with reading(database, number) as (connection, report):
        evidence.write_evidence(out, connection, report, keyring, START)
    return out.getvalue()


def verified(content: bytes, keyring: Keyring | None = KEYRING) -> evidence.Verified:
    return evidence.verify(io.BytesIO(content), keyring)


def rezipped(content: bytes, **changes: bytes | None) -> bytes:
    """The same zip with files changed, added, or (None) left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        files = {name: old.read(name) for name in old.namelist()}
        for name, value in {**files, **changes}.items():
            if value is not None:
                new.writestr(name, value)
    return out.getvalue()


def test_evidence_holds_every_row_and_is_found_whole(database: Database) -> None:
    number, _ = seed(database)
    seed(database, slug="autre")
    made = evidence_of(database, number)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        counts = {name: len(archive.read(name).splitlines()) for name in archive.namelist()}
        assert "raw" in archive.read("feedback_event.jsonl").decode()
    assert (counts["delivery.jsonl"], counts["release.jsonl"], counts["feedback_event.jsonl"]) == (len(STATES), 1, 3)
    assert counts["attempt.jsonl"] == sum(1 for one in STATES if one[1])
    found = verified(made)
    assert (found.files, found.is_signed) == (9, True)
    assert verified(made, None).is_signed is False
    assert verified(made, Keyring(b"another office's key, as long")).is_signed is False


@on_sqlite
def test_whatever_is_changed_in_evidence_is_found(database: Database) -> None:
    number, _ = seed(database)
    made = evidence_of(database, number)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for name, content in files.items():
        if not content:
            continue
        with pytest.raises((Refused, BadInput)):
            verified(rezipped(made, **{name: content.replace(b"1", b"2", 1) + b" "}))
        with pytest.raises((Refused, BadInput)):
            verified(rezipped(made, **{name: None}))
    with pytest.raises(Refused, match="added"):
        verified(rezipped(made, more=b""))
    with pytest.raises(BadInput, match="no evidence"):
        verified(b"not a zip")


@on_sqlite
def test_evidence_made_anew_without_the_key_is_found(database: Database) -> None:
    number, _ = seed(database)
    forged = evidence_of(database, number, Keyring(b"another office's key, as long"))
    with zipfile.ZipFile(io.BytesIO(forged)) as archive:
        head = json.loads(archive.read(evidence.SIGNATURE))
    claimed = json.dumps(head | {"key_id": KEYRING.key_id}).encode()
    with pytest.raises(Refused, match="signature is not ours"):
        verified(rezipped(forged, **{evidence.SIGNATURE: claimed}))


@on_sqlite
def test_evidence_is_checked_piece_by_piece_and_a_bomb_is_none(database: Database) -> None:
    """A hundred times as many rows, the same memory; what unpacks to a thousand times its size is not unpacked."""

    def peak(content: bytes) -> int:
        tracemalloc.start()
        try:
            verified(content)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    row = {"reply": "250 2.0.0 Ok " * 30, "state": "accepted"}
    sizes = []
    for many in (5_000, 50_000):
        out = io.BytesIO()
        rows = ({**row, "message_id": hashlib.sha256(str(one).encode()).hexdigest()} for one in range(many))
        evidence.write_tables(out, [("attempt", rows)], {"release": "halle"}, KEYRING)
        sizes.append(peak(out.getvalue()))
    assert sizes[1] < sizes[0] + 1_000_000
    number, _ = seed(database)
    made = evidence_of(database, number)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("attempt.jsonl", bytes(50_000_000))
    with pytest.raises(BadInput, match="200 times"):
        verified(bomb.getvalue())
    with pytest.raises(BadInput, match="far longer"):
        verified(rezipped(made, **{evidence.INDEX: b" " * 1_100_000}))


def test_over_time_the_groups_add_up_and_echo_is_counted(database: Database) -> None:
    number, _ = seed(database)
    seed(database, slug="autre")
    with database.reading() as connection:
        found = queries_across.since(connection, START, PARIS, queries_across.GROUPS)
        nothing = queries_across.since(connection, datetime(2027, 1, 1, tzinfo=UTC), PARIS)
    assert [one.went.slug for one in found.releases] == ["ouverture", "autre"]
    assert all(one.went.total == len(STATES) and one.half_minutes is not None for one in found.releases)
    for lines in found.groups.values():
        assert sum(line.total for line in lines) == 2 * len(STATES)
        assert sum(line.replies for line in lines) == 2
    assert [line.name for line in found.groups["month"]] == ["2026-03"]
    assert across.as_json(found)["by_month"][0]["rate"] == pytest.approx(10 / 22)
    assert (nothing.releases, nothing.never_reached) == ((), ())
    assert number


def test_the_indexes_are_used(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("an empty PostgreSQL table is rightly read whole")
    number, _ = seed(database)
    with reading(database, number) as (connection, _report), query_plans(database) as asked:
        queries.make_report(connection, dispatch_id=number)
        queries_details.make_details(connection, _report)
    for index in (
        "SEARCH tally USING PRIMARY KEY", "ix_delivery_dispatch_id_state_id",
        "COVERING INDEX ix_delivery_with_reason", "COVERING INDEX ix_delivery_dispatch_id_accepted_at",
    ):  # fmt: skip
        assert any(index in step for step in asked), asked
    assert [step for step in asked if step.startswith("SCAN delivery") and "INDEX" not in step] == []


def test_a_timeline_within_one_instant_draws_nothing(database: Database) -> None:
    number, _ = seed(database, accepted_at=START)
    page = written(database, number)
    assert "<svg" not in page
    number, _ = seed(database, slug="autre")
    assert "<svg" in written(database, number)
