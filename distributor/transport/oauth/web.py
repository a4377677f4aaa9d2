"""The connection to a provider: TLS as the account wants it, an end to waiting, and answers that are some."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import requests

from distributor.errors import ServerUnavailable
from distributor.transport.secrecy import HIDDEN
from distributor.transport.trust import trusting

TIMEOUT_S = 30

_SECRET_FIELDS = ("client_secret", "refresh_token", "device_code", "client_assertion", "assertion", "code")
_PASSING = frozenset({408, 425, 429})


class ProviderSession(requests.Session):
    """Asks over https; with `ca_file` that authority alone is trusted, whatever the environment names.

    requests lets REQUESTS_CA_BUNDLE win over a session's own authority. Proxies of the environment are used.

    Raises `AccountTrouble` for a `ca_file` that is none.

    The providers' libraries take every answer for one of the provider, and print what is none. So whatever comes from
    a proxy, or from a server in trouble, ends here, as `ServerUnavailable`.
    """

    def __init__(self, provider: str, ca_file: Path | None) -> None:
        super().__init__()
        self._provider = provider
        if ca_file is not None:
            trusting(ca_file)  # requests would take a file that is none for a network that fails
            self.verify = str(ca_file)

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """As that of requests, with our own authority first."""
        return super().merge_environment_settings(url, proxies, stream, self.verify if verify is None else verify, cert)

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        """As that of requests; nobody waits for ever, and nobody hears a refusal that repeats our secrets."""
        response = super().request(*arguments, **({"timeout": TIMEOUT_S} | options))
        if not _is_said_by_a_provider(response):
            raise ServerUnavailable(
                f"{self._provider} gives no token now: what answers there says HTTP {response.status_code}, and nothing"
                " that a provider of tokens says.",
                mend="Try again in a few minutes; a proxy may stand in the way.",
            )
        if not response.ok:
            response._content = _without_secrets(response)  # noqa: SLF001 - there is no other way
        return response


def why_unreachable(error: BaseException) -> str:
    """Why nothing was answered, in words for people."""
    match error:
        case requests.exceptions.SSLError():
            return "its certificate is not one that we trust"
        case requests.exceptions.ProxyError():
            return "the proxy does not let us through"
        case requests.exceptions.Timeout():
            return "it does not answer in time"
        case _:
            return "the connection fails"


def _is_said_by_a_provider(response: requests.Response) -> bool:
    if response.status_code >= 500 or response.status_code in _PASSING:
        return False
    try:
        return isinstance(response.json(), dict)
    except (ValueError, RecursionError):
        return False


def _without_secrets(response: requests.Response) -> bytes:
    """What was answered, without what was secret in what we asked with."""
    body = response.request.body or ""
    asked = parse_qs(body.decode() if isinstance(body, bytes) else str(body))
    content = response.content
    for secret in (secret for name in _SECRET_FIELDS for secret in asked.get(name, ())):
        content = content.replace(secret.encode(), HIDDEN.encode())
    return content
