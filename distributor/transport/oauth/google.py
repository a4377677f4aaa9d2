"""Tokens from Google, by google-auth: for a whole domain (service account), or for a person who agreed in a browser."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from distributor import clock
from distributor.errors import BadInput, CredentialsRefused, ServerUnavailable
from distributor.files import read_bytes
from distributor.transport.oauth.grants import AccessToken, Application, Invite, State
from distributor.transport.trust import trusting

if TYPE_CHECKING:
    from google.auth.transport.requests import Request

AUTHORITY = "https://oauth2.googleapis.com"
_CONSENT = "https://accounts.google.com/o/oauth2/auth"

_SCOPES = ["https://mail.google.com/"]


@dataclass(frozen=True, slots=True)
class GoogleGrant:
    """Asks Google, or whoever the service account's key or the application's `authority` names."""

    application: Application

    @property
    def provider(self) -> str:
        """The provider, as people call it."""
        return "Google"

    @property
    def needs_a_person(self) -> bool:
        """A service account that its domain trusts asks for itself."""
        return self.application.key_file is None

    def ask(self, state: State) -> AccessToken:
        """See `Grant.ask`."""
        from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError  # noqa: PLC0415 - an extra

        try:
            credentials = self._credentials(state)
        except (GoogleAuthError, ValueError) as error:  # a key that is none
            raise CredentialsRefused(f"Google gives no token: {_words(error)}") from None
        try:
            credentials.refresh(self._request())
        except TransportError as error:
            raise _unreachable(error.__cause__ or error) from None
        except RefreshError as error:
            if error.retryable:
                raise ServerUnavailable(f"Google gives no token now: {_words(error)}", mend="Try again.") from None
            raise CredentialsRefused(f"Google gives no token: {_words(error)}") from None
        return _kept(state, credentials)

    def sign_in(self, state: State, invite: Invite, port: int) -> AccessToken:
        """Show an address, and wait until a browser on this machine comes back from it."""
        from google_auth_oauthlib.flow import InstalledAppFlow, WSGITimeoutError  # noqa: PLC0415 - an extra

        application = self.application
        known = {
            "client_id": application.client_id,
            "client_secret": application.secret,
            "auth_uri": f"{application.authority}/auth" if application.authority else _CONSENT,
            "token_uri": self._token_uri,
        }
        flow = InstalledAppFlow.from_client_config({"installed": known}, _SCOPES)
        if application.ca_file is not None:  # that alone, whatever the environment names
            trusting(application.ca_file)
            flow.oauth2session.verify, flow.oauth2session.trust_env = str(application.ca_file), False

        class Shown(str):
            """google-auth-oauthlib prints its invitation itself: we say it in our words."""

            def format(self, *_: object, url: str = "", **__: object) -> str:  # type: ignore[override]
                invite(url, "")
                return ""

        try:
            credentials = flow.run_local_server(
                host="127.0.0.1",
                port=port,
                authorization_prompt_message=Shown("{url}"),
                success_message="Done. You may close this window.",
                open_browser=False,
                timeout_seconds=600,
                login_hint=application.username,
                prompt="consent",
            )
        except WSGITimeoutError:
            raise CredentialsRefused("Nobody agreed within ten minutes.") from None
        except OSError as error:
            if error.errno is not None:  # those of requests have none
                raise BadInput(f"Nobody can be waited for at port {port}: {error.strerror}.", field="--port") from None
            raise _unreachable(error) from None
        except Exception as error:  # noqa: BLE001 - oauthlib has a class for every word a server may say
            raise CredentialsRefused(f"Google gives no token: {_words(error)}") from None
        return _kept(state, credentials)

    @property
    def _token_uri(self) -> str:
        return f"{self.application.authority or AUTHORITY}/token"

    def _credentials(self, state: State) -> Any:
        application = self.application
        if application.key_file is not None:
            from google.oauth2 import service_account  # noqa: PLC0415 - an extra

            return service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
                self._key(), scopes=_SCOPES, subject=application.username
            )
        if not state.get("refresh"):
            raise CredentialsRefused("Nobody has signed in with Google for this account yet.")
        from google.oauth2.credentials import Credentials  # noqa: PLC0415 - an extra

        return Credentials(  # type: ignore[no-untyped-call]
            None,
            refresh_token=state["refresh"],
            token_uri=self._token_uri,
            client_id=application.client_id,
            client_secret=application.secret,
        )

    def _key(self) -> dict[str, Any]:
        file = self.application.key_file
        assert file is not None
        if file.exists() and file.stat().st_mode & 0o077:
            raise BadInput(
                "It holds a key, and others on this machine can read it.", file=file, mend=f"Run: chmod 600 {file}"
            )
        try:
            key = json.loads(read_bytes(file))
        except ValueError:
            key = None
        if not isinstance(key, dict) or not {"client_email", "private_key", "token_uri"} <= key.keys():
            raise BadInput(
                "It is not the key of a service account.", file=file, mend="Take the JSON file that Google gave you."
            )
        if not str(key["token_uri"]).startswith("https://"):
            raise BadInput("It would have us ask for tokens in clear.", file=file, mend="token_uri has to be https.")
        return key

    def _request(self) -> Request:
        from google.auth.transport.requests import Request  # noqa: PLC0415 - an extra

        from distributor.transport.oauth.web import ProviderSession  # noqa: PLC0415 - wants the extra

        return Request(ProviderSession(self.provider, self.application.ca_file))


def _kept(state: State, credentials: Any) -> AccessToken:
    """The token in `credentials`; what renews it is kept."""
    if getattr(credentials, "refresh_token", None):
        state["refresh"] = credentials.refresh_token
    # google-auth's moments are naive, and UTC.
    ends = credentials.expiry.replace(tzinfo=UTC) if credentials.expiry else clock.now()
    return AccessToken(credentials.token, ends)


def _unreachable(error: BaseException) -> ServerUnavailable:
    from distributor.transport.oauth.web import why_unreachable  # noqa: PLC0415 - wants the extra

    return ServerUnavailable(
        f"Google cannot be reached for a token: {why_unreachable(error)}.", mend="Check the network, and try again."
    )


def _words(error: Exception) -> str:
    return " ".join(str(error.args[0] if error.args else error).split())[:300]
