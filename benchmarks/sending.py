"""Send: from the release to the durable log, against the loopback's own speed, mailmerge and django-post_office."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from benchmarks import mailmerge, post_office
from benchmarks.measuring import Kind, Line, Side, Skipped, interleave, timed
from benchmarks.office import CONNECTIONS, LIST, SENDER, SLUG, copy_office, distributor_command, make_office, run
from benchmarks.sink import HOST, sink

MAILMERGE = "BENCH_MAILMERGE"
"""The environment variable that names a virtual environment with mailmerge 2.3 in it."""
POST_OFFICE = "BENCH_POST_OFFICE"
"""The same for django-post_office 3.12."""

_MESSAGES = 50_000
_FEWER = 5_000
_SESSIONS = 50


def measure(folder: Path) -> Iterator[Line | Skipped]:
    """`distributor send --yes`, in turn with what else this machine can run."""
    with sink() as port:
        yield from _against_the_loopback(folder / "many", port)
        yield from _against_peers(folder / "peers", port)


def _against_the_loopback(folder: Path, port: int) -> Iterator[Line | Skipped]:
    source = shutil.which("smtp-source")
    if source is None:
        yield Skipped("phase ÷ smtp-source", "install Postfix's test tools (smtp-source and smtp-sink) on the PATH")
        return
    office, sample = _office(folder, _MESSAGES, port)
    (folder / "message.eml").write_bytes(sample.replace(b"\r\n", b"\n"))
    command = [
        source, "-d", "-s", str(_SESSIONS), "-m", str(_MESSAGES), "-f", SENDER, "-t", "a@gazette.example",
        "-F", str(folder / "message.eml"), f"{HOST}:{port}",
    ]  # fmt: skip
    phases: list[float] = []
    ours = _sending(office, folder / "run", _MESSAGES, phases)
    whole, theirs = interleave(ours, lambda: timed(lambda: run(command)), warm_up=False)
    ceiling = f"smtp-source -d -s {_SESSIONS}, which sends one ready message over and over and keeps no log"
    what = f"{_MESSAGES:,} journalists, {CONNECTIONS} connections, a message of {len(sample) / 1000:.1f} kB"
    meaning = (
        f"messages per second from a dispatch's start to its end ({what}; written, sent, logged durably) ÷ {ceiling}"
    )
    yield Line("phase ÷ smtp-source", meaning, Kind.SPEED, phases, theirs, aim=0.3, items=_MESSAGES)
    meaning = f"the same of `distributor send --yes`, process start to exit, every message proved before ÷ {ceiling}"
    yield Line("send ÷ smtp-source", meaning, Kind.SPEED, whole, theirs, items=_MESSAGES)


def _against_peers(folder: Path, port: int) -> Iterator[Line | Skipped]:
    office, sample = _office(folder, _FEWER, port)
    ours = _sending(office, folder / "run", _FEWER, [])
    meaning = f"messages per second of `distributor send --yes` for {_FEWER:,} journalists, process start to exit"
    program = Path(os.environ.get(MAILMERGE, ""), "bin", "mailmerge")
    if os.environ.get(MAILMERGE) and program.exists():
        merge = mailmerge.prepare(folder / "mailmerge", program, sample, _FEWER, port=port)
        seconds, theirs = interleave(
            ours, lambda: timed(lambda: run(merge, folder=folder / "mailmerge")), warm_up=False
        )
        words = f"{meaning} ÷ mailmerge 2.3, the same text and list, one connection a message, no log"
        yield Line("send ÷ mailmerge", words, Kind.SPEED, seconds, theirs, aim=10, items=_FEWER)
    else:
        yield Skipped("send ÷ mailmerge", f"install mailmerge 2.3 in a virtual environment and name it in {MAILMERGE}")
    python = Path(os.environ.get(POST_OFFICE, ""), "bin", "python")
    if os.environ.get(POST_OFFICE) and post_office.has_post_office(python):
        prepare, send = post_office.prepare(folder / "post", python, sample, _FEWER, port=port)

        def queue_and_send() -> float:
            (folder / "post" / "post.sqlite3").unlink(missing_ok=True)
            run(prepare)
            return timed(lambda: run(send))

        seconds, theirs = interleave(ours, queue_and_send, warm_up=False)
        words = f"{meaning} ÷ django-post_office 3.12 queueing and sending the same, one process, five threads"
        yield Line("send ÷ post_office", words, Kind.SPEED, seconds, theirs, aim=4, items=_FEWER)
    else:
        reason = f"install django-post_office 3.12 in a virtual environment and name it in {POST_OFFICE}"
        yield Skipped("send ÷ post_office", reason)


def _office(folder: Path, journalists: int, port: int) -> tuple[Path, bytes]:
    """A closed workspace, and the message that one of its journalists gets."""
    folder.mkdir()
    workspace = make_office(folder / "office", journalists=journalists, port=port)
    sample = mailmerge.sample_message(workspace)
    workspace.database.close()
    return workspace.path, sample


def _sending(office: Path, target: Path, messages: int, phases: list[float]) -> Side:
    """Sends in a fresh copy of the workspace; `phases` gets the seconds from the dispatch's start to its end."""

    def send() -> float:
        copy_office(office, target)
        command = [*distributor_command(), "--workspace", str(target), "send", SLUG, "--list", LIST, "--yes"]
        seconds = timed(lambda: run(command))
        with closing(sqlite3.connect(target / "press.db")) as connection:
            started, finished = connection.execute("SELECT started_at, finished_at FROM dispatch").fetchone()
            (accepted,) = connection.execute("SELECT count(*) FROM delivery WHERE state = 'accepted'").fetchone()
        if accepted != messages:
            raise RuntimeError(f"{accepted} of {messages} messages were accepted.")
        phases.append((datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds())
        return seconds

    return send
