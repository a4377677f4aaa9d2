"""What scenarios start from: one prepared workspace, copied for each, and a throwaway certificate authority."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from office import BUREAU, EVERYBODY, SECTORS, SHORT_LIST, SLUG, Authority, Office, communique, finish, write_list

SETTINGS = {
    "DISTRIBUTOR_SMTP_HOST": "127.0.0.1",
    "DISTRIBUTOR_SMTP_PORT": "9",
    "DISTRIBUTOR_SMTP_SECURITY": "plain",
    "DISTRIBUTOR_SMTP_CONNECTIONS": "3",
    "DISTRIBUTOR_MAIL_FROM": "Soignants du littoral <presse@soignants-littoral.example>",
}


@pytest.fixture(scope="session")
def prepared_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A workspace with two hundred journalists on four lists, a short list, and a communiqué; not to be changed."""
    folder = tmp_path_factory.mktemp("prepared")
    office = Office(folder / "press", dict(SETTINGS))
    office.run("init")
    source = folder / "urgences.txt"
    source.write_text(communique(), encoding="utf-8")
    imports = [office.start("releases", "import", str(source), "--slug", SLUG)]
    bureau = write_list(folder / "bureau.csv", SHORT_LIST)
    imports.append(office.start("contacts", "import", str(bureau), "--list", BUREAU))
    for sector, name in SECTORS.items():
        file = write_list(folder / f"{sector}.csv", [person for person in EVERYBODY if person.sector == sector])
        imports.append(office.start("contacts", "import", str(file), "--list", sector, "--sector", name))
    for process in imports:  # all at once: colleagues do not wait for one another either
        finish(process, 0)
    yield office
    office.close()


@pytest.fixture
def office(prepared_office: Office, tmp_path: Path) -> Iterator[Office]:
    """A workspace of this test's own, as `prepared_office`."""
    own = prepared_office.copied_to(tmp_path)
    yield own
    own.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority that lives as long as the session."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("authority")
    (folder / "own.ext").write_text("subjectAltName=IP:127.0.0.1\n")
    new_key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    for command in (
        f"req -x509 {new_key} -keyout ca.key -out ca.pem -days 2 -subj /CN=Throwaway",
        f"req {new_key} -keyout server.key -out server.csr -subj /CN=server",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out own.pem -days 2 -extfile own.ext",
    ):
        subprocess.run([openssl, *command.split()], cwd=folder, check=True, capture_output=True)
    return Authority(folder / "ca.pem", folder / "server.key", folder / "own.pem")
