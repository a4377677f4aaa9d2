"""Workspaces to examine."""

from __future__ import annotations

from pathlib import Path

import pytest
from databases import put_database
from patients import SetUp, write_settings

from distributor.starter import make_workspace

SENDER = "Service de presse <presse@office.example>"


@pytest.fixture
def set_up(tmp_path: Path) -> SetUp:
    """Makes a whole workspace and writes settings into its `.env`, over those that stand there."""

    def make(**values: str) -> Path:
        folder = tmp_path / "workspace"
        make_workspace(folder)
        put_database(folder)
        write_settings(folder, **({"MAIL_FROM": SENDER, "ORGANISATION": "L'Office"} | values))
        return folder

    return make
