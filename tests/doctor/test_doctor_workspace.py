"""Whole and broken workspaces: what is wrong is said where it is, and never hides the rest."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from databases import put_database
from dnszone import Zone
from ledgerbase import add_deliveries
from patients import SetUp, write_settings
from sqlalchemy import text

from distributor.addresses import parse_address
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.objections import suppression
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.doctor.check import Check, Level
from distributor.doctor.configuration import masked_url
from distributor.doctor.database import check_schema, judge_encryption
from distributor.doctor.examination import DATABASE, DOMAIN, IDENTITY, SERVER, TEMPLATES, Diagnosis, examine
from distributor.errors import AccountTrouble, BadInput
from distributor.starter import make_workspace
from distributor.tokens import Keyring

MACHINE = ("python", "sqlite", "disk", "event_log")
ALL = ("workspace", "settings", *IDENTITY, *SERVER, *TEMPLATES, *DATABASE, *DOMAIN, *MACHINE)


def offline(folder: Path, **environ: str) -> Diagnosis:
    named = {f"DISTRIBUTOR_{name}": value for name, value in environ.items()}
    diagnosis = examine(folder, named, offline=True)
    unmended = [check for check in diagnosis.checks if check.level in {Level.WARN, Level.FAIL} and not check.mend]
    assert unmended == []
    return diagnosis


def failed(diagnosis: Diagnosis) -> list[str]:
    return [check.name for check in diagnosis.checks if check.level is Level.FAIL]


def the(name: str, diagnosis: Diagnosis) -> Check:
    (check,) = [check for check in diagnosis.checks if check.name == name]
    return check


def names(diagnosis: Diagnosis) -> tuple[str, ...]:
    return tuple(check.name for check in diagnosis.checks)


def test_a_misspelt_preset_is_told_before_anything_is_sent(set_up: SetUp) -> None:
    check = the("settings", offline(set_up(SMTP_PRESET="gmial")))
    assert check.level is Level.FAIL
    assert "DISTRIBUTOR_SMTP_PRESET: There is no preset «gmial»." in check.message
    assert "Did you mean gmail?" in check.mend


def test_a_whole_workspace_has_nothing_to_mend(set_up: SetUp) -> None:
    heard: list[Check] = []
    diagnosis = examine(set_up(), {}, offline=True, on_check=heard.append)
    assert names(diagnosis) == ALL
    assert tuple(heard) == diagnosis.checks
    assert {check.level for check in diagnosis.checks if check.name not in {*SERVER, *DOMAIN, "sqlite", "disk"}} == {
        Level.OK
    }
    assert diagnosis.trouble is None


def test_nothing_is_written(set_up: SetUp) -> None:
    folder = set_up()
    (folder / "press.db").unlink()
    before = sorted(folder.rglob("*"))
    offline(folder)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere/events.jsonl", "nowhere/events.jsonl: The event log cannot be written: No such file or directory."),
        ("lists", "lists: The event log cannot be written: Is a directory."),
        ("press.db", "DISTRIBUTOR_LOG_FILE: press.db is one of the workspace's own files."),
    ],
)
def test_an_event_log_that_cannot_be_is_told_with_its_mend(set_up: SetUp, place: str, said: str) -> None:
    check = the("event_log", offline(set_up(), LOG_FILE=place))
    assert (check.level, check.message.endswith(said)) == (Level.FAIL, True)


def test_an_event_log_is_tried_and_left_as_it_was(set_up: SetUp, tmp_path: Path) -> None:
    folder = set_up()
    (folder / "linked.jsonl").symlink_to(tmp_path / "elsewhere.jsonl")
    kept = folder / "kept.jsonl"
    kept.write_text("{}\n", encoding="utf-8")
    before = sorted(tmp_path.rglob("*.jsonl"))
    for name in ("events.jsonl", "linked.jsonl", "kept.jsonl", "-", ""):
        assert the("event_log", offline(folder, LOG_FILE=name)).level is Level.OK, name
    assert sorted(tmp_path.rglob("*.jsonl")) == before
    assert kept.read_text(encoding="utf-8") == "{}\n"


def test_an_event_log_on_a_full_disk(set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = set_up()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    check = the("event_log", offline(folder, LOG_FILE="events.jsonl"))
    assert (check.level, check.mend) == (Level.FAIL, "Free some space.")
    assert not (folder / "events.jsonl").exists()


def test_a_pipe_for_events_is_not_opened_which_could_end_its_reader(set_up: SetUp) -> None:
    folder = set_up()
    os.mkfifo(folder / "events")
    reader = os.open(folder / "events", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert the("event_log", offline(folder, LOG_FILE="events")).level is Level.SKIP
    finally:
        os.close(reader)


def test_every_setting_with_its_source_and_no_secret(set_up: SetUp) -> None:
    folder = set_up(SMTP_PASSWORD="hunter2-hunter2", SECRET_KEY="k" * 40, RETRY_MINUTES="5,7.5")
    url = "postgresql://presse:hunter2-hunter2@db.invalid/press?sslpassword=hunter2-hunter2"
    diagnosis = offline(folder, SMTP_PORT="2525")
    shown = {line.name.removeprefix("DISTRIBUTOR_"): (line.value, line.source) for line in diagnosis.settings}
    assert shown["SMTP_PORT"] == ("2525", "environment")
    assert shown["SMTP_PASSWORD"] == ("set", ".env")
    assert shown["SECRET_KEY"] == ("set", ".env")
    assert shown["SMTP_HOST"] == ("", "default")
    assert shown["RETRY_MINUTES"] == ("5,7.5", ".env")
    assert shown["MAIL_FROM"][0].startswith("Service de presse <")
    assert "hunter2" not in repr(diagnosis) + masked_url(url)
    assert masked_url(url).startswith("postgresql://presse:***@db.invalid/press")


def test_a_folder_that_is_no_workspace(tmp_path: Path) -> None:
    diagnosis = offline(tmp_path)
    assert failed(diagnosis) == ["workspace", "sender", "secret_key", "templates", "database"]
    assert "distributor init" in the("workspace", diagnosis).mend
    assert list(tmp_path.iterdir()) == []


def test_what_a_new_workspace_lacks_is_said_first(tmp_path: Path) -> None:
    make_workspace(tmp_path)
    put_database(tmp_path)
    diagnosis = examine(tmp_path, {})
    troubled = [check.name for check in diagnosis.checks if check.level in {Level.WARN, Level.FAIL}]
    assert troubled[:2] == ["sender", "mail_server"]
    assert diagnosis.trouble is not None
    assert diagnosis.trouble.mend.startswith("First, sender: DISTRIBUTOR_MAIL_FROM: Nobody is set as the sender. Write")


def test_who_holds_the_data_is_to_be_named(set_up: SetUp) -> None:
    check = the("organisation", offline(set_up(ORGANISATION="")))
    assert (check.level, "DISTRIBUTOR_ORGANISATION=" in check.mend) == (Level.WARN, True)
    assert "«Service de presse, office.example»" in check.message


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    diagnosis = offline(tmp_path / "nowhere")
    assert names(diagnosis) == ALL
    assert "no folder" in the("workspace", diagnosis).message


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SMTP_PORT", "many"),
        ("DATABASE_URL", "mysql://presse:pass[word@db.invalid/press"),
        ("SECRET_KEY", "short"),
    ],
)
def test_a_setting_that_cannot_be_used(set_up: SetUp, setting: str, value: str) -> None:
    diagnosis = offline(set_up(**{setting: value}))
    assert names(diagnosis) == ALL
    assert failed(diagnosis) == ["settings"]
    assert the("templates", diagnosis).level is Level.OK
    assert the("database", diagnosis) == Check.skip("database", "Left out: see settings.")
    assert diagnosis.settings == ()
    assert "pass[word" not in repr(diagnosis)
    assert "too-short-a-key" not in repr(diagnosis)
    assert isinstance(diagnosis.trouble, BadInput)


def test_a_database_address_that_cannot_be_read(set_up: SetUp) -> None:
    diagnosis = offline(set_up(DATABASE_URL="postgresql://presse:pass[word@db.invalid/press"))
    assert failed(diagnosis) == ["database"]
    assert "pass[word" not in repr(diagnosis.checks)
    assert isinstance(diagnosis.trouble, BadInput)


def test_settings_that_are_not_text(set_up: SetUp) -> None:
    folder = set_up()
    (folder / ".env").write_bytes(b"\xff\xfe\x00DISTRIBUTOR")
    assert failed(offline(folder)) == ["settings"]


def test_an_env_that_others_can_read(set_up: SetUp) -> None:
    folder = set_up()
    (folder / ".env").chmod(0o644)
    assert the("workspace", offline(folder)).mend == f"Run: chmod 600 {folder / '.env'}"
    write_settings(folder, SMTP_PASSWORD="secret")
    assert failed(offline(folder)) == ["settings"]


def test_a_variable_that_is_none_of_ours(set_up: SetUp) -> None:
    check = the("settings", offline(set_up(SMTP_HSOT="mail.office.example")))
    assert check.level is Level.WARN
    assert "DISTRIBUTOR_SMTP_HOST" in check.message


def test_a_half_translated_language_is_told_and_stops_nothing(set_up: SetUp) -> None:
    folder = set_up()
    (folder / "templates" / "press-release" / "texts.es.yaml").write_text("immediate: Ya\n", encoding="utf-8")
    diagnosis = offline(folder)
    assert the("templates", diagnosis).level is Level.WARN
    assert "texts.es.yaml lacks kinds, subjects, corrects, date" in the("templates", diagnosis).message
    assert the("sample_message", diagnosis).level is Level.OK


def test_a_template_with_a_typo(set_up: SetUp) -> None:
    folder = set_up()
    template = folder / "templates" / "press-release" / "message.txt.j2"
    template.write_text("{% if release.headline %}\n{{ salutation }\n", encoding="utf-8")
    diagnosis = offline(folder)
    assert failed(diagnosis) == ["templates"]
    assert f"{template}:2" in the("templates", diagnosis).message
    assert the("sample_message", diagnosis).level is Level.SKIP
    assert the("database", diagnosis).level is Level.OK


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ("{{ relase.headline }}", Level.FAIL),
        ("{{ sender.phone }}", Level.FAIL),
        ("{{ contact.town }}", Level.WARN),
        ("{{ release.venue }}", Level.WARN),
        ("{{ contact.fields.town }}", Level.OK),
        ("{% if contact.town is defined %}{{ contact.town }}{% endif %}", Level.OK),
    ],
)
def test_a_template_that_wants_what_is_not_there(set_up: SetUp, words: str, level: Level) -> None:
    folder = set_up()
    template = folder / "templates" / "press-release" / "message.txt.j2"
    template.write_text(template.read_text(encoding="utf-8") + words + "\n", encoding="utf-8")
    assert the("sample_message", offline(folder)).level is level


def test_no_database(set_up: SetUp) -> None:
    folder = set_up()
    (folder / "press.db").unlink()
    diagnosis = offline(folder)
    assert failed(diagnosis) == ["database"]
    assert the("schema", diagnosis) == Check.skip("schema", "Left out: see database.")


def test_a_file_that_is_no_database(set_up: SetUp) -> None:
    folder = set_up()
    (folder / "press.db").write_bytes(b"Not a database at all. " * 1000)
    diagnosis = offline(folder)
    assert failed(diagnosis) == ["database"]
    assert "damaged" in the("database", diagnosis).message


def test_a_database_with_a_damaged_page(set_up: SetUp) -> None:
    folder = set_up()
    file = folder / "press.db"
    with closing(sqlite3.connect(file)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'contact'").fetchone()
    with file.open("r+b") as written:
        written.seek((page - 1) * 4096)
        written.write(bytes(4096))  # a page of zeros, as a failing disk leaves it
    check = the("integrity", offline(folder))
    assert check.level is Level.FAIL
    assert "damaged" in check.message


def test_a_database_of_a_newer_schema(set_up: SetUp) -> None:
    folder = set_up()
    database = Database(f"sqlite:///{folder / 'press.db'}")
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    diagnosis = offline(folder)
    assert failed(diagnosis) == ["schema"]
    assert "newer" in the("schema", diagnosis).message
    assert the("integrity", diagnosis).level is Level.OK
    assert the("objections", diagnosis).level is Level.SKIP


def test_older_and_empty_schemas_are_brought_up_to_date_later() -> None:
    assert check_schema(None).level is Level.WARN
    assert check_schema("0000").level is Level.WARN


def test_no_secret_key(set_up: SetUp) -> None:
    diagnosis = offline(set_up(SECRET_KEY=""))
    assert failed(diagnosis) == ["secret_key"]
    assert the("objections", diagnosis).message == "Left out: see secret key."


def test_nobodys_objection_could_be_recorded(set_up: SetUp) -> None:
    """A dispatch waits that was planned under another key: `suppressions add` refuses, and so does the web page."""
    folder = set_up()
    database = Database(f"sqlite:///{folder / 'press.db'}")
    add_deliveries(database, 1)
    database.close()
    diagnosis = offline(folder)
    assert failed(diagnosis) == ["objections"]
    assert "planned under another secret key" in the("objections", diagnosis).message


def test_objections_under_another_key(set_up: SetUp) -> None:
    folder = set_up()
    database = Database(f"sqlite:///{folder / 'press.db'}")
    with database.session() as session:
        address = parse_address("noemi@journal.example")
        suppression.add(session, Keyring(b"another key"), address, reason="said no", actor="test")
    database.close()
    diagnosis = offline(folder)
    assert failed(diagnosis) == ["objections"]
    assert "former DISTRIBUTOR_SECRET_KEY" in the("objections", diagnosis).mend


def test_postgresql_that_does_not_answer(set_up: SetUp) -> None:
    diagnosis = offline(set_up(), DATABASE_URL="postgresql://presse:hunter2@127.0.0.1:9/press")
    assert failed(diagnosis) == ["database"]
    assert "hunter2" not in repr(diagnosis)


def test_a_database_address_that_cannot_be_taken_apart(set_up: SetUp) -> None:
    diagnosis = offline(set_up(), DATABASE_URL="postgresql://presse:hunter2@db.invalid:hunter2/press")
    assert failed(diagnosis) == ["database"]
    assert "hunter2" not in repr(diagnosis)


def test_postgresql_is_examined_like_sqlite(set_up: SetUp, database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    diagnosis = offline(set_up(), DATABASE_URL=url)
    assert failed(diagnosis) == []
    assert the("integrity", diagnosis).level is (Level.OK if database.is_sqlite else Level.SKIP)
    assert the("encryption", diagnosis).level is Level.OK
    assert the("objections", diagnosis).message.startswith("0 on record")


def test_objections_that_came_with_a_press_list_are_counted_too(set_up: SetUp) -> None:
    folder = set_up()
    rows = "Nom;E-mail;Opposition\nVidal;vidal@jour.example;oui\nAubry;aubry@jour.example;\n"
    database = Database(f"sqlite:///{folder / 'press.db'}")
    import_contacts(database, read_csv(rows.encode(), name="a.csv"), keyring=Keyring(b"k" * 32))
    database.close()
    said = the("objections", offline(folder)).message
    assert said.startswith("0 on record")
    assert "; marked in the contact base, from a press list: 1;" in said


@pytest.mark.parametrize(
    ("host", "sslmode", "is_encrypted", "said"),
    [
        ("/run/postgresql", "prefer", False, "this machine"),
        ("127.0.0.1", "prefer", False, "this machine"),
        ("db.office.example", "verify-full", True, "verified"),
        ("db.office.example", "prefer", False, "in clear"),
        ("db.office.example", "require", True, "is encrypted, and anybody on the way"),
    ],
)
def test_a_line_to_postgresql_that_somebody_could_listen_to(
    host: str, sslmode: str, said: str, *, is_encrypted: bool
) -> None:
    check = judge_encryption(host, sslmode, is_encrypted=is_encrypted)
    assert said in check.message
    assert (check.level is Level.OK) is (said in {"this machine", "verified"})


def as_somebody(set_up: SetUp, database: Database, *grants: str) -> Check:
    """What the doctor says of the rights of a user who has these, and owns nothing."""
    with database.transaction() as connection:
        connection.execute(text("DROP ROLE IF EXISTS writer"))
        connection.execute(text("CREATE ROLE writer LOGIN"))
        for one in grants:
            connection.execute(text(f"GRANT {one} TO writer"))
    url = database.url.set(username="writer").render_as_string(hide_password=False)
    try:
        return the("rights", offline(set_up(), DATABASE_URL=url))
    finally:
        with database.transaction() as connection:
            connection.execute(text("DROP OWNED BY writer"))
            connection.execute(text("DROP ROLE writer"))


def test_a_user_of_postgresql_who_may_only_write_rows_is_enough(set_up: SetUp, server_database: Database) -> None:
    rows = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public"
    assert as_somebody(set_up, server_database, rows, "USAGE ON ALL SEQUENCES IN SCHEMA public").level is Level.OK
    check = as_somebody(set_up, server_database, rows)
    assert check.level is Level.FAIL
    assert "USAGE on attempt_id_seq" in check.message
    check = as_somebody(set_up, server_database, "SELECT ON ALL TABLES IN SCHEMA public")
    assert "DELETE on delivery" in check.message


@pytest.mark.parametrize(
    ("setting", "said"),
    [("default_transaction_read_only = on", "read only"), ("search_path = nowhere", "no schema")],
)
def test_a_database_that_nobody_can_write_to_is_found(
    set_up: SetUp, server_database: Database, setting: str, said: str
) -> None:
    with server_database.transaction() as connection:
        connection.execute(text(f'ALTER DATABASE "{server_database.url.database}" SET {setting}'))
    url = server_database.url.render_as_string(hide_password=False)
    check = the("rights", offline(set_up(), DATABASE_URL=url))
    assert check.level is Level.FAIL
    assert said in check.message


def test_the_domain_is_examined_through_the_lookup_that_was_given(set_up: SetUp) -> None:
    zone = Zone(
        {"office.example": "v=spf1 mx -all", "_dmarc.office.example": "v=DMARC1; p=reject"},
        {("office.example", "MX"): ["10 mx.office.example."]},
    )
    diagnosis = examine(set_up(), {}, lookup=zone)
    assert [the(name, diagnosis).level for name in DOMAIN] == [Level.OK, Level.OK, Level.OK, Level.SKIP]
    assert failed(diagnosis) == ["mail_server"]
    assert isinstance(diagnosis.trouble, AccountTrouble)
    assert "DISTRIBUTOR_SMTP_HOST" in the("mail_server", diagnosis).mend


def test_both_ways_to_say_no(set_up: SetUp) -> None:
    folder = set_up()
    assert "PUBLIC_URL" in the("unsubscribe", offline(folder)).message
    assert "one click (RFC 8058)" in the("unsubscribe", offline(folder, PUBLIC_URL="https://p.example")).message
