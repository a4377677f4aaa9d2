"""Where what came back lies: files, folders, mbox and Maildir; what was taken in is moved, what was not stays."""

from __future__ import annotations

import mailbox
import os
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
    with pytest.raises(BadInput, match="no such file"):
        list(read_files([tmp_path / "none.eml"]))


@pytest.mark.parametrize(
    "data",
    [
        b"# The press office\nDISTRIBUTOR_SMTP_PASSWORD=s3cret\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"",
        b"title: La halle\ndate: 2026-03-02\n\nFrom: here on it is text.\n",
        b"Bonjour,\nFrom: Anne\n",
        b"nom;courriel\nAnne;anne@jour.example\n",
    ],
)
def test_what_is_no_mail_is_refused_and_holds_up_nothing_else(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.env").write_bytes(data)
    (tmp_path / "b.eml").write_bytes(RAW)
    messages = read_files([tmp_path])
    name, _ = next(messages)
    assert Path(name).name == "b.eml"
    with pytest.raises(BadInput, match=r"a\.env: It is no mail"):
        next(messages)


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n\r\n", b"From MAILER-DAEMON Mon Nov 30 10:00:00 2026\n"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_mail_may_begin_in_several_ways(tmp_path: Path, before: bytes, end: bytes) -> None:
    raw = before + b"X-Odd: 1\n folded\nReceived : from here\nSubject: Bonjour\n\nMerci.\n"
    (tmp_path / "one.eml").write_bytes(raw.replace(b"\n", end))
    assert len(list(read_files([tmp_path / "one.eml"]))) == 1


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


def test_what_never_ends_or_never_begins_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for one in (Path("/dev/zero"), tmp_path / "pipe", tmp_path / ("n" * 300)):
        with pytest.raises(BadInput):
            list(read_files([one]))


def test_a_mail_program_may_look_at_a_maildir_while_it_is_read(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "mail")
    for _ in range(4):
        box.add(RAW)
    new = tmp_path / "mail/new"
    taken = []

    def take(_raw: bytes, source: str) -> None:
        taken.append(source)
        for path in sorted(new.iterdir())[:2]:  # the one in hand, and the next
            path.rename(tmp_path / "mail/cur" / f"{path.name}:2,S")

    assert fetch_maildir(tmp_path / "mail", take) == 2
    assert len(taken) == 2
    assert list(new.iterdir()) == []
    assert len(list((tmp_path / "mail/cur").iterdir())) == 4


def test_messages_that_go_while_a_folder_is_read_are_not_missed_there(tmp_path: Path) -> None:
    for name in ("a.eml", "b.eml", "c.eml"):
        (tmp_path / name).write_bytes(RAW)
    found = []
    for name, _ in read_files([tmp_path]):
        (tmp_path / "b.eml").unlink(missing_ok=True)
        found.append(Path(name).name)
    assert found == ["a.eml", "c.eml"]


def test_of_what_is_very_large_no_more_is_read_than_is_looked_at(tmp_path: Path) -> None:
    with (tmp_path / "huge.eml").open("wb") as file:
        file.write(RAW)
        file.truncate(10_000_000_000)
    ((_, raw),) = read_files([tmp_path / "huge.eml"])
    assert raw.startswith(RAW)
    assert len(raw) < 100_000_000
    mbox = mailbox.mbox(tmp_path / "box")
    mbox.add(RAW + b"x" * 34_000_000)
    mbox.add(RAW)
    mbox.close()
    assert len(list(read_files([tmp_path / "box"]))) == 2
