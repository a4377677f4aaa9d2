"""Names in a folder of messages: safe, going on from what lies there, nobody else's."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from distributor.transport.filedrop import Numbered, safe_name


def test_numbers_go_on_from_what_lies_there(tmp_path: Path) -> None:
    (tmp_path / "0007-old@journal.example.eml").write_bytes(b"old")
    (tmp_path / "notes.eml").write_bytes(b"notes")
    names = Numbered(tmp_path)
    taken = [names.reserve("ada@journal.example") for _ in range(2)]
    assert [target.name for _, target in taken] == ["0008-ada@journal.example.eml", "0009-ada@journal.example.eml"]
    assert [part.read_bytes() for part, _ in taken] == [b"", b""]


def test_two_writers_of_one_folder_never_get_the_same_name(tmp_path: Path) -> None:
    writers = [Numbered(tmp_path), Numbered(tmp_path)]
    taken = [writer.reserve("ada@journal.example") for writer in writers * 3]
    assert len({target for _, target in taken}) == 6
    part, target = taken[0]
    part.rename(target)
    late = Numbered(tmp_path)
    late._last = 0  # it counted before the first message appeared
    assert late.reserve("ada@journal.example")[1] not in {target for _, target in taken}


@given(st.text())
def test_a_safe_name_is_one_visible_name_in_the_folder(recipient: str) -> None:
    name = safe_name(recipient)
    assert name
    assert os.path.basename(name) == name
    assert not name.startswith(".")
    assert not set('/\\:*?"<>|\0\n ') & set(name)
    assert len(name.encode()) <= 120
