"""Our own DKIM keys against DNS, and alignment of what we sign with what people see."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from dnszone import Zone
from hypothesis import given
from hypothesis import strategies as st
from patients import SetUp

from distributor.cli.app import run
from distributor.dispatch.messages.signing import make_key_file
from distributor.doctor.check import Check, Level
from distributor.doctor.dkim import OwnKey, check_record, parse_key
from distributor.doctor.domain import check_alignment
from distributor.doctor.examination import Diagnosis, examine
from distributor.doctor.lookup import DnsLookup
from distributor.rendering.sign import Algorithm

DOMAIN = "office.example"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> OwnKey:
    file, key = make_key_file(tmp_path_factory.mktemp("key"), "press", Algorithm.RSA)
    return OwnKey(file, "press", DOMAIN, key)


def found(own: OwnKey, *records: str) -> Check:
    return check_record(own, Zone({own.name: records}))


def test_our_key_in_dns_is_found_however_it_is_written(own: OwnKey) -> None:
    public = own.key.public
    for record in (
        own.key.record,
        f"p={public}",
        f"v=DKIM1;t=s ;h=sha1:sha256; s=email; k=rsa; n=note;p={public[:100]} {public[100:]};",
    ):
        assert found(own, "some=verification", record).level is Level.OK


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("", "has no DKIM record"),
        ("v=spf1 -all", "has no DKIM record"),
        ("v=DKIM1; k=rsa; p=", "revoked"),
        ("v=DKIM1; k=rsa; p=MIIB", "another key than ours"),
        ("v=DKIM1; k=ed25519; p={p}", "another key than ours"),
        ("v=DKIM1; h=sha1; p={p}", "other digests only"),
        ("v=DKIM1; s=tlsrpt; p={p}", "not for e-mail"),
    ],
)
def test_what_receivers_could_not_verify_with(own: OwnKey, record: str, said: str) -> None:
    check = found(own, record.format(p=own.key.public))
    assert check.level is Level.FAIL
    assert said in check.message
    assert "distributor dkim check" in check.mend


def test_two_records_and_a_trial(own: OwnKey) -> None:
    assert "2 DKIM records" in found(own, own.key.record, own.key.record).message
    assert found(own, own.key.record + "; t=y").level is Level.WARN


@given(st.text())
def test_any_text_is_a_record_or_none(text: str) -> None:
    tags = parse_key(text)
    assert tags is None or "p" in tags


@pytest.mark.parametrize(
    ("policy", "envelope", "signing", "level", "said"),
    [
        ("p=none", DOMAIN, DOMAIN, Level.OK, "SPF vouches too"),
        ("p=none", "relay.example", DOMAIN, Level.OK, "so SPF does not"),
        ("p=none", "relay.example", f"mail.{DOMAIN}", Level.OK, "We sign as mail.office.example"),
        ("p=none; adkim=s", "relay.example", f"mail.{DOMAIN}", Level.WARN, "SPF does not either"),
        ("p=none", DOMAIN, "relay.example", Level.WARN, "only SPF does"),
        ("p=none", "relay.example", "relay.example", Level.WARN, "SPF does not either"),
        ("p=none; adkim=s", DOMAIN, DOMAIN, Level.OK, "SPF vouches too"),
    ],
)
def test_one_of_signature_and_envelope_has_to_vouch_for_the_sender(
    policy: str, envelope: str, signing: str, level: Level, said: str
) -> None:
    zone = Zone({f"_dmarc.{DOMAIN}": f"v=DMARC1; {policy}"})
    check = check_alignment(DOMAIN, envelope, zone, signing)
    assert (check.level, said in check.message) == (level, True)


def the(name: str, diagnosis: Diagnosis) -> Check:
    (check,) = [check for check in diagnosis.checks if check.name == name]
    return check


def test_the_examination_of_an_office_that_signs(set_up: SetUp) -> None:
    folder = set_up(DKIM_KEY=".dkim/rsa.pem,.dkim/ed.pem", DKIM_SELECTOR="a,b", BOUNCE_ADDRESS="b@relay.example")
    records = {}
    for selector, name, algorithm in (("a", "rsa", Algorithm.RSA), ("b", "ed", Algorithm.ED25519)):
        _, key = make_key_file(folder, name, algorithm)
        records[f"{selector}._domainkey.{DOMAIN}"] = key.record
    diagnosis = examine(folder, {}, lookup=Zone(records))
    assert the("dkim_key", diagnosis).level is Level.OK
    assert "rsa-sha256, selector a" in the("dkim_key", diagnosis).message
    assert the("dkim", diagnosis).level is Level.OK
    assert "a._domainkey" in the("dkim", diagnosis).message
    assert "b._domainkey" in the("dkim", diagnosis).message
    assert the("alignment", diagnosis).level is Level.OK
    shown = {line.name.removeprefix("DISTRIBUTOR_"): line.value for line in diagnosis.settings}
    assert (shown["DKIM_KEY"], shown["DKIM_SELECTOR"]) == (".dkim/rsa.pem,.dkim/ed.pem", "a,b")
    del records[f"b._domainkey.{DOMAIN}"]
    check = the("dkim", examine(folder, {}, lookup=Zone(records)))
    assert check.level is Level.FAIL
    assert f"b._domainkey.{DOMAIN} has no DKIM record" in check.message


def test_a_broken_key_is_said_once(set_up: SetUp) -> None:
    folder = set_up(DKIM_KEY=".dkim/gone.pem")
    diagnosis = examine(folder, {}, lookup=Zone())
    assert the("dkim_key", diagnosis).level is Level.FAIL
    assert the("dkim", diagnosis) == Check.skip("dkim", "Left out: see dkim key.")
    assert the("sender", diagnosis).level is Level.OK
    assert the("sample_message", diagnosis).level is Level.OK


@pytest.fixture
def dkim_check(monkeypatch: pytest.MonkeyPatch) -> Any:
    def check(folder: Path, *options: str) -> int:
        monkeypatch.setattr(sys, "argv", ["distributor", "--workspace", str(folder), "dkim", "check", *options])
        return run()

    return check


def test_the_command_compares_and_fails_where_mail_would(
    set_up: SetUp, dkim_check: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = set_up(DKIM_KEY=".dkim/press.pem")
    _, key = make_key_file(folder, "press", Algorithm.ED25519)
    name = f"press._domainkey.{DOMAIN}"
    monkeypatch.setattr(DnsLookup, "__call__", Zone({name: key.record}).__call__)
    assert dkim_check(folder) == 0
    assert capsys.readouterr().out.startswith(f"ok    dkim            {name} holds our key")
    monkeypatch.setattr(DnsLookup, "__call__", Zone({name: "v=DKIM1; p=MIIB"}).__call__)
    assert dkim_check(folder) == 2
    out, err = capsys.readouterr()
    assert "another key than ours" in err
    assert key.record in out, "what is to be published is shown"
