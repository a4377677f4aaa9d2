"""Standard output full, closed, left or unable to say an accent, and a place to work from that is gone."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from commandtree import clean_environment

SHOW = ("contacts", "show", "helene@jour.example")


def shell(script: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash in which `"$@"` is our command."""
    command = [sys.executable, "-m", "distributor", *arguments]
    return subprocess.run(
        ["bash", "-c", script, "bash", *command],
        env=clean_environment() | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", [("--version",), ("--help",), ("lists", "list", "--json")])
def test_on_a_full_disk_there_is_one_sentence(prepared: Path, command: tuple[str, ...]) -> None:
    done = shell('"$@" >/dev/full', *command, DISTRIBUTOR_WORKSPACE=str(prepared))
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == "What there was to say could not all be written: No space left on device.\n"


def test_what_is_registered_for_the_end_is_done_and_the_exit_code_is_the_commands(prepared: Path) -> None:
    """A process goes without being taken apart: the database is closed in order all the same."""
    code = "import atexit, sys; from distributor.__main__ import main; atexit.register(print, 'the end')\n"
    code += f"sys.argv = ['distributor', '--workspace', {str(prepared)!r}, *sys.argv[1:]]; main()"
    for arguments, code_of_it in ((("sectors", "list", "--json"), 0), (("lists", "show", "nobody"), 2)):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == code_of_it
        assert done.stdout.endswith("the end\n")
        assert not (prepared / "press.db-wal").exists()


def test_a_second_ctrl_c_in_the_last_moment_shows_nothing(prepared: Path) -> None:
    """All is saved and said by then; before, Python showed where it was interrupted."""
    code = "import atexit, os, signal, sys; from distributor.__main__ import main\n"
    code += "atexit.register(os.kill, os.getpid(), signal.SIGINT)\n"
    code += f"sys.argv = ['distributor', '--workspace', {str(prepared)!r}, 'lists', 'list', '--json']; main()"
    done = shell(f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}")
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("command", [("--version",), ("lists", "list")])
def test_a_closed_output_ends_it_before_it_begins(prepared: Path, command: tuple[str, ...]) -> None:
    done = shell('"$@" >&-', *command, DISTRIBUTOR_WORKSPACE=str(prepared))
    assert (done.returncode, done.stderr.decode().count("\n")) == (2, 1)
    assert b"closed" in done.stderr


def test_closed_input_and_errors_harm_nothing(prepared: Path) -> None:
    done = shell('"$@" <&- 2>&-', "lists", "list", DISTRIBUTOR_WORKSPACE=str(prepared))
    assert (done.returncode, b"presse" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("command", "code"), [(("--help",), 0), (("report", "halle"), 0), (("report", "halle", "--json"), 0)]
)
def test_a_reader_who_has_gone_changes_nothing(prepared: Path, command: tuple[str, ...], code: int) -> None:
    # Nobody reads from the first byte on: the other end of the pipe is closed before we begin.
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "distributor", *command],
        env=clean_environment() | {"DISTRIBUTOR_WORKSPACE": str(prepared)},
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (code, b"")


def test_a_stream_without_accents_degrades(prepared: Path) -> None:
    environ = {"PYTHONIOENCODING": "ascii", "DISTRIBUTOR_WORKSPACE": str(prepared)}
    shown = shell('"$@"', *SHOW, **environ)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert b"H?l?ne" in shown.stdout
    found = json.loads(shell('"$@"', *SHOW, "--json", **environ).stdout.decode("ascii"))
    assert found["first_name"] == "Hélène"
    refused = shell('"$@"', "contacts", "show", "Zoé", **environ)
    assert (refused.returncode, refused.stderr.decode("ascii")[:2]) == (2, "No")


@pytest.mark.parametrize("arguments", [("contacts", "import", b"l\xe9.csv", "--list", "x"), ("init", b"caf\xe9")])
def test_what_is_no_utf8_is_one_sentence(prepared: Path, tmp_path: Path, arguments: tuple[str | bytes, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "distributor", *arguments],
        cwd=tmp_path,
        env=clean_environment() | {"DISTRIBUTOR_WORKSPACE": str(prepared)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr.decode().count("\n")) == (2, 1)
    assert "is not UTF-8" in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    done = shell(f'cd "{tmp_path}/gone" && rmdir ../gone && "$@"', "init")
    assert (done.returncode, done.stderr.decode().count("\n")) == (2, 1)
    assert "folder you are in" in done.stderr.decode()


def test_a_workspace_of_any_name_is_made_and_found_again(tmp_path: Path) -> None:
    name = "#h?a%20 été"
    made = shell('"$@"', "init", str(tmp_path / name))
    assert made.returncode == 0
    assert (tmp_path / name / "press.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert shell('"$@"', "--workspace", str(tmp_path / name), "lists", "list", "--json").stdout == b"[]\n"
