"""The starter set of a workspace: settings, templates and sample lists, copied once and never overwritten."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from distributor.errors import BadInput

_HERE = Path(__file__).parent
_CHECKOUT = _HERE.parent.parent
FOLDERS = ("templates", "lists")
SETTINGS = ".env.example"


def starter_path(name: str) -> Path:
    """Where a part of the starter set lies: inside the installed wheel, or at the top of a checkout."""
    installed = _HERE / name
    return installed if installed.exists() else _CHECKOUT / name


def make_workspace(folder: Path) -> list[str]:
    """Make what is missing of a workspace in `folder`; return the names of what was made. Nothing is overwritten.

    `.env` gets a fresh secret key and mode 0600 from its first byte on.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = [f"{name}/" for name in FOLDERS if _copy_folder(name, folder)]
        if _make_settings(folder / ".env"):
            made.insert(0, ".env")
    except (FileExistsError, NotADirectoryError):
        raise BadInput(f"{folder} is a file, not a folder.", mend="Choose another name.") from None
    except OSError as error:
        raise BadInput(
            f"The workspace cannot be made in {folder}: {_why(error)}.", mend="Choose another place."
        ) from None
    return made


def _why(error: OSError) -> str:
    """In the system's words; copying a folder hands over a list of its files' errors (`shutil.Error`)."""
    if isinstance(error, shutil.Error):
        return str(error.args[0][0][2]).rpartition("] ")[2].partition(":")[0]
    return error.strerror or "unknown trouble"


def _copy_folder(name: str, folder: Path) -> bool:
    target = folder / name
    if target.exists() or starter_path(name).resolve() == target.resolve():
        return False
    shutil.copytree(starter_path(name), target)
    return True


def _make_settings(path: Path) -> bool:
    if path.exists():
        return False
    text = starter_path(SETTINGS).read_text(encoding="utf-8")
    text = text.replace("DISTRIBUTOR_SECRET_KEY=\n", f"DISTRIBUTOR_SECRET_KEY={secrets.token_urlsafe(48)}\n")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return True
