"""Files that go with a release: kept under their hash, and never from outside the release's folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from distributor.errors import BadInput
from distributor.releases.draft import ReleaseDraft
from distributor.releases.store import keep_attachments


def draft(*names: str) -> ReleaseDraft:
    return ReleaseDraft(headline="Titre", body="Corps", attachments=names)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "work" / "releases"
    inside.mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("not for the press")
    (inside / "carte.pdf").write_bytes(b"%PDF-1.7 carte")
    return inside


def test_a_file_beside_the_release_is_kept_under_its_hash(folder: Path, tmp_path: Path) -> None:
    [kept] = keep_attachments(draft("carte.pdf"), folder, tmp_path / "work")
    assert kept.sha256 == hashlib.sha256(b"%PDF-1.7 carte").hexdigest()
    assert (tmp_path / "work" / kept.path).read_bytes() == b"%PDF-1.7 carte"
    assert (kept.name, kept.media_type, kept.size) == ("carte.pdf", "application/pdf", 14)


@pytest.mark.parametrize("name", ["../../secret.txt", "../../../secret.txt", "{tmp}/secret.txt", "missing.pdf", "."])
def test_what_is_outside_or_no_file_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match=r"outside|not a file"):
        keep_attachments(draft(name.format(tmp=tmp_path)), folder, tmp_path / "work")
    assert not (tmp_path / "work" / "attachments").exists()


def test_a_relative_folder_opens_no_way_out(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(BadInput, match="outside"):
        keep_attachments(draft("../../secret.txt"), Path(), tmp_path / "work")


def test_a_link_is_refused_even_when_it_leads_inside(folder: Path, tmp_path: Path) -> None:
    (folder / "out.pdf").symlink_to(tmp_path / "secret.txt")
    (folder / "in.pdf").symlink_to(folder / "carte.pdf")
    for name in ("out.pdf", "in.pdf"):
        with pytest.raises(BadInput):
            keep_attachments(draft(name), folder, tmp_path / "work")
