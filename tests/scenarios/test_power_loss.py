"""The power goes in the middle: what was not synced is gone, and still nobody is lost or mailed twice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from databases import LONG
from office import EVERYBODY, SLUG, Office, finish, journaling_server, send_arguments, until
from smtpserver import Fault, Script

CONNECTIONS = 3
CUTS = 3
SECTOR = "sante"
SOURCE = Path(__file__).with_name("unsynced.c")
SLOW = Script(faults=(Fault("data", delay=0.01), Fault("body", delay=0.02)), pipelining=True)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What keeps the synced state of a database, ready to be loaded before a command."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("the loss of power needs Linux and a C compiler")
    made = tmp_path_factory.mktemp("library") / "unsynced.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(made), str(SOURCE), "-ldl"], check=True)
    return made


def send_until_the_power_goes(office: Office, library: Path, disk: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the real command, keeping in `disk` what would be on the disk, which is all there is when it starts."""
    shutil.rmtree(disk, ignore_errors=True)
    disk.mkdir()
    for file in office.path.glob("press.db*"):
        shutil.copy(file, disk)
    watched = {"UNSYNCED_FILE": str(office.path / "press.db"), "UNSYNCED_COPY": str(disk / "press.db")}
    return subprocess.Popen(
        [sys.executable, "-m", "distributor", "--workspace", str(office.path), *arguments],
        cwd=office.path.parent,
        env={"PATH": "/usr/bin:/bin", "HOME": str(office.path.parent), "LD_PRELOAD": str(library)}
        | watched
        | office.settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def start_from(disk: Path, office: Office) -> None:
    """The machine is on again: the database is what the disk holds."""
    for old in office.path.glob("press.db*"):
        old.unlink()
    for name in ("press.db", "press.db-wal"):
        if (disk / name).exists():
            shutil.copy(disk / name, office.path / name)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(LONG))
def test_the_power_goes_again_and_again(
    office: Office, tmp_path: Path, library: Path, seed: int, blows: Counter[str]
) -> None:
    random = Random(seed)
    disk = tmp_path / "disk"
    people = [person.spec for person in EVERYBODY if person.sector == SECTOR]
    with journaling_server(tmp_path, SLOW) as server:
        sending = office.at(server.port, smtp_connections=str(CONNECTIONS))
        for _ in range(CUTS):
            is_planned = sending.query("SELECT count(*) FROM dispatch") == [(1,)]
            command = ["dispatches", "resume", "1"] if is_planned else send_arguments(SLUG, SECTOR)
            before, more = len(server.journal()), random.randint(2, 9)
            process = send_until_the_power_goes(sending, library, disk, *command)
            until(lambda: len(server.journal()) >= before + more or process.poll() is not None, "some left", seconds=60)  # noqa: B023
            process.kill()
            process.communicate()
            blows["power loss"] += 1
            start_from(disk, sending)
        finish(sending.start("dispatches", "resume", "1"), 0, 5)
        times = Counter(accepted.recipient for accepted in server.journal())
        states = {one["address"]: one["state"] for one in sending.deliveries()}
        assert server.violations() == []
    assert set(times.values()) == {1}, "somebody was mailed twice"
    assert sorted(states) == sorted(people)
    assert set(states.values()) <= {"accepted", "in_doubt"}, "somebody was lost"
    assert {address for address, state in states.items() if state == "accepted"} <= set(times)
    assert sum(state == "in_doubt" for state in states.values()) <= CONNECTIONS * CUTS
