"""Which certificates we trust: the system's authorities, or the one whose file is named."""

from __future__ import annotations

import ssl
from pathlib import Path

from distributor.errors import AccountTrouble, BadInput
from distributor.files import reading
from distributor.settings import PREFIX

CA_SETTING = f"{PREFIX}SMTP_CA_FILE"


def trusting(ca_file: Path | None, setting: str = CA_SETTING) -> ssl.SSLContext:
    """A client's side of TLS 1.2 or later: it verifies the certificate and the name on it (RFC 8314 §4.1, RFC 7817).

    With `ca_file` that authority alone is trusted. `AccountTrouble`, naming the `setting`, for a file that is none.
    """
    try:
        if ca_file is not None:
            with reading(ca_file):  # a pipe would hold everything for ever
                pass
        context = ssl.create_default_context(cafile=ca_file)
    except (BadInput, OSError) as error:
        why = error.message.rstrip(".") if isinstance(error, BadInput) else error.strerror or str(error)
        raise AccountTrouble(
            f"The file of the certificate authority, {ca_file}, cannot be used ({why}).",
            mend=f"Set {setting} to a PEM file, or leave it empty.",
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
