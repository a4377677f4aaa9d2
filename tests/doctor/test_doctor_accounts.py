"""The doctor and the accounts with names of their own: each is examined, and none that is broken hides the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from dnszone import Zone
from patients import SetUp
from smtpserver import Script, running

from distributor.dispatch.accounts.named import add_account
from distributor.doctor.check import Check, Level
from distributor.doctor.examination import examine
from distributor.wiring import open_workspace


def with_accounts(folder: Path, **configs: dict[str, str]) -> Path:
    """A workspace with these accounts."""
    database = open_workspace(folder).database
    with database.session() as session:
        for name, config in configs.items():
            add_account(session, name, {"smtp_host": "127.0.0.1", "smtp_security": "plain"} | config, "anne")
    database.close()
    return folder


def found(folder: Path, *, offline: bool = False) -> dict[str, Check]:
    checks = {one.name: one for one in examine(folder, {}, offline=offline, lookup=Zone()).checks}
    return {name: checks[name] for name in checks if name.startswith(("mail_server", "sender", "spf", "account"))}


def test_every_account_is_examined(set_up: SetUp) -> None:
    with running(Script()) as first, running(Script(users={"redaction": "x"}, auth=("PLAIN",))) as second:
        folder = set_up(SMTP_HOST="127.0.0.1", SMTP_PORT=str(first.port), SMTP_SECURITY="plain")
        with_accounts(
            folder,
            relais={"smtp_port": str(second.port), "mail_from": "Rédaction <redaction@autre.example>"},
            ailleurs={"smtp_port": "9"},
            faux={"smtp_port": "99999"},
        )
        checks = found(folder)
    assert checks["mail_server"].level is Level.OK
    assert "it offers a login" in checks["mail_server relais"].message
    assert "smtp_username of the account «relais»" in checks["mail_server relais"].mend
    assert "redaction@autre.example" in checks["sender relais"].message
    assert checks["mail_server ailleurs"].level is Level.FAIL
    assert "smtp_host of the account «ailleurs»" in checks["mail_server ailleurs"].mend
    assert "account faux: smtp_port" in checks["account faux"].message
    assert "spf relais" in checks
    assert "spf ailleurs" not in checks, "its domain is that of the settings"


def test_without_a_server_in_the_settings_the_others_do(set_up: SetUp) -> None:
    with running(Script()) as server:
        folder = with_accounts(set_up(), relais={"smtp_port": str(server.port)})
        checks = found(folder)
        assert checks["mail_server"].level is Level.SKIP
        assert checks["mail_server relais"].level is Level.OK
        assert "mail_server relais" not in found(folder, offline=True)


@pytest.mark.parametrize("login", ["password", "xoauth2"])
def test_what_an_account_lacks_to_log_in_is_said(set_up: SetUp, login: str) -> None:
    with running(Script(users={"redaction": "x"}, auth=("XOAUTH2", "PLAIN"))) as server:
        config = {"smtp_port": str(server.port), "smtp_username": "redaction", "smtp_login": login}
        config |= {"oauth_provider": "microsoft", "oauth_client_id": "application-7"}
        check = found(with_accounts(set_up(), relais=config))["mail_server relais"]
        assert check.level is Level.FAIL
        wanted = {"password": "DISTRIBUTOR_ACCOUNT_RELAIS_PASSWORD", "xoauth2": "distributor accounts login relais"}
        assert wanted[login] in check.mend
        assert server.connections == 0


def test_a_misspelt_preset_of_an_account_is_told(set_up: SetUp) -> None:
    check = found(with_accounts(set_up(), relais={"smtp_preset": "exchange-onlin"}), offline=True)["account relais"]
    assert check.level is Level.FAIL
    assert "account relais: smtp_preset: There is no preset «exchange-onlin»." in check.message
    assert "Did you mean exchange-online?" in check.mend


def test_a_secret_without_an_account_is_told(set_up: SetUp) -> None:
    folder = with_accounts(set_up(ACCOUNT_RELAI_PASSWORD="hunter2", ACCOUNT_RELAIS_PASSWORD="hunter2"), relais={})
    check = found(folder, offline=True)["accounts"]
    assert check.level is Level.WARN
    assert "DISTRIBUTOR_ACCOUNT_RELAI_PASSWORD" in check.message
    assert "hunter2" not in check.message
