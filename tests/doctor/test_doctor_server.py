"""The mail server: greeted, logged in to and left, and what can be wrong with it."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from patients import SetUp
from smtpserver import Fault, Script, running

from distributor.doctor.check import Check, Level, NotExamined, contained
from distributor.doctor.examination import SERVER
from distributor.doctor.server import check_certificate, check_features, server_checks
from distributor.settings import load_settings
from distributor.transport.probing import ProbeReport

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
USERS = {"presse": "s3cret"}


def reach(folder: Path, **values: str) -> list[Check]:
    environ = {"SMTP_HOST": "127.0.0.1", "SMTP_SECURITY": "plain", **values}
    settings = load_settings(folder, {f"DISTRIBUTOR_{name}": value for name, value in environ.items()})
    return list(contained("mail_server", server_checks(settings, NOW), SERVER[1:]))


def test_a_server_that_is_reached_and_left(tmp_path: Path) -> None:
    with running(Script(users=USERS, size=35_000_000)) as server:
        checks = reach(tmp_path, SMTP_PORT=str(server.port), SMTP_USERNAME="presse", SMTP_PASSWORD="s3cret")
    assert [check.level for check in checks] == [Level.OK, Level.SKIP, Level.OK]
    assert "mx.server.example" in checks[0].message
    assert "logged in as presse (PLAIN)" in checks[0].message
    assert "35 MB" in checks[2].message
    assert server.accepted == []
    assert not [command for command in server.commands if command.startswith(("MAIL", "RCPT", "DATA"))]
    assert server.violations == []


def test_a_wrong_password_is_offered_once(tmp_path: Path) -> None:
    with running(Script(users=USERS)) as server:
        checks = reach(tmp_path, SMTP_PORT=str(server.port), SMTP_USERNAME="presse", SMTP_PASSWORD="wrong")
    assert [check.level for check in checks] == [Level.FAIL, Level.SKIP, Level.SKIP]
    assert "refuses the user name or the password" in checks[0].message
    assert "wrong" not in checks[0].message
    assert server.failed_logins == 1


def test_a_refused_password_is_not_offered_by_the_next_examination(set_up: SetUp) -> None:
    folder = set_up()
    secret = next(line for line in (folder / ".env").read_text().splitlines() if "SECRET_KEY=" in line).partition("=")[
        2
    ]
    with running(Script(users=USERS)) as server:
        values = {"SMTP_PORT": str(server.port), "SMTP_USERNAME": "presse", "SECRET_KEY": secret}
        for _ in range(3):
            checks = reach(folder, SMTP_PASSWORD="wrong", **values)
            assert checks[0].level is Level.FAIL
            assert "refuses the user name or the password" in checks[0].message
        assert server.failed_logins == 1
        assert reach(folder, SMTP_PASSWORD="s3cret", **values)[0].level is Level.OK


def test_an_empty_password_is_never_offered(tmp_path: Path) -> None:
    with running(Script(users=USERS)) as server:
        checks = reach(tmp_path, SMTP_PORT=str(server.port), SMTP_USERNAME="presse")
    assert [check.level for check in checks] == [Level.FAIL, Level.SKIP, Level.SKIP]
    assert "no password" in checks[0].message
    assert server.connections == 0


def test_a_server_that_offers_a_login_we_do_not_use(tmp_path: Path) -> None:
    with running(Script(users=USERS)) as server:
        port = str(server.port)
        assert "no user name is set" in reach(tmp_path, SMTP_PORT=port)[0].message
        assert "a password is set" in reach(tmp_path, SMTP_PORT=port, SMTP_PASSWORD="s3cret")[0].message


def test_a_server_that_asks_for_no_login(tmp_path: Path) -> None:
    with running() as server:
        assert reach(tmp_path, SMTP_PORT=str(server.port))[0].level is Level.OK


def test_nothing_listens(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        checks = reach(tmp_path, SMTP_PORT=str(taken.getsockname()[1]))
    assert checks[0].level is Level.FAIL
    assert "Nothing answers" in checks[0].message


def test_a_server_that_wants_nobody(tmp_path: Path) -> None:
    with running(Script(faults=(Fault("greeting", reply="554 5.7.1 Go away"),))) as server:
        checks = reach(tmp_path, SMTP_PORT=str(server.port))
    assert "554 5.7.1 Go away" in checks[0].message


@pytest.mark.parametrize(
    ("values", "said"), [({"SMTP_HOST": ""}, "No mail server"), ({"SMTP_HOST": "mx.example"}, "clear")]
)
def test_an_account_that_cannot_be_one(tmp_path: Path, values: dict[str, str], said: str) -> None:
    checks = reach(tmp_path, **values)
    assert [check.level for check in checks] == [Level.FAIL, Level.SKIP, Level.SKIP]
    assert said in checks[0].message


@pytest.mark.parametrize(("days", "level"), [(90, Level.OK), (14, Level.OK), (13, Level.WARN)])
def test_days_left_of_the_certificate(days: int, level: Level) -> None:
    check = check_certificate(NOW + timedelta(days=days, hours=1), NOW)
    assert check.level is level
    assert f"{days} more days" in check.message


def test_no_certificate_in_clear() -> None:
    with pytest.raises(NotExamined):
        check_certificate(None, NOW)


def features(*extensions: str, size_limit: int | None = None) -> Check:
    return check_features(ProbeReport("mx", "", extensions, (), "", size_limit, None, 1))


def test_features() -> None:
    assert "no limit" in features("SMTPUTF8", "SIZE").message
    assert "accents before the @" in features("SIZE 1000000").message
    assert "accents before the @" not in features("SMTPUTF8").message
    assert features("SIZE 500000", size_limit=500_000).level is Level.WARN
