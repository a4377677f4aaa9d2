"""`distributor dkim` as it is typed: a key is made, its record is shown whole, and nothing of the key is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commandtree import Run, on_a_terminal

SIGNS = {"DISTRIBUTOR_DKIM_KEY": ".dkim/press2026.pem"}


@pytest.fixture
def signing(folder: Path, run: Run) -> Path:
    """A workspace with a key."""
    assert run("dkim", "keygen", "--ed25519", "--selector", "press2026", workspace=folder).returncode == 0
    return folder


def test_a_key_is_made_and_its_record_shown_in_both_forms(folder: Path, run: Run) -> None:
    made = run("dkim", "keygen", "--selector", "press2026", workspace=folder)
    assert (made.returncode, made.stderr) == (0, "")
    file = folder / ".dkim" / "press2026.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    lines = made.stdout.splitlines()
    assert "  name:   press2026._domainkey.halle.example" in lines
    (value,) = [line.removeprefix("  value:  ") for line in lines if line.startswith("  value:")]
    assert value.startswith("v=DKIM1; k=rsa; p=MII")
    (zone,) = [line for line in lines if " IN TXT ( " in line]
    strings = zone.partition("( ")[2].removesuffix(" )").strip('"').split('" "')
    assert ("".join(strings), max(map(len, strings)) <= 255) == (value, True)
    assert "  DISTRIBUTOR_DKIM_KEY=.dkim/press2026.pem" in lines
    assert not [line for line in file.read_text("ascii").splitlines() if line in made.stdout]
    again = run("dkim", "keygen", "--selector", "press2026", workspace=folder)
    assert (again.returncode, "never replaced" in again.stderr) == (2, True)


def test_a_record_can_be_copied_from_a_narrow_terminal(folder: Path) -> None:
    shown = on_a_terminal("dkim", "keygen", workspace=folder, COLUMNS="60", NO_COLOR="1")
    assert any(line.startswith("  value:  v=DKIM1; k=rsa; p=") and len(line) > 400 for line in shown.splitlines())


def test_a_second_key_goes_beside_the_first(signing: Path, run: Run) -> None:
    both = run("dkim", "keygen", "--ed25519", "--selector", "e2", workspace=signing, **SIGNS).stdout
    assert "  DISTRIBUTOR_DKIM_KEY=.dkim/press2026.pem,.dkim/e2.pem" in both.splitlines()
    assert "DKIM_SELECTOR" not in both
    named = SIGNS | {"DISTRIBUTOR_DKIM_SELECTOR": "old"}
    both = run("dkim", "keygen", "--ed25519", "--selector", "e3", workspace=signing, **named).stdout
    assert "  DISTRIBUTOR_DKIM_SELECTOR=old,e3" in both.splitlines()
    instead = run("dkim", "keygen", "--selector", "rsa2", workspace=signing, **SIGNS).stdout
    assert "  DISTRIBUTOR_DKIM_KEY=.dkim/rsa2.pem" in instead.splitlines()
    assert "Keep the former key" in instead


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (("keygen", "--selector", "../../etc/x"), {}, "cannot name a key"),
        (("keygen", "--selector", "Été"), {}, "cannot name a key"),
        (("keygen",), {"DISTRIBUTOR_MAIL_FROM": "nobody"}, "DISTRIBUTOR_MAIL_FROM"),
        (("check",), {}, "No key is set"),
        (("check",), {"DISTRIBUTOR_DKIM_KEY": ".dkim/gone.pem"}, "no such key"),
        (("check",), {"DISTRIBUTOR_DKIM_KEY": "/etc/ssl/key.pem"}, "file of the workspace"),
    ],
)
def test_what_cannot_be_done_is_one_kind_sentence(
    folder: Path, run: Run, arguments: tuple[str, ...], environ: dict[str, str], said: str
) -> None:
    done = run("dkim", *arguments, workspace=folder, **environ)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert said in done.stderr


def test_offline_says_so_and_so_does_a_dns_that_cannot_know(signing: Path, run: Run) -> None:
    offline = run("dkim", "check", "--offline", workspace=signing, **SIGNS)
    assert (offline.returncode, "Not compared with DNS" in offline.stdout) == (0, True)
    (shown,) = json.loads(run("dkim", "check", "--json", workspace=signing, **SIGNS).stdout)
    assert shown["level"] == "skip"
    assert "DNS does not answer" in shown["message"]
    assert shown["record_name"] == "press2026._domainkey.halle.example"
    assert "".join(shown["record_strings"]) == shown["record"]
    assert set(shown) == {
        *("file", "selector", "domain", "algorithm", "record_name", "record", "record_strings"),
        *("level", "message", "mend"),
    }
