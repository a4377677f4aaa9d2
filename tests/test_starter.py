"""A workspace is made whole, for its owner's eyes, and never overwritten."""

from __future__ import annotations

import os
import resource
import stat
from pathlib import Path

import pytest

from distributor.errors import BadInput
from distributor.settings import load_settings
from distributor.starter import make_workspace, starter_path


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_workspace_has_settings_templates_and_lists(tmp_path: Path) -> None:
    folder = tmp_path / "bureau" / "presse"
    assert make_workspace(folder) == [".env", "templates/", "lists/"]
    assert (folder / "templates" / "press-release" / "message.html.j2").is_file()
    assert list((folder / "lists").glob("*.csv"))
    for name in ("templates", "lists"):
        assert content(folder / name) == content(starter_path(name))


def test_settings_are_for_the_owner_alone_and_have_a_key_of_their_own(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        make_workspace(tmp_path / "a")
        make_workspace(tmp_path / "b")
    finally:
        os.umask(previous)
    keys = {load_settings(tmp_path / name, {}).secret_key.reveal() for name in "ab"}
    assert len(keys) == 2
    assert min(map(len, keys)) >= 32
    assert stat.S_IMODE((tmp_path / "a" / ".env").stat().st_mode) == 0o600
    text = (tmp_path / "a" / ".env").read_text(encoding="utf-8")
    example = starter_path(".env.example").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if "SECRET_KEY=" not in line] == [
        line for line in example.splitlines() if "SECRET_KEY=" not in line
    ]


def test_run_twice_it_harms_nothing(tmp_path: Path) -> None:
    make_workspace(tmp_path)
    (tmp_path / "templates" / "press-release" / "style.css").write_text("/* mine */")
    (tmp_path / "lists" / "mine.csv").write_text("E-mail\n")
    (tmp_path / ".env").write_text("DISTRIBUTOR_LANGUAGE=en\n")
    before = content(tmp_path)
    assert make_workspace(tmp_path) == []
    assert content(tmp_path) == before


def test_what_is_missing_is_made_and_the_rest_is_left(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    assert make_workspace(tmp_path) == [".env", "templates/"]
    assert list((tmp_path / "lists").iterdir()) == []


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "presse").write_text("x")
    for folder in (tmp_path / "presse", tmp_path / "presse" / "bureau"):
        with pytest.raises(BadInput, match="is a file, not a folder"):
            make_workspace(folder)


def test_a_disk_that_takes_no_more_is_said(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(BadInput, match=r"cannot be made in .*/presse: File too large\. Choose"):
            make_workspace(tmp_path / "presse")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_place_that_cannot_be_written_is_said() -> None:
    with pytest.raises(BadInput, match="cannot be made in /proc/presse") as caught:
        make_workspace(Path("/proc/presse"))
    assert caught.value.mend == "Choose another place."
