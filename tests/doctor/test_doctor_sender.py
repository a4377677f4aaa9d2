"""What the DNS says of the sender's domain, for the proof: asked once a day, and told when nobody answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from databases import put_database

from distributor.doctor.lookup import DnsSilent
from distributor.doctor.sender import ask_about_sender
from distributor.setting_values import mailbox
from distributor.settings import Settings
from distributor.starter import make_workspace
from distributor.wiring import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    make_workspace(tmp_path / "w")
    put_database(tmp_path / "w")
    return open_workspace(tmp_path / "w")


def sent_by(workspace: Workspace, address: str) -> Settings:
    return replace(workspace.settings, mail_from=mailbox(address))


def test_an_examples_domain_is_not_asked_about(workspace: Workspace) -> None:
    def lookup(name: str, kind: str) -> list[str]:
        raise AssertionError(name)

    assert ask_about_sender(workspace.database, workspace.settings, lookup) is None
    assert ask_about_sender(workspace.database, sent_by(workspace, "presse@lac.example"), lookup) is None


def test_faults_are_told_and_kept_for_the_day(workspace: Workspace) -> None:
    asked: list[str] = []

    def lookup(name: str, kind: str) -> list[str]:
        asked.append(name)
        return ["10 mx.lac-ateliers.org."] if kind == "MX" else []

    settings = sent_by(workspace, "presse@lac-ateliers.org")
    answer = ask_about_sender(workspace.database, settings, lookup)
    assert answer is not None
    assert {"spf", "dmarc"} <= {name for name, _ in answer.faults}
    assert answer.silent == ""
    many = len(asked)
    assert ask_about_sender(workspace.database, settings, lookup) == answer
    assert len(asked) == many


def test_silence_is_told(workspace: Workspace) -> None:
    def lookup(name: str, kind: str) -> list[str]:
        raise DnsSilent("no answer in time")

    answer = ask_about_sender(workspace.database, sent_by(workspace, "presse@lac-ateliers.org"), lookup)
    assert answer is not None
    assert (answer.faults, answer.silent) == ((), "DNS does not answer here (no answer in time).")
