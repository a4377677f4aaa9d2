"""The real command as a process of its own, forked from one that has its modules in memory already.

A suite runs the command some hundred times, and most of a run is Python reading modules. Here one process reads them
once, and each command is a fork of it: a process with its own arguments, environment, folder, standard streams and exit
code, to be killed and signalled as any other. What a start itself does, or the interpreter at its end, is for tests
that start `python -m distributor`.

`python tests/warmcommand.py FD` is the one that is forked from.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import functools
import gc
import io
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

APART_FROM = "TEST_APART_FROM"
"""The environment variable that says from how many recipients on a process of its own writes the delivery log."""

MACHINE = "TEST_MACHINE"
"""The environment variable that names the machine that a command takes this one for."""

_FIRST_PAUSE_S = 0.1
"""How soon `work` looks whether its ledger is back, in place of a second; then twice as late each time, as ever."""

_REQUEST_BYTES = 1 << 17
_LARGE_PAGE = 1 << 21
_MADV_COLLAPSE = 25
_NUMBER = struct.Struct("i")
_TESTS = Path(__file__).parent


class WarmCommand:
    """What `subprocess.Popen` would be for `python -m distributor ARGUMENTS` with both outputs in pipes, as text."""

    def __init__(
        self, arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path, terminal: int | None = None
    ) -> None:
        """Start it; its standard input is empty.

        With the descriptor of a `terminal` it has that one for all three, as in a window: it leads a session of its
        own, so that closing the terminal raises SIGHUP. Nothing is in the pipes then.
        """
        request = {"arguments": [*arguments], "env": dict(env), "cwd": str(cwd), "leads": terminal is not None}
        (out, their_out), (err, their_err), (self._said, their_said) = (os.pipe() for _ in range(3))
        theirs = [os.open(os.devnull, os.O_RDONLY), their_out, their_err, their_said]
        streams = theirs[:3] if terminal is None else [terminal] * 3
        try:
            socket.send_fds(_warm(), [json.dumps(request).encode()], [*streams, their_said])
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        self.args = ["distributor", *arguments]
        self.stdout = open(out, encoding="utf-8")  # noqa: SIM115 - closed by `communicate`
        self.stderr = open(err, encoding="utf-8")  # noqa: SIM115
        self.returncode: int | None = None
        self.pid = self._read_number()
        self._watch = threading.Thread(target=self._wait_for_the_end, daemon=True)
        self._watch.start()
        self._read: dict[str, str] = {}

    def _read_number(self) -> int:
        (number,) = _NUMBER.unpack(os.read(self._said, _NUMBER.size))
        return int(number)

    def _wait_for_the_end(self) -> None:
        code = self._read_number()
        os.close(self._said)
        self.returncode = code

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended; `TimeoutExpired` when it has not by then."""
        self._join([self._watch], timeout)
        assert self.returncode is not None
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """All it says from now on, until it ends."""
        if not self._read:
            readers = [
                threading.Thread(target=self._read_all, args=(name, stream), daemon=True)
                for name, stream in (("out", self.stdout), ("err", self.stderr))
            ]
            for reader in readers:
                reader.start()
            self._join([*readers, self._watch], timeout)
        return self._read["out"], self._read["err"]

    def _read_all(self, name: str, stream: io.TextIOBase) -> None:
        with contextlib.closing(stream):
            self._read[name] = "" if stream.closed else stream.read()

    def _join(self, threads: Sequence[threading.Thread], timeout: float | None) -> None:
        for thread in threads:
            thread.join(timeout)
            if thread.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout or 0)

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


@functools.cache
def _warm() -> socket.socket:
    """The way to the process that is forked from, started at the first use; it ends when we do."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            start_new_session=True,
        )

    @atexit.register
    def end_it() -> None:
        ours.close()
        process.wait(10)

    return ours


def _serve(requests: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Answer requests until there are no more; return, in a new process each time, with what that one is to be."""
    running: dict[int, tuple[int, int]] = {}
    poll = select.poll()
    poll.register(requests, select.POLLIN)
    while True:
        for ready, _ in poll.poll():
            if ready in running:
                poll.unregister(ready)
                _tell_the_end(ready, *running.pop(ready))
                continue
            data, descriptors, _, _ = socket.recv_fds(requests, _REQUEST_BYTES, 4)
            if not data:
                os._exit(0)
            *streams, said = descriptors
            command = os.fork()
            if not command:
                requests.close()
                for descriptor in (said, *running, *(one for _, one in running.values())):
                    os.close(descriptor)
                return json.loads(data), streams
            for descriptor in streams:
                os.close(descriptor)
            os.write(said, _NUMBER.pack(command))
            watch = os.pidfd_open(command)
            running[watch] = command, said
            poll.register(watch, select.POLLIN)


def _tell_the_end(watch: int, command: int, said: int) -> None:
    """Say what a command that has ended ended with, if there is still somebody to hear it."""
    _, status = os.waitpid(command, 0)
    with contextlib.suppress(BrokenPipeError):
        os.write(said, _NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os.close(said)
    os.close(watch)


def _become(request: dict[str, Any], streams: Sequence[int]) -> None:
    """Be the process that was asked for, as Python would have begun it."""
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    if request["leads"]:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    spoken = sys.stdout.encoding, sys.stdout.errors
    sys.stdin = sys.__stdin__ = open(0, encoding=spoken[0], errors=spoken[1], closefd=False)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", encoding=spoken[0], errors=spoken[1], closefd=False)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(  # noqa: SIM115
        2, "w", buffering=1, encoding=spoken[0], errors="backslashreplace", closefd=False
    )
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = ["distributor", *request["arguments"]]


def _leave_memory_to_the_kernel(code: object) -> None:
    """End as the interpreter does, but for giving back object by object what the kernel takes back in one piece.

    To give back what was inherited copies it first, and takes longer than most commands. Return, for the interpreter
    to say it, where something stands in the way.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    if isinstance(code, int):
        os._exit(code)


def _gather_memory() -> None:
    """Put what is in memory into large pages, where the kernel has them (Linux 6.1).

    Of each a fork copies one entry, and not five hundred: otherwise that and the end are a fifth of a short command.
    """
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        span, rights, _offset, _device, inode, *_name = line.split()
        if rights == "rw-p" and inode == "0":
            begin, end = (int(one, 16) for one in span.split("-"))
            for place in range(-(-begin // _LARGE_PAGE) * _LARGE_PAGE, end - _LARGE_PAGE + 1, _LARGE_PAGE):
                madvise(place, _LARGE_PAGE, _MADV_COLLAPSE)


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # until the command is there to answer it: this is not its start
    requests = socket.socket(fileno=int(sys.argv[1]))
    sys.path[0] = str(_TESTS.parent)
    import importlib
    import pkgutil

    import distributor

    # What commands import when they need it, the libraries that ours import within functions among it.
    for module in pkgutil.walk_packages(distributor.__path__, "distributor."):
        if not module.name.startswith(("distributor.db.migrations.", "distributor.__main__")):
            importlib.import_module(module.name)
    for name in (
        "aiosmtplib", "alembic.command", "babel.dates", "dotenv.parser", "email_validator.validate_email",
        "encodings.punycode", "pygal", "rich.live", "typer._adapters", "typst", "xlsxwriter",
    ):  # fmt: skip
        importlib.import_module(name)
    for language in ("fr", "en"):
        sys.modules["babel.dates"].format_date(date(2026, 11, 22), locale=language)
    from distributor.__main__ import main
    from distributor.cli.worker import outage

    vars(outage)["_FIRST_PAUSE_S"] = _FIRST_PAUSE_S
    sys.path.append(str(_TESTS))
    from movingclock import follow_environment
    from rehearsal import rehearse

    rehearse()
    # What is here to stay is no garbage: no fork looks through it, and so none copies the memory that it shares.
    gc.collect()
    gc.freeze()
    _gather_memory()
    _become(*_serve(requests))
    follow_environment()
    if number := os.environ.get(APART_FROM):
        from distributor.dispatch.carry import Carrier

        defaults = Carrier.__init__.__kwdefaults__
        assert defaults is not None
        defaults["apart_from"] = int(number)
    if machine := os.environ.get(MACHINE):
        from distributor.deliveries import workers

        workers._place = lambda: machine
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        main()
    except SystemExit as ended:
        _leave_memory_to_the_kernel(ended.code)
        raise


if __name__ == "__main__":
    _main()
