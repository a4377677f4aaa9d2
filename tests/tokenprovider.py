"""A provider of access tokens on this machine: speaks over TLS as Microsoft's and Google's do, and can refuse."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authority import Authority


@dataclass
class TokenProvider:
    """What it gave, what it was asked, and what it says no with."""

    valid: set[str] = field(default_factory=set)
    """The tokens that are good; a mail server that is to believe them shares the set."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The forms that were sent to the token endpoint, in order."""
    refuses_with: str = ""
    """An OAuth2 error for whoever asks, such as invalid_grant; "": none."""
    odd: list[tuple[int, str]] = field(default_factory=list)
    """What it answers first, one after another, whatever it is asked: a status, and what stands in the body."""
    lifetime: int = 3600
    given: int = 0
    scope: str = ""
    port: int = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://localhost:{self.port}"

    @property
    def grants(self) -> list[str]:
        """What kinds of grant were asked for."""
        return [one["grant_type"].rpartition(":")[2] for one in self.asked]

    def answer(self, form: dict[str, str]) -> tuple[int, dict[str, Any] | str]:
        """What the token endpoint says."""
        self.asked.append(form)
        if self.odd:
            return self.odd.pop(0)
        if self.refuses_with:
            said = f"AADSTS7000: refused for this test ({self.refuses_with})"
            return 400, {"error": self.refuses_with, "error_description": said}
        self.given += 1
        token = f"token-{self.given}"
        self.valid.add(token)
        answer: dict[str, Any] = {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}
        self.scope = form.get("scope", self.scope)
        answer |= {"scope": self.scope} if self.scope else {}
        if form["grant_type"] != "client_credentials" and "assertion" not in form:
            answer |= {"refresh_token": f"refresh-{self.given}", "client_info": _b64({"uid": "u", "utid": "t"})}
            answer["id_token"] = f"{_b64({})}.{_b64(self._claims(form))}.x"
        return 200, answer

    def revoke(self) -> None:
        """Make every token worthless that was given so far."""
        self.valid.clear()

    def _claims(self, form: dict[str, str]) -> dict[str, Any]:
        return {
            "iss": self.url, "sub": "s", "aud": form.get("client_id", ""), "exp": 4_000_000_000, "iat": 1,
            "oid": "u", "tid": "t", "preferred_username": "claire@soignants-littoral.example",
        }  # fmt: skip


@contextmanager
def token_provider(authority: Authority) -> Iterator[TokenProvider]:
    """A provider that listens on localhost, under the certificate of `authority`."""
    provider = TokenProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            base = f"{provider.url}{urlsplit(self.path).path.partition('/v2.0')[0]}"
            self._say(
                200,
                {
                    "issuer": f"{base}/v2.0",
                    "authorization_endpoint": f"{base}/authorize",
                    "token_endpoint": f"{base}/token",
                    "device_authorization_endpoint": f"{base}/devicecode",
                },
            )

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = {name: values[0] for name, values in parse_qs(raw).items()}
            if self.path.endswith("/devicecode"):
                provider.scope = form["scope"]
                code = {"device_code": "d", "user_code": "KERLANN7", "verification_uri": "https://login.example/device"}
                self._say(200, code | {"expires_in": 900, "interval": 0, "message": "-"})
                return
            self._say(*provider.answer(form))

        def _say(self, status: int, answer: dict[str, Any] | str) -> None:
            body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.certificate, authority.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _b64(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
