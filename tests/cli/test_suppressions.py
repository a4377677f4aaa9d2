"""`distributor suppressions`: removal wants a reason, files go in and out, and no address is ever shown."""

from __future__ import annotations

import json
from pathlib import Path

from commandtree import Run

ANNE = "helene@jour.example"


def test_an_objection_from_its_record_to_its_removal(run: Run, folder: Path) -> None:
    assert run("suppressions", "add", ANNE, "--source", "mail", workspace=folder).returncode == 0
    listed = run("suppressions", "list", "--json", workspace=folder).stdout
    (line,) = json.loads(listed)
    assert len(line["key_id"]) == 8
    assert "helene" not in listed
    assert json.loads(run("suppressions", "check", ANNE, "--json", workspace=folder).stdout)["objected"]
    assert run("suppressions", "remove", ANNE, "--yes", workspace=folder).returncode == 2  # no reason
    assert run("suppressions", "remove", ANNE, "--reason", " ", "--yes", workspace=folder).returncode == 2
    assert run("suppressions", "remove", ANNE, "--reason", "asked", workspace=folder).returncode == 2  # nobody to ask
    done = run("suppressions", "remove", ANNE, "--reason", "asked", "--yes", workspace=folder)
    assert (done.returncode, done.stdout) == (0, f"{ANNE}: objection to everything removed.\n")
    again = run("suppressions", "remove", ANNE, "--reason", "asked", "--yes", workspace=folder)
    assert again.returncode == 2
    assert "has not objected" in again.stderr


def test_files_of_objections_go_in_and_out(run: Run, folder: Path, tmp_path: Path) -> None:
    addresses = tmp_path / "oppositions.csv"
    addresses.write_text("E-mail;Date\nhelene@jour.example;mai\nnon@non;juin\n", encoding="utf-8")
    done = run("suppressions", "import", str(addresses), workspace=folder)
    assert done.returncode == 2
    assert "1 objection read, 1 new" in done.stdout
    assert "line 3" in done.stdout
    out = tmp_path / "hashes.csv"
    assert run("suppressions", "export", str(out), workspace=folder).returncode == 0
    assert "helene" not in out.read_text("utf-8")
    assert "0 new" in run("suppressions", "import", str(out), workspace=folder).stdout
    env = folder / ".env"
    env.write_text(env.read_text("utf-8").replace("DISTRIBUTOR_SECRET_KEY=", "DISTRIBUTOR_SECRET_KEY=x"), "utf-8")
    refused = run("suppressions", "export", workspace=folder)
    assert refused.returncode == 3
    assert "secret key" in refused.stderr
