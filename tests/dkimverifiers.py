"""Three DKIM verifiers that are not ours: dkimpy, and where Debian has them, OpenDKIM and Perl's Mail::DKIM."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import dkim
import pytest

OPENDKIM = shutil.which("opendkim", path="/usr/sbin:/usr/bin:/usr/local/sbin")
_PERL = r"""
use strict; use warnings; no warnings 'redefine';
use JSON::PP; use Mail::DKIM::Verifier;
my $zone = decode_json($ARGV[0]);
{ package Record; sub type {'TXT'} sub txtdata { $_[0]{text} } sub char_str_list { ($_[0]{text}) } }
sub answer { my $text = $zone->{$_[0]}; return $text ? (bless {text => $text}, 'Record') : (); }
*Mail::DKIM::DNS::query = sub { return answer($_[0]); };
*Mail::DKIM::DNS::query_async = sub {
    my ($name, $type, %how) = @_; my $found = $how{Callbacks}{Success}->(answer($name)); return sub { $found };
};
local $/; my $message = <STDIN>;
my $verifier = Mail::DKIM::Verifier->new; $verifier->PRINT($message); $verifier->CLOSE;
print $_->algorithm, "=", $_->result, "\n" for $verifier->signatures;
"""


def dkimpy_passes(message: bytes, zone: Mapping[str, str], index: int = 0) -> bool:
    """Whether dkimpy verifies the signature of that number; it knows RSA only, without PyNaCl."""
    records = {f"{name}.".encode(): record.encode() for name, record in zone.items()}
    try:
        passed: bool = dkim.DKIM(message).verify(idx=index, dnsfunc=lambda name, **_: records.get(name, b""))
    except dkim.DKIMException:
        return False
    return passed


def opendkim_says(message: bytes, zone: Mapping[str, str], folder: Path) -> dict[str, str]:
    """What OpenDKIM says of every signature, by algorithm."""
    assert OPENDKIM
    (folder / "keys").write_text("".join(f"{name} {record}\n" for name, record in zone.items()), encoding="ascii")
    (folder / "conf").write_text(f"Mode v\nSyslog no\nTestPublicKeys {folder / 'keys'}\n", encoding="ascii")
    (folder / "message").write_bytes(message)
    command = [OPENDKIM, "-x", folder / "conf", "-t", folder / "message", "-v", "-v"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout
    results = [words.split() for words in said.split(";") if "header.a=" in words]
    return {
        next(word for word in words if word.startswith("header.a=")).partition("=")[2]: words[0].partition("=")[2]
        for words in results
    }


def perl_says(message: bytes, zone: Mapping[str, str]) -> dict[str, str]:
    """What Perl's Mail::DKIM says of every signature, by algorithm."""
    command = ["perl", "-e", _PERL, json.dumps(dict(zone))]
    ran = subprocess.run(command, input=message, capture_output=True, timeout=20, check=False)
    if b"Can't locate" in ran.stderr:
        pytest.skip("this Perl has no Mail::DKIM (Debian: libmail-dkim-perl)")
    return dict(line.partition("=")[::2] for line in ran.stdout.decode().splitlines())
