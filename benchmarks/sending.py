"""Send: the whole command for 5,000 journalists, against mailmerge and against the speed of the loopback itself."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from benchmarks import mailmerge
from benchmarks.measuring import Kind, Line, Side, Skipped, interleave, timed
from benchmarks.office import CONNECTIONS, LIST, SENDER, SLUG, copy_office, distributor_command, make_office, run
from benchmarks.sink import HOST, sink

MAILMERGE = "BENCH_MAILMERGE"
"""The environment variable that names a virtual environment with mailmerge 2.3 in it."""

_MESSAGES = 5_000
_SESSIONS = 50


def measure(folder: Path) -> Iterator[Line | Skipped]:
    """`distributor send --yes`, process start to exit, in turn with what else this machine can run."""
    with sink() as port:
        office = folder / "office"
        workspace = make_office(office, journalists=_MESSAGES, port=port)
        sample = mailmerge.sample_message(workspace)
        workspace.database.close()
        phases: list[float] = []
        sides: dict[str, Side] = {"distributor": lambda: _send(office, folder / "run", phases)}
        if source := shutil.which("smtp-source"):
            (folder / "message.eml").write_bytes(sample.replace(b"\r\n", b"\n"))
            command = [
                source, "-d", "-s", str(_SESSIONS), "-m", str(_MESSAGES), "-f", SENDER, "-t", "a@gazette.example",
                "-F", str(folder / "message.eml"), f"{HOST}:{port}",
            ]  # fmt: skip
            sides["smtp-source"] = lambda: timed(lambda: run(command))
        program = Path(os.environ.get(MAILMERGE, ""), "bin", "mailmerge")
        if has_mailmerge := bool(os.environ.get(MAILMERGE)) and program.exists():
            merge = mailmerge.prepare(folder / "mailmerge", program, sample, _MESSAGES, port=port)
            sides["mailmerge"] = lambda: timed(lambda: run(merge, folder=folder / "mailmerge"))
        seconds = dict(zip(sides, interleave(*sides.values(), warm_up=False), strict=True))

    ours = seconds["distributor"]
    whole = (
        f"`distributor send --yes` for {_MESSAGES:,} journalists over {CONNECTIONS} connections, process start to exit"
    )
    if has_mailmerge:
        meaning = f"messages per second of {whole} ÷ mailmerge 2.3, the same text and list, one connection a message"
        yield Line("send ÷ mailmerge", meaning, Kind.SPEED, ours, seconds["mailmerge"], aim=10, items=_MESSAGES)
    else:
        yield Skipped("send ÷ mailmerge", f"install mailmerge 2.3 in a virtual environment and name it in {MAILMERGE}")
    if source:
        ceiling = f"smtp-source -d -s {_SESSIONS}, which sends one ready message over and over and keeps no log"
        theirs = seconds["smtp-source"]
        yield Line(
            "send ÷ smtp-source",
            f"messages per second of {whole} ÷ {ceiling}",
            Kind.SPEED,
            ours,
            theirs,
            items=_MESSAGES,
        )
        meaning = (
            f"the same, from the dispatch's start to its end only (messages written, sent, logged durably) ÷ {ceiling}"
        )
        yield Line("phase ÷ smtp-source", meaning, Kind.SPEED, phases, theirs, aim=0.3, items=_MESSAGES)
    else:
        yield Skipped("send ÷ smtp-source", "install Postfix's test tools (smtp-source and smtp-sink) on the PATH")


def _send(office: Path, target: Path, phases: list[float]) -> float:
    copy_office(office, target)
    command = [*distributor_command(), "--workspace", str(target), "send", SLUG, "--list", LIST, "--yes"]
    seconds = timed(lambda: run(command))
    with closing(sqlite3.connect(target / "press.db")) as connection:
        started, finished = connection.execute("SELECT started_at, finished_at FROM dispatch").fetchone()
        (accepted,) = connection.execute("SELECT count(*) FROM delivery WHERE state = 'accepted'").fetchone()
    if accepted != _MESSAGES:
        raise RuntimeError(f"{accepted} of {_MESSAGES} messages were accepted.")
    phases.append((datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds())
    return seconds
