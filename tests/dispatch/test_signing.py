"""Key files: their owner's alone, inside the workspace, never replaced; and what a dispatch keeps of them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.messages.signing import make_key_file, open_signer, read_key_file
from distributor.errors import BadInput, Refused, StorageTrouble
from distributor.rendering.sign import Algorithm
from distributor.settings import Settings, load_settings


def settings(folder: Path, **values: str) -> Settings:
    values = {"mail_from": "Presse <presse@hällé.example>", **values}
    return load_settings(folder, {f"DISTRIBUTOR_{name.upper()}": value for name, value in values.items()})


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A quick key in a folder that is as a workspace."""
    file, _ = make_key_file(tmp_path, "press2026", Algorithm.ED25519)
    return tmp_path / file


def test_a_new_key_is_its_owners_alone_and_never_replaced(tmp_path: Path, key: Path) -> None:
    assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    before = key.read_bytes()
    with pytest.raises(BadInput, match="never replaced"):
        make_key_file(tmp_path, "press2026", Algorithm.RSA)
    assert key.read_bytes() == before
    file, rsa = make_key_file(tmp_path, "rsa", Algorithm.RSA)
    assert (rsa.algorithm, read_key_file(tmp_path, file).public) == (Algorithm.RSA, rsa.public)


def test_a_key_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / ".dkim").write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageTrouble, match="Not a directory"):
        make_key_file(tmp_path, "press2026", Algorithm.ED25519)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, key: Path, mode: int) -> None:
    key.chmod(mode)
    with pytest.raises(BadInput, match="Others on this machine can read the key") as caught:
        read_key_file(tmp_path, ".dkim/press2026.pem")
    assert caught.value.mend == f"Run: chmod 600 {key}"


def test_a_key_elsewhere_or_none_is_refused(tmp_path: Path, key: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.pem").symlink_to(key)
    (inside / "gone.pem").symlink_to(inside / "nowhere")
    os.mkfifo(inside / "pipe.pem", 0o600)
    (inside / "folder.pem").mkdir()
    (inside / "text.pem").write_text("no key", encoding="utf-8")
    (inside / "text.pem").chmod(0o600)
    wanted = {
        "link.pem": "outside the workspace",
        "gone.pem": "no such key",
        "pipe.pem": "no file",
        "folder.pem": "no file",
        "text.pem": "no private key",
    }
    for name, why in wanted.items():
        with pytest.raises(BadInput, match=why) as caught:
            read_key_file(inside, name)
        assert caught.value.file == str(inside / name)


def test_a_dispatch_keeps_what_is_public_and_knows_its_key_again(tmp_path: Path, key: Path) -> None:
    identity = Identity.from_settings(settings(tmp_path, dkim_key=".dkim/press2026.pem"))
    frozen = json.dumps(asdict(identity))
    assert identity.dkim_domain == "xn--hll-qla1a.example"
    assert [(one.selector, one.file) for one in identity.dkim_keys] == [("press2026", ".dkim/press2026.pem")]
    assert not [line for line in key.read_text("ascii").splitlines() if line in frozen]
    again = Identity.thaw(json.loads(frozen))
    assert again == identity
    signer = open_signer(tmp_path, again.dkim_domain, again.dkim_keys)
    assert signer is not None
    assert signer.domain == "xn--hll-qla1a.example"
    key.unlink()
    make_key_file(tmp_path, "press2026", Algorithm.ED25519)
    with pytest.raises(Refused, match="another one than this dispatch was planned with"):
        open_signer(tmp_path, again.dkim_domain, again.dkim_keys)
    key.unlink()
    with pytest.raises(Refused, match="is gone"):
        open_signer(tmp_path, again.dkim_domain, again.dkim_keys)


def test_a_dispatch_of_before_is_sent_as_it_was(tmp_path: Path) -> None:
    """Rows that were planned before there were signatures have none of the later fields, nor what they put in."""
    later = ("sender_name", "sender_address", "list_id", "feedback_sender", "dkim_domain", "dkim_keys")
    row = {
        name: value for name, value in asdict(Identity.from_settings(settings(tmp_path))).items() if name not in later
    }
    identity = Identity.thaw(row)
    assert (identity.feedback_id("ferry", 1, "release"), identity.sender().list_id) == ("", "")
    assert identity.sender().sent_by is None
    assert open_signer(tmp_path, identity.dkim_domain, identity.dkim_keys) is None


def test_the_identity_names_the_mailing_and_its_sender_but_never_the_recipient(tmp_path: Path) -> None:
    identity = Identity.from_settings(settings(tmp_path, sender="Relais <envoi@relais.example>"))
    sender = identity.sender()
    assert sender.list_id == "press.xn--hll-qla1a.example"
    assert sender.sent_by is not None
    assert sender.sent_by[1].spec == "envoi@relais.example"
    first, second, test = (identity.feedback_id("a" * 60, 2, kind) for kind in ("release", "correction", "test"))
    assert first.startswith("a" * 40 + "-2:release:")
    assert {one.rpartition(":")[2] for one in (first, second, test)} == {identity.feedback_sender}
    assert 5 <= len(identity.feedback_sender) <= 15
