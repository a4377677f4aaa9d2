"""Reading and writing whole files: the bytes, or one plain sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor.errors import BadInput, StorageTrouble
from distributor.files import read_bytes, write_bytes


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    write_bytes(file, b"first")
    write_bytes(file, b"second")
    assert read_bytes(file) == b"second"
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    huge = tmp_path / "huge"
    with huge.open("wb") as sparse:
        sparse.truncate(61 * 1024 * 1024)
    for path, words in (
        (tmp_path, "It is a folder"),
        (tmp_path / "none", "There is no such file"),
        (tmp_path / "file" / "below", "cannot be read"),
        (huge, "over 60 MB"),
    ):
        with pytest.raises(BadInput, match=words) as caught:
            read_bytes(path)
        assert caught.value.file == str(path)


def test_what_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "none" / "a", tmp_path / "file" / "a", tmp_path / "folder"):
        with pytest.raises(StorageTrouble, match="cannot be written"):
            write_bytes(path, b"y")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
