"""Whether the process behind a name lives: seen where it can be, never guessed."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys

from distributor.deliveries.workers import is_alive, is_same_process, worker_name


def renamed(**parts: str) -> str:
    host, pid, started, nonce = worker_name().rsplit(":", 3)
    values = {"host": host, "pid": pid, "started": started, "nonce": nonce} | parts
    return ":".join(values.values())


def test_our_own_process_lives_and_names_are_never_the_same() -> None:
    assert is_alive(worker_name()) is True
    assert worker_name() != worker_name()
    assert re.match(rf"{re.escape(socket.gethostname())}/[0-9a-f]{{8}}:{os.getpid()}:", worker_name())


def test_a_process_that_ended_is_dead() -> None:
    code = "from distributor.deliveries.workers import worker_name; print(worker_name())"
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert is_alive(ended.stdout.strip()) is False


def test_a_process_that_runs_lives_until_it_ends_even_before_its_parent_looks() -> None:
    code = "from distributor.deliveries.workers import worker_name; print(worker_name(), flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        name = child.stdout.readline().strip()
        assert is_alive(name) is True
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and still in the table of processes
        assert is_alive(name) is False
        child.communicate()
    assert is_alive(name) is False


def test_another_process_with_the_same_number_is_not_the_worker() -> None:
    assert is_alive(renamed(started="1")) is False


def test_a_start_that_could_not_be_read_leaves_the_number_to_decide() -> None:
    assert is_alive(renamed(started="")) is True


def test_another_machine_cannot_be_seen() -> None:
    assert is_alive(renamed(host="autre-machine")) is None


def test_another_machine_of_the_same_name_cannot_be_seen() -> None:
    """Else every worker in a container called «worker» would be thought dead by its twin, and mailed for."""
    assert is_alive(renamed(host=f"{socket.gethostname()}/00000000")) is None


def test_what_is_no_name_of_ours_is_unknown() -> None:
    for name in ("", "w1", "a:b:c:d", f"{socket.gethostname()}:x:1:y"):
        assert is_alive(name) is None


def test_names_of_one_process_are_known_as_such() -> None:
    name = worker_name()
    assert is_same_process(name, worker_name())
    assert is_same_process(name, name)
    host, pid, started, nonce = name.rsplit(":", 3)
    assert not is_same_process(name, f"{host}:{pid}:{started}1:{nonce}")
    assert not is_same_process(name, f"{host}:{int(pid) + 1}:{started}:{nonce}")
    assert not is_same_process(name, f"elsewhere:{pid}:{started}:{nonce}")
    assert not is_same_process("w1", "w2")
