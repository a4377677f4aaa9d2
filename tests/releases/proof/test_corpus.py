"""Real releases: what the proof finds in them, every finding read by hand, and nothing else."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from distributor.releases.proof import Finding, Level, ProofSubject, proof
from distributor.releases.readers.document import read_release
from releases.proof.subjects import PARIS

SHARED = Path(__file__).parents[4] / "shared"
KITS = sorted((SHARED / "data/releases").glob("*/*.md"))
COMMUNIQUE = SHARED / "releases/communique-kazakhstan.txt"
SENT = {
    "pg90": datetime(2010, 9, 20, 12, tzinfo=PARIS),
    "pg91": datetime(2011, 9, 12, 12, tzinfo=PARIS),
    "pg92": datetime(2012, 9, 10, 12, tzinfo=PARIS),
    "pg93": datetime(2013, 9, 9, 12, tzinfo=PARIS),
    "pg94": datetime(2014, 12, 18, 12, tzinfo=PARIS),
    "pg95": datetime(2016, 1, 7, 12, tzinfo=PARIS),
    "pg96": datetime(2016, 9, 29, 12, tzinfo=PARIS),
}
# What is true of every kit: web pages with anchors, a contact in a form of its own, no dateline, long texts.
OF_ALL = {"contact-missing", "dateline-missing", "link-relative", "standfirst-missing", "long-read"}
OF_ONE = {
    ("postgresql-en", "pg90"): {"name-spelling"},  # Deckelmann, Decklemann
    ("postgresql-en", "pg91"): {"link-mismatch", "name-spelling"},  # ie@… leads to it@…; PosgtreSQL
    ("postgresql-en", "pg92"): {"link-mismatch"},  # and au@… to uk@…
    ("postgresql-en", "pg93"): {"link-mismatch"},
    ("postgresql-en", "pg94"): {"image-credit"},
    ("postgresql-en", "pg95"): {"space-before"},
    ("postgresql-fr", "pg90"): {"quotes-open"},  # a quotation that never ends
    ("postgresql-fr", "pg93"): {"double-space"},
    ("postgresql-fr", "pg94"): {"image-credit", "space-before"},
    ("postgresql-fr", "pg95"): {"quotes-open", "quotes-odd"},  # «… opened, …" closed
    ("postgresql-fr", "pg96"): {"html-entity", "quotes-odd"},  # &quottexternalisant"
}


def prove(file: Path, send: datetime, organisation: str) -> list[Finding]:
    raw = file.read_bytes()
    draft = read_release(raw, file=file.name, timezone=PARIS)
    return proof(ProofSubject(draft, raw.decode(), send, PARIS, organisation=organisation))


@pytest.mark.skipif(not KITS, reason="the press kits are not part of the repository")
@pytest.mark.parametrize("kit", KITS, ids=lambda kit: f"{kit.parent.name}-{kit.stem}")
def test_press_kits_have_what_was_read_in_them_and_no_false_alarm(kit: Path) -> None:
    findings = prove(kit, SENT[kit.stem], "PostgreSQL Global Development Group")
    assert {one.code for one in findings} == OF_ALL | OF_ONE.get((kit.parent.name, kit.stem), set())
    assert [one for one in findings if one.level is Level.STOP] == []


@pytest.mark.skipif(not COMMUNIQUE.exists(), reason="the communiqué is not part of the repository")
def test_a_real_communique_has_its_year_its_missing_word_and_its_broken_address() -> None:
    findings = {one.code: one for one in prove(COMMUNIQUE, datetime(2022, 1, 13, 12, tzinfo=PARIS), "Force Ouvrière")}
    assert findings.keys() == {
        *("dateline-year", "missing-word", "address-repaired"),
        *("standfirst-missing", "boilerplate-missing", "organisation-absent"),
    }
    assert (findings["dateline-year"].level, findings["dateline-year"].line) == (Level.STOP, 30)
    assert "des particulièrement pointés" in findings["missing-word"].message
    assert findings["missing-word"].line == 11
    assert findings["address-repaired"].line == 26
    assert "2022" in findings["dateline-year"].mend
