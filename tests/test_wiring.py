"""A workspace, opened: the right sentence when it is none, and everything put together when it is one."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from distributor import wiring
from distributor.errors import AccountTrouble, BadInput, StorageTrouble
from distributor.settings import InDoubtPolicy
from distributor.starter import make_workspace
from distributor.wiring import open_workspace, read_address


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with its database."""
    make_workspace(tmp_path / "presse")
    _ = open_workspace(tmp_path / "presse", creating=True).database
    return tmp_path / "presse"


def test_whoever_opens_a_workspace_loads_nothing_that_only_a_sending_needs(folder: Path) -> None:
    code = "import sys; from pathlib import Path; from distributor.wiring import open_workspace;"
    code += "open_workspace(Path(sys.argv[1])).database; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(folder)], check=True, capture_output=True, text=True)
    assert {"jinja2", "babel", "css_inline", "markdown_it", "aiosmtplib"}.isdisjoint(done.stdout.split())


def test_a_folder_that_is_none_or_no_workspace_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="There is no folder") as caught:
        open_workspace(tmp_path / "nulle-part")
    assert caught.value.mend == f"Run: distributor init {tmp_path / 'nulle-part'}"
    with pytest.raises(BadInput, match="is not a Distributor workspace") as caught:
        open_workspace(tmp_path)
    assert "--workspace" in caught.value.mend
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=f"^{tmp_path} is not a Distributor workspace") as caught:
        open_workspace(Path())
    assert caught.value.mend.endswith(f"distributor init {tmp_path}"), "a full path says where one is"
    (tmp_path / "press.db").touch()
    with pytest.raises(BadInput, match=r"press\.db is here") as caught:
        open_workspace(tmp_path)
    assert "Put back the .env" in caught.value.mend
    assert "init" not in caught.value.mend, "another secret key would know none of those who objected"
    (tmp_path / "liste.csv").touch()
    with pytest.raises(BadInput, match="is a file, not a folder") as caught:
        open_workspace(tmp_path / "liste.csv")
    assert "init" not in caught.value.mend


def test_settings_from_the_environment_alone_make_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTRIBUTOR_DATABASE_URL", "sqlite:///press.db")
    assert open_workspace(tmp_path).settings.database_url == f"sqlite:///{tmp_path}/press.db"


def test_a_database_that_is_missing_is_not_made_by_the_way(folder: Path) -> None:
    (folder / "press.db").unlink()
    with pytest.raises(BadInput, match="There is no database at") as caught:
        _ = open_workspace(folder).database
    assert caught.value.mend == f"Run: distributor init {folder}"
    assert not (folder / "press.db").exists()


def test_the_database_is_for_its_owner_alone(folder: Path) -> None:
    assert stat.S_IMODE((folder / "press.db").stat().st_mode) == 0o600


def test_a_database_whose_folder_is_missing_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTRIBUTOR_DATABASE_URL", "sqlite:///nulle-part/press.db")
    with pytest.raises(StorageTrouble, match="cannot be made") as caught:
        _ = open_workspace(folder, creating=True).database
    assert caught.value.mend


def test_without_a_key_nothing_is_recognised_and_it_is_said(folder: Path) -> None:
    env = folder / ".env"
    lines = env.read_text(encoding="utf-8").splitlines()
    env.write_text("\n".join(line for line in lines if "SECRET_KEY" not in line), encoding="utf-8")
    with pytest.raises(BadInput, match="No secret key") as caught:
        _ = open_workspace(folder).keyring
    assert caught.value.field == "DISTRIBUTOR_SECRET_KEY"


def test_everything_is_made_from_the_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTRIBUTOR_SMTP_CONNECTIONS", "7")
    monkeypatch.setenv("DISTRIBUTOR_IN_DOUBT", "resend")
    monkeypatch.setenv("DISTRIBUTOR_SMTP_HOST", "mail.halle.example")
    workspace = open_workspace(folder)
    carrier = workspace.carrier(workspace.log())
    assert (carrier.in_doubt, carrier.workspace) == (InDoubtPolicy.RESEND, folder)
    assert workspace.ways().way("default").connections == 7
    assert workspace.carrier(workspace.log(), 2).connections == 2
    assert carrier.keyring.key_id == workspace.keyring.key_id
    assert workspace.account().host == "mail.halle.example"
    assert "message.html.j2" in workspace.templates.sources()
    assert workspace.database is workspace.database


def test_without_a_mail_server_there_is_no_account(folder: Path) -> None:
    with pytest.raises((AccountTrouble, BadInput)) as caught:
        open_workspace(folder).account()
    assert "DISTRIBUTOR_SMTP_HOST" in str(caught.value)


def test_the_password_stays_out_of_what_is_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTRIBUTOR_SMTP_HOST", "mail.halle.example")
    monkeypatch.setenv("DISTRIBUTOR_SMTP_USERNAME", "presse")
    monkeypatch.setenv("DISTRIBUTOR_SMTP_PASSWORD", "hunter2")
    workspace = open_workspace(folder)
    assert workspace.account().password == "hunter2"
    assert "hunter2" not in f"{workspace!r}{workspace.account()!r}{workspace.ways()!r}"


def test_an_address_that_is_none_is_said() -> None:
    assert read_address(" anne@fil.example ").spec == "anne@fil.example"
    with pytest.raises(BadInput, match="«anne» is not an e-mail address"):
        read_address("anne")


def test_the_audit_names_the_systems_user_whatever_the_environment_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "mallory")
    assert wiring.actor() == pwd.getpwuid(os.getuid()).pw_name


def test_whoever_has_no_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_number: int) -> pwd.struct_passwd:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert wiring.actor() == f"uid {os.getuid()}"


def test_templates_that_lie_elsewhere_are_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "templates").rename(tmp_path / "elsewhere")
    (folder / "templates").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="leads elsewhere") as caught:
        _ = open_workspace(folder).templates
    assert caught.value.mend
    (folder / "templates").unlink()
    (folder / "templates").mkdir()
    (folder / "templates" / "press-release").symlink_to(tmp_path / "elsewhere" / "press-release")
    with pytest.raises(BadInput, match="leads elsewhere"):
        _ = open_workspace(folder).templates
