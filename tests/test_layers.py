"""The layers of the design: import-linter's contracts hold, and cover every module that ought to be pure."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONTRACTS = ROOT / ".importlinter"
IMPURE = {
    "releases": {
        "attachments",
        "corrections",
        "drafting",
        "linkcheck",
        "inforce",
        "publishing",
        "store",
        "translations",
    },
    "contacts": {
        "affiliating",
        "binding",
        "combining",
        "domains",
        "duplicates",
        "exporting",
        "facts",
        "naming",
        "health",
        "history",
        "importing",
        "keeping",
        "listmaking",
        "listwriting",
        "mappings",
        "members",
        "membership",
        "objectors",
        "outlets",
        "ownership",
        "posts",
        "press_lists",
        "readdressing",
        "screening",
        "searching",
        "sectors",
        "snapshots",
        "spool",
        "sql",
        "standing",
        "store",
        "suppression",
        "syncing",
        "taking",
        "uniting",
    },
}
"""What of these packages may hold a session; everything else in them takes values and gives values."""


def test_the_contracts_hold(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run(
        [command, "--no-logo", "--no-cache", "--config", CONTRACTS],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_module_that_is_not_known_to_hold_a_session_is_under_the_contract_of_the_pure() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(CONTRACTS, encoding="utf-8")
    pure = contracts["importlinter:contract:pure"]["source_modules"].split()
    for package, impure in IMPURE.items():
        folder = ROOT / "distributor" / package
        names = {
            ".".join(("distributor", package, *path.relative_to(folder).with_suffix("").parts)): path.stem
            for path in folder.rglob("*.py")
            if path.stem != "__init__"
        }
        covered = {name for name in names if any(f"{name}.".startswith(f"{one}.") for one in pure)}
        assert {stem for name, stem in names.items() if name not in covered} == impure


def test_every_module_says_what_it_owns() -> None:
    silent = []
    for file in (ROOT / "distributor").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if not text.startswith(('"""', "#!")):
            silent.append(file.name)
    assert silent == []
