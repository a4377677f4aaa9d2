"""Reports by the real command: every format, evidence that was changed, coverage, a journalist forgotten, a watch."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from commandtree import Run


def test_every_format_is_written_and_evidence_is_checked(folder: Path, run: Run, tmp_path: Path) -> None:
    out = {kind: tmp_path / f"rapport.{kind}" for kind in ("csv", "xlsx", "jsonl", "html", "pdf")}
    proof = tmp_path / "preuve.zip"
    options = [part for kind, file in out.items() for part in (f"--{kind}", str(file))]
    done = run("report", "halle", *options, "--evidence", str(proof), workspace=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(file.stat().st_size for file in out.values())
    assert "[bold]Aubry[/bold]" in out["html"].read_text("utf-8")
    checked = run("report", "--verify", str(proof), workspace=folder)
    assert "Signed with this workspace's key" in checked.stdout
    again = run("report", "halle", "--evidence", str(proof), workspace=folder)
    assert again.returncode == 2, "what was handed on is never replaced"
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(proof) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"accepted", b"rejected"))
    found = run("report", "--verify", str(changed), workspace=folder)
    assert found.returncode == 3
    assert "is not what it was" in found.stderr


def test_one_persons_story_and_what_is_refused(folder: Path, run: Run) -> None:
    story = run("report", "halle", "--contact", "PAUL", workspace=folder).stdout
    assert "paul@soir.example" in story
    assert "helene" not in story
    for arguments in (("--contact", "nobody"), ("--by", "colour"), ("--language", "de"), ("--state", "gone")):
        assert run("report", "halle", *arguments, workspace=folder).returncode == 2
    assert run("report", workspace=folder).returncode == 2
    assert run("report", "--since", "yesterday", workspace=folder).returncode == 2


def test_coverage_is_noted_once_and_stands_in_the_report(folder: Path, run: Run) -> None:
    url = "https://www.lejour.example/halle?a=1&b=<2>"
    added = run("coverage", "add", url, "--release", "halle", "--title", "La halle", workspace=folder)
    assert added.returncode == 0
    assert "lejour.example" in added.stdout
    assert run("coverage", "add", url, "--release", "halle", workspace=folder).returncode == 2
    assert run("coverage", "add", "javascript:alert(1)", "--release", "halle", workspace=folder).returncode == 2
    (noted,) = json.loads(run("coverage", "list", "--json", workspace=folder).stdout)
    assert (noted["release"], noted["url"]) == ("halle", url)
    over_time = json.loads(run("report", "--since", "2020-01-01", "--json", workspace=folder).stdout)
    assert [one["url"] for one in over_time["coverage"]] == [url]
    assert url in run("report", "halle", workspace=folder).stdout


def test_totals_stand_when_a_journalist_is_forgotten(folder: Path, run: Run, tmp_path: Path) -> None:
    before = json.loads(run("report", "halle", "--json", workspace=folder).stdout)
    assert run("contacts", "forget", "paul@soir.example", "--yes", workspace=folder).returncode == 0
    after = json.loads(run("report", "halle", "--json", workspace=folder).stdout)
    assert after["totals"] == before["totals"]
    page = tmp_path / "rapport.html"
    assert run("report", "halle", "--html", str(page), workspace=folder).returncode == 0
    assert "paul@soir.example" not in page.read_text("utf-8")


def test_who_of_a_list_was_not_reached_since(folder: Path, run: Run) -> None:
    asked = ("report", "--list", "presse", "--json", "--since")
    assert json.loads(run(*asked, "2020-01-01", workspace=folder).stdout) == []
    missed = json.loads(run(*asked, "2199-01-01", workspace=folder).stdout)
    assert {one["address"] for one in missed} == {"helene@jour.example", "paul@soir.example"}
    assert all(one["last_reached_at"] for one in missed)


def test_watching_what_is_over_says_so_in_one_line(folder: Path, run: Run) -> None:
    shown = run("dispatches", "watch", "1", workspace=folder)
    assert (shown.returncode, shown.stdout) == (0, "Dispatch 1: 2 accepted; done\n")
    assert run("dispatches", "watch", "9", workspace=folder).returncode == 2


def test_what_is_made_over_time_and_what_only_of_one_release(folder: Path, run: Run, tmp_path: Path) -> None:
    page = tmp_path / "temps.html"
    done = run("report", "--since", "2020-01-01", "--html", str(page), "--language", "en", workspace=folder)
    assert (done.returncode, done.stdout.split(" written")[0]) == (0, "1 release")
    assert "Releases over time" in page.read_text("utf-8")
    refused = run("report", "--since", "2020-01-01", "--csv", str(tmp_path / "r.csv"), workspace=folder)
    assert refused.returncode == 2
    assert "--csv is for the report of one release" in refused.stderr
    assert list(tmp_path.glob("r.csv")) == []
