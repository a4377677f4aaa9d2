"""The connection to a provider: TLS as the account wants it, and an end to waiting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

TIMEOUT_S = 30


class ProviderSession(requests.Session):
    """Asks over https; with `ca_file` that authority alone is trusted, whatever the environment names.

    requests lets REQUESTS_CA_BUNDLE win over a session's own authority. Proxies of the environment are used.
    """

    def __init__(self, ca_file: Path | None) -> None:
        super().__init__()
        if ca_file is not None:
            self.verify = str(ca_file)

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """As that of requests, with our own authority first."""
        return super().merge_environment_settings(url, proxies, stream, self.verify if verify is None else verify, cert)

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        """As that of requests; nobody waits for ever."""
        return super().request(*arguments, **({"timeout": TIMEOUT_S} | options))
