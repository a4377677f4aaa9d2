"""Reading and writing whole files: the bytes, or one plain sentence; and nothing of the workspace is ever replaced."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from distributor.errors import BadInput, StorageTrouble
from distributor.files import Output, OwnFiles, read_bytes, write_beside, write_bytes


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
    os.mkfifo(tmp_path / "pipe")
    for path, words in (
        (tmp_path, "It is a folder"),
        (tmp_path / "none", "There is no such file"),
        (tmp_path / "file" / "below", "cannot be read"),
        (tmp_path / ("x" * 300), "cannot be read"),
        (huge, "over 60 MB"),
        (tmp_path / "pipe", "a device or a pipe"),
        (Path("/dev/zero"), "a device or a pipe"),
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


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "a.eml"
    file.touch(mode)
    file.chmod(mode)
    write_bytes(file, b"x")
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    file = tmp_path / "l-rejects.csv"
    made = [write_beside(file, content).name for content in (b"1", b"2", b"3")]
    assert made == ["l-rejects.csv", "l-rejects-2.csv", "l-rejects-3.csv"]
    assert [(tmp_path / name).read_bytes() for name in made] == [b"1", b"2", b"3"]
    with pytest.raises(StorageTrouble, match="cannot be written"):
        write_beside(tmp_path / "none" / "a.csv", b"x")


# What an output may not take the place of


@pytest.fixture
def own(tmp_path: Path) -> OwnFiles:
    """The files of a workspace, with a release and a folder of the user's beside them."""
    folder = tmp_path / "presse"
    for name in ("attachments", "templates/press-release", "lists", ".git", "rapports", ".rapports"):
        (folder / name).mkdir(parents=True)
    for name in (".env", "press.db", "release.md", "rapports/old.csv", "templates/press-release/style.css"):
        (folder / name).write_text("precious")
    return OwnFiles(folder, folder / "press.db")


@pytest.mark.parametrize(
    "name",
    [
        "press.db",
        "press.db-wal",
        "press.db-shm",
        "press.db-journal",
        "rapports/../press.db",
        "../presse/press.db",
        ".env",
        ".env.csv",
        ".git/config",
        ".rapports/a.csv",
        "attachments/a.csv",
        "templates/press-release/style.css",
        "Templates/a.csv",
        "link.csv",
        "linked/style.css",
    ],
)
def test_the_workspaces_own_files_are_never_replaced(own: OwnFiles, name: str) -> None:
    (own.workspace / "link.csv").symlink_to(own.workspace / "press.db")
    (own.workspace / "linked").symlink_to(own.workspace / "templates" / "press-release")
    output = Output(own.workspace / name, own, endings=(".csv", ".db", ".css", ""))
    with pytest.raises(BadInput, match="own files") as caught:
        output.write(b"x")
    assert caught.value.mend == "Name another file."
    assert {path.read_text() for path in own.workspace.rglob("*") if path.is_file()} == {"precious"}


def test_a_database_elsewhere_is_safe_too(own: OwnFiles, tmp_path: Path) -> None:
    database = tmp_path / "srv" / "base.csv"
    database.parent.mkdir()
    database.write_text("precious")
    with pytest.raises(BadInput, match="own files"):
        Output(database, OwnFiles(own.workspace, database), endings=(".csv",)).write(b"x")
    assert database.read_text() == "precious"


@pytest.mark.parametrize("name", ["release.md", "rapports/old.csv"])
def test_a_file_that_is_no_earlier_output_is_not_replaced(own: OwnFiles, name: str) -> None:
    with pytest.raises(BadInput, match="a file of that name already"):
        Output(own.workspace / name, own, endings=(".eml",)).write(b"x")
    assert (own.workspace / name).read_text() == "precious"


def test_an_earlier_output_and_a_new_file_are_written(own: OwnFiles, tmp_path: Path) -> None:
    for path in (
        own.workspace / "rapports" / "old.csv",
        own.workspace / "new.dat",
        tmp_path / ".new",
        tmp_path / "A.CSV",
    ):
        Output(path, own, endings=(".csv",)).write(b"x")
        assert path.read_bytes() == b"x"
    Output(tmp_path / "A.CSV", own, endings=(".csv",)).write(b"y")
    assert (tmp_path / "A.CSV").read_bytes() == b"y"


def test_a_link_stays_one_and_its_file_is_written(own: OwnFiles, tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    Output(tmp_path / "link.csv", own, endings=(".csv",)).write(b"new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "new"


def test_what_is_being_read_is_not_written_over(own: OwnFiles, tmp_path: Path) -> None:
    source = tmp_path / "l.csv"
    source.write_text("rows")
    os.link(source, tmp_path / "same.csv")
    for name in ("l.csv", "same.csv"):
        with pytest.raises(BadInput, match="is being read"):
            Output(tmp_path / name, own, endings=(".csv",), inputs=(source,)).write(b"x")
    assert source.read_text() == "rows"


def test_what_is_no_file_is_said(own: OwnFiles, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, words in (
        (own.workspace, "It is a folder"),
        (Path("/dev/null"), "a device or a pipe"),
        (tmp_path / "none" / "a.csv", "no such folder"),
        (tmp_path / "loop", "in a circle"),
    ):
        with pytest.raises(BadInput, match=words):
            Output(path, own, endings=(".csv",)).check()
    with pytest.raises(StorageTrouble, match="cannot be written"):
        Output(tmp_path / ("x" * 300), own, endings=(".csv",)).write(b"x")
