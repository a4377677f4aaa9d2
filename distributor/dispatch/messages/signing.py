"""The DKIM keys of a workspace, as files: read, made, and held against the keys a dispatch was planned with."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distributor.errors import BadInput, Refused, StorageTrouble
from distributor.files import real_path
from distributor.rendering.sign import RSA_BITS, Algorithm, Signer, SigningKey, read_key
from distributor.settings import PREFIX, Settings

KEY_FOLDER = ".dkim"
"""Hidden, like `.env`: what is hidden is never attached to a release, nor replaced by a report."""

_FIELD = f"{PREFIX}DKIM_KEY"
_MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class KeyReference:
    """One key as a dispatch keeps it: its selector, its file in the workspace, and its public half's fingerprint."""

    selector: str
    file: str
    fingerprint: str


def key_references(settings: Settings) -> tuple[KeyReference, ...]:
    """The keys that the settings name, looked at. `BadInput` for one that cannot be used."""
    return tuple(
        KeyReference(selector, file, read_key_file(settings.workspace, file).fingerprint)
        for selector, file in zip(settings.dkim_selector, settings.dkim_key, strict=True)
    )


def open_signer(workspace: Path, domain: str, references: Sequence[KeyReference]) -> Signer | None:
    """What signs a dispatch that was planned with these keys; None where there are none.

    Raises `BadInput` when a key cannot be read, `Refused` when it is gone, or another one than the dispatch began with:
    who has to be sent the same message again would get another.
    """
    keys = []
    for reference in references:
        is_there = (workspace / reference.file).exists()
        key = read_key_file(workspace, reference.file) if is_there else None
        if key is None or key.fingerprint != reference.fingerprint:
            is_wrong = "is another one than this dispatch was planned with" if is_there else "is gone"
            raise Refused(
                f"The DKIM key in {reference.file} {is_wrong}, so nothing is sent: what is sent again has to be the"
                " same message.",
                mend="Put the former key back, or cancel the dispatch and send the release again.",
            )
        keys.append((reference.selector, key))
    return Signer(domain, tuple(keys)) if keys else None


def read_key_file(workspace: Path, file: str) -> SigningKey:
    """The key in a file of the workspace. `BadInput` unless it is there, its owner's alone, and fit to sign with."""
    path = workspace / file
    if not real_path(path).is_relative_to(real_path(workspace)):
        raise BadInput("The key lies outside the workspace.", file=path, field=_FIELD, mend="Put it there.")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would hold the command for ever
    except FileNotFoundError:
        mend = "Make one: distributor dkim keygen"
        raise BadInput("There is no such key.", file=path, field=_FIELD, mend=mend) from None
    except OSError as error:
        raise BadInput(f"The key cannot be read: {error.strerror}.", file=path, field=_FIELD) from None
    try:
        _require_private(path, os.fstat(descriptor).st_mode)
        return read_key(os.read(descriptor, _MOST_BYTES))
    except BadInput as error:
        raise BadInput(error.message, file=path, field=_FIELD, mend=error.mend) from None
    finally:
        os.close(descriptor)


def _require_private(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise BadInput("It is no file.", mend="Name a key file.")
    if stat.S_IMODE(mode) & 0o077:
        raise BadInput("Others on this machine can read the key, and sign in your name.", mend=f"Run: chmod 600 {path}")


def make_key_file(workspace: Path, selector: str, algorithm: Algorithm) -> tuple[str, SigningKey]:
    """Make a key for `selector` in the workspace, its owner's alone; return its file and the key.

    A key that is there is never replaced: mail that it signed would no longer verify. Raises `BadInput`,
    `StorageTrouble`.
    """
    file = f"{KEY_FOLDER}/{selector}.pem"
    path = workspace / file
    pem = _new_pem(algorithm)
    try:
        with contextlib.suppress(FileExistsError):
            path.parent.mkdir(mode=0o700)
        # Its owner's alone from its first byte on.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(pem)
            opened.flush()
            os.fsync(descriptor)
    except FileExistsError:
        raise BadInput(
            "There is a key of that name, and it is never replaced.", file=path, mend="Choose another --selector."
        ) from None
    except OSError as error:
        raise StorageTrouble(f"{path} cannot be written: {error.strerror}.") from None
    return file, read_key(pem)


def _new_pem(algorithm: Algorithm) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa  # noqa: PLC0415 - only keygen waits for it
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = (
        rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        if algorithm is Algorithm.RSA
        else ed25519.Ed25519PrivateKey.generate()
    )
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
