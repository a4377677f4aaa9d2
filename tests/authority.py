"""A throwaway certificate authority for servers on this machine, made with openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """The authority's certificate, and a key and certificate that it signed for 127.0.0.1 and for another name."""

    ca_file: Path
    key: Path
    certificate: Path
    certificate_of_another: Path


def make_authority(openssl: str, folder: Path) -> Authority:
    """Make an authority in `folder` with the program `openssl`."""
    (folder / "own.ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    (folder / "other.ext").write_text("subjectAltName=DNS:other.example\n")
    new_key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    for command in (
        f"req -x509 {new_key} -keyout ca.key -out ca.pem -days 2 -subj /CN=Throwaway",
        f"req {new_key} -keyout server.key -out server.csr -subj /CN=server",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out own.pem -days 2 -extfile own.ext",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out other.pem -days 2 -extfile other.ext",
    ):
        subprocess.run([openssl, *command.split()], cwd=folder, check=True, capture_output=True)
    return Authority(folder / "ca.pem", folder / "server.key", folder / "own.pem", folder / "other.pem")
