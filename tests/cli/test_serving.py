"""`distributor serve`: what it says before it serves, and what keeps it from serving."""

from __future__ import annotations

import importlib.util
import re
import socket
from pathlib import Path

import pytest
from commandtree import Run

from distributor.cli.web import serving
from distributor.errors import BadInput


def set_public_url(folder: Path, url: str) -> None:
    """Write the public address into a workspace's settings."""
    env = folder / ".env"
    env.write_text(env.read_text("utf-8").replace("PUBLIC_URL=\n", f"PUBLIC_URL={url}\n"), "utf-8")


def test_the_addresses_of_webhooks_are_printed_for_each_provider(run: Run, folder: Path) -> None:
    missing = run("serve", "--hooks", workspace=folder)
    assert missing.returncode == 2
    assert "DISTRIBUTOR_PUBLIC_URL" in missing.stderr
    set_public_url(folder, "https://presse.halle.example")
    lines = run("serve", "--hooks", workspace=folder).stdout.splitlines()
    found = [re.fullmatch(r"(\w+) +https://presse\.halle\.example/hooks/\1/([a-z2-7]{28,})", line) for line in lines]
    assert all(found)
    assert [one[1] for one in found if one] == ["ses", "brevo", "mailjet", "postmark"]
    assert len({one[2] for one in found if one}) == 4


def test_a_place_that_cannot_be_had_is_one_sentence(run: Run, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--port", str(taken.getsockname()[1]), workspace=folder)
    assert done.returncode == 2
    assert "Nothing can listen at 127.0.0.1" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert run("serve", "--host", "localhost", workspace=folder).returncode == 2
    assert run("serve", "--port", "70000", workspace=folder).returncode == 2
    assert run("serve", "--proxy", "my-proxy", workspace=folder).returncode == 2


def test_without_a_sender_nobody_would_know_who_speaks(run: Run, folder: Path) -> None:
    env = folder / ".env"
    env.write_text(re.sub(r"MAIL_FROM=.*\n", "MAIL_FROM=\n", env.read_text("utf-8")), "utf-8")
    done = run("serve", "--port", "0", workspace=folder)
    assert done.returncode == 2
    assert "DISTRIBUTOR_MAIL_FROM" in done.stderr


def test_the_extra_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    serving.require_web()
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else find(name))
    with pytest.raises(BadInput) as caught:
        serving.require_web()
    assert "distributor[web]" in caught.value.mend


def test_a_release_says_where_it_will_be(run: Run, folder: Path) -> None:
    assert '"web_url": ""' in run("releases", "show", "halle", "--json", workspace=folder).stdout
    set_public_url(folder, "https://presse.halle.example")
    shown = run("releases", "show", "halle", workspace=folder).stdout
    assert re.search(r"on the web +https://presse\.halle\.example/r/[a-z2-7]+ \(once it was sent", shown)
