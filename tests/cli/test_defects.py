"""What nobody foresaw ends in one sentence; what the system says of a named file is no defect of ours."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from distributor.cli.defects import confess
from distributor.errors import BadInput

WITHOUT_ROOTS_WAY = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
"""Run a command to which permissions mean something, even when the suite runs as root."""


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS, errno.ENAMETOOLONG])
def test_a_file_the_system_keeps_from_us_is_named(number: int) -> None:
    said = confess(OSError(number, os.strerror(number), "presse/templates"))
    assert isinstance(said, BadInput)
    assert str(said).startswith(f"presse/templates: {os.strerror(number)}. ")


@pytest.mark.parametrize(
    "error", [OSError(errno.EACCES, "no name"), OSError(errno.EBADF, "x", "y"), KeyError("anne@x")]
)
def test_any_other_error_is_a_defect_and_quotes_nothing(error: Exception) -> None:
    said = confess(error)
    details = Path(str(said).rpartition("Details: ")[2])
    try:
        assert (said.exit_code, type(error).__name__ in str(said), "anne" in str(said)) == (1, True, False)
        assert stat.S_IMODE(details.stat().st_mode) == 0o600
    finally:
        details.unlink()


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/usr/bin/setpriv").exists(), reason="root may read everything")
def test_templates_that_may_not_be_read_are_bad_input(folder: Path) -> None:
    (folder / "templates").chmod(0)
    try:
        prefix = WITHOUT_ROOTS_WAY if os.geteuid() == 0 else []
        command = [
            *prefix,
            sys.executable,
            "-m",
            "distributor",
            "--workspace",
            str(folder),
            "releases",
            "proof",
            "halle",
        ]
        done = subprocess.run(command, capture_output=True, text=True)
    finally:
        (folder / "templates").chmod(0o700)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "templates/press-release" in done.stderr
    assert "Permission denied" in done.stderr
