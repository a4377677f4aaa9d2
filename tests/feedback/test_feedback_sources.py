"""Where what came back lies: files, folders, mbox and Maildir; what was taken in is moved, what was not stays."""

from __future__ import annotations

import mailbox
from pathlib import Path

import pytest
from comebacks import FORMS, bounce

from distributor.errors import BadInput
from distributor.feedback.mailbox import fetch_maildir, read_files

RAW = bounce(*FORMS["courier"][:2])


def test_files_folders_and_mbox(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(RAW)
    box = mailbox.mbox(tmp_path / "box")
    for _ in range(3):
        box.add(RAW)
    box.close()
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "two.eml").write_bytes(RAW)
    found = list(read_files([tmp_path / "one.eml", tmp_path / "box", folder]))
    assert [Path(name).name for name, _ in found] == ["one.eml", "box#0", "box#1", "box#2", "two.eml"]
    assert all(b"UNDELIVERABLE MAIL" in raw for _, raw in found)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        list(read_files([tmp_path / "none.eml"]))


def test_a_maildir_is_emptied_one_by_one(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "mail")
    for _ in range(3):
        box.add(RAW)
    taken: list[bytes] = []

    def take(raw: bytes, _source: str) -> None:
        if len(taken) == 2:
            raise RuntimeError("killed")
        taken.append(raw)

    with pytest.raises(RuntimeError):
        fetch_maildir(tmp_path / "mail", take)
    assert len(list((tmp_path / "mail/new").iterdir())) == 1
    taken.clear()
    assert fetch_maildir(tmp_path / "mail", take) == 1
    assert len(list((tmp_path / "mail/cur").iterdir())) == 3


def test_what_is_no_maildir(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no Maildir"):
        fetch_maildir(tmp_path, lambda _raw, _source: None)
