"""A throwaway certificate authority for servers on this machine, made with openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """The authority's certificate, and a key with certificates that it signed.

    One is for 127.0.0.1, one for another name, one was over yesterday.
    """

    ca_file: Path
    key: Path
    certificate: Path
    certificate_of_another: Path
    certificate_of_before: Path


def make_authority(openssl: str, folder: Path) -> Authority:
    """Make an authority in `folder` with the program `openssl`."""
    for name, subject in (("own", "IP:127.0.0.1,DNS:localhost"), ("other", "DNS:other.example")):
        (folder / f"{name}.ext").write_text(f"subjectAltName={subject}\nauthorityKeyIdentifier=keyid\n")
    new_key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    signs = "-addext keyUsage=critical,keyCertSign"  # Python 3.13 and later take no authority that does not say so
    for command in (
        f"req -x509 {new_key} -keyout ca.key -out ca.pem -days 2 -subj /CN=Throwaway {signs}",
        f"req {new_key} -keyout server.key -out server.csr -subj /CN=server",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out own.pem -days 2 -extfile own.ext",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out other.pem -days 2 -extfile other.ext",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out over.pem -days -1 -extfile own.ext",
    ):
        subprocess.run([openssl, *command.split()], cwd=folder, check=True, capture_output=True)
    return Authority(*(folder / name for name in ("ca.pem", "server.key", "own.pem", "other.pem", "over.pem")))
