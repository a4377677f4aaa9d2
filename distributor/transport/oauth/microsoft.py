"""Tokens from Microsoft, by msal: as an application of its own (client credentials), or for a person (device code)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from distributor import clock
from distributor.errors import AccountTrouble, CredentialsRefused, ServerUnavailable
from distributor.transport.oauth.grants import AccessToken, Application, Invite, State

if TYPE_CHECKING:
    from msal import ClientApplication, SerializableTokenCache

AUTHORITY = "https://login.microsoftonline.com"

_AS_ITSELF = ["https://outlook.office365.com/.default"]
_TO_SEND = "https://outlook.office.com/SMTP.Send"
_TO_READ = "https://outlook.office.com/IMAP.AccessAsUser.All"
_CACHE = "msal"
_PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down", "request_timeout"})


@dataclass(frozen=True, slots=True)
class MicrosoftGrant:
    """Asks Microsoft, or whoever answers at the application's `authority`."""

    application: Application

    @property
    def provider(self) -> str:
        """The provider, as people call it."""
        return "Microsoft"

    @property
    def needs_a_person(self) -> bool:
        """An application with a secret asks for itself."""
        return not self.application.secret

    def ask(self, state: State) -> AccessToken:
        """See `Grant.ask`."""
        if self.needs_a_person and _CACHE not in state:
            raise _nobody()
        with _Session(self.application, state) as session:
            if self.application.secret:
                session.app.remove_tokens_for_client()  # msal would give the one it has
                return _token_of(session.app.acquire_token_for_client(_AS_ITSELF))
            for person in session.app.get_accounts():
                return _token_of(
                    session.app.acquire_token_silent_with_error(self._scopes, person, force_refresh=True) or {}
                )
        raise _nobody()

    def sign_in(self, state: State, invite: Invite, port: int) -> AccessToken:  # noqa: ARG002 - no page leads to us
        """Show a code, and wait until it was typed in at Microsoft."""
        with _Session(self.application, state) as session:
            flow = session.app.initiate_device_flow(self._scopes)
            if "user_code" not in flow:
                raise _refusal(flow)
            invite(flow["verification_uri"], flow["user_code"])
            return _token_of(session.app.acquire_token_by_device_flow(flow))

    @property
    def _scopes(self) -> list[str]:
        return [_TO_SEND, _TO_READ] if self.application.reads_mail else [_TO_SEND]


class _Session:
    """msal's application over what is kept, for one asking."""

    def __init__(self, application: Application, state: State) -> None:
        self._application = application
        self._state = state
        self.app: ClientApplication
        self._cache: SerializableTokenCache

    def __enter__(self) -> _Session:
        import msal  # noqa: PLC0415 - an extra, and slow to read

        from distributor.transport.oauth.web import ProviderSession  # noqa: PLC0415 - as well

        # It prints tracebacks, and what is in tokens, where nobody listens to it.
        logging.getLogger("msal").addHandler(logging.NullHandler())
        self._cache = msal.SerializableTokenCache()
        self._cache.deserialize(self._state.get(_CACHE))
        application = self._application
        base = application.authority or AUTHORITY
        kind = msal.ConfidentialClientApplication if application.secret else msal.PublicClientApplication
        try:
            self.app = kind(
                application.client_id,
                client_credential=application.secret or None,
                authority=f"{base}/{application.tenant or 'organizations'}",
                instance_discovery=not application.authority,
                token_cache=self._cache,
                http_client=ProviderSession("Microsoft", application.ca_file),
            )
        except ValueError as error:  # its word for an authority that does not answer as one
            raise AccountTrouble(
                f"Microsoft knows no such directory ({_first_line(error)}).", mend="Check oauth_tenant."
            ) from None
        except OSError as error:
            raise _unreachable(error) from None
        return self

    def __exit__(self, kind: object, error: BaseException | None, _traceback: object) -> None:
        if self._cache.has_state_changed:
            self._state[_CACHE] = self._cache.serialize()
        if isinstance(error, OSError):  # those of requests are
            raise _unreachable(error) from None


def _token_of(answer: dict[str, Any]) -> AccessToken:
    """The token in an answer; raise what the provider says instead."""
    if "access_token" not in answer:
        raise _refusal(answer)
    ends = clock.now() + timedelta(seconds=int(answer.get("expires_in", 0)))
    return AccessToken(answer["access_token"], ends, answer.get("id_token_claims", {}).get("preferred_username", ""))


def _nobody() -> CredentialsRefused:
    return CredentialsRefused("Nobody has signed in with Microsoft for this account yet.")


def _refusal(answer: dict[str, Any]) -> AccountTrouble:
    said = _first_line(answer.get("error_description") or answer.get("error") or "it gives no reason")
    if answer.get("error") in _PASSING:
        return ServerUnavailable(f"Microsoft gives no token now: {said}", mend="Try again in a few minutes.")
    return CredentialsRefused(f"Microsoft gives no token: {said}")


def _unreachable(error: OSError) -> ServerUnavailable:
    from distributor.transport.oauth.web import why_unreachable  # noqa: PLC0415 - wants the extra

    return ServerUnavailable(
        f"Microsoft cannot be reached for a token: {why_unreachable(error)}.", mend="Check the network, and try again."
    )


def _first_line(words: object) -> str:
    return " ".join(str(words).strip().splitlines()[:1])[:300]
