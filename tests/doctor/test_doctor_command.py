"""`distributor doctor` as it is typed: its output, its JSON, its exit codes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from patients import SetUp
from smtpserver import Script, running
from warmcommand import WarmCommand

from distributor.cli.app import run

USERS = {"presse": "s3cret"}
LOCAL = {"SMTP_HOST": "127.0.0.1", "SMTP_SECURITY": "plain", "SMTP_USERNAME": "presse"}


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch) -> Any:
    def examine(folder: Path, *options: str) -> int:
        monkeypatch.setattr(sys, "argv", ["distributor", "--workspace", str(folder), "doctor", *options])
        return run()

    return examine


def test_one_line_per_check_then_the_settings(set_up: SetUp, doctor: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(set_up(SMTP_PASSWORD="s3cret-hidden"), "--offline") == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    blank = lines.index("")
    assert all(line.split()[0] in {"ok", "warn", "FAIL", "skip"} for line in lines[:blank])
    assert any(line.startswith("ok    schema") for line in lines[:blank])
    assert ["DISTRIBUTOR_SMTP_PASSWORD", "set", ".env"] in [line.split() for line in lines[blank:]]
    assert "s3cret" not in out
    assert err == ""


def test_json(set_up: SetUp, doctor: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(set_up(), "--offline", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert set(shown) == {"checks", "settings"}
    assert all(set(check) == {"name", "level", "message", "mend"} for check in shown["checks"])
    assert all(set(setting) == {"name", "value", "source"} for setting in shown["settings"])
    assert {check["level"] for check in shown["checks"]} <= {"ok", "warn", "fail", "skip"}


def test_all_is_well_with_the_server_too(set_up: SetUp, doctor: Any) -> None:
    with running(Script(users=USERS)) as server:
        assert doctor(set_up(**LOCAL, SMTP_PASSWORD="s3cret", SMTP_PORT=str(server.port))) == 0


def test_a_mail_server_that_refuses_us_is_4(set_up: SetUp, doctor: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with running(Script(users=USERS)) as server:
        assert doctor(set_up(**LOCAL, SMTP_PASSWORD="wrong", SMTP_PORT=str(server.port))) == 4
    out, err = capsys.readouterr()
    assert "FAIL  mail server" in out
    assert err.startswith("Something has to be mended: mail server. First, mail server: ")


def test_anything_else_is_2(set_up: SetUp, doctor: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(set_up(SMTP_PORT="many"), "--json") == 2
    shown = json.loads(capsys.readouterr().out)
    assert shown["settings"] == []
    assert [check["name"] for check in shown["checks"] if check["level"] == "fail"] == ["settings"]


def test_as_a_process_outside_a_workspace(tmp_path: Path) -> None:
    process = WarmCommand(["--workspace", str(tmp_path), "doctor", "--offline"], env=os.environ, cwd=tmp_path)
    out, err = process.communicate(60)
    assert process.returncode == 2
    assert "FAIL  workspace" in out
    assert "Traceback" not in out + err
