"""Signed, purpose-bound tokens and keyed hashes: what we can hand out without handing out an address."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

_MAC_BYTES = 16  # 128 bits


class Purpose(StrEnum):
    """What a token may be used for; a token of one purpose is worthless for another."""

    UNSUBSCRIBE = "unsubscribe"
    BOUNCE = "bounce"


class BadToken(ValueError):
    """The token was not made with this key for this purpose, or was altered."""


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The workspace's secret key, never shown; all keyed hashes and tokens come from here."""

    secret: bytes

    def __repr__(self) -> str:
        return f"Keyring({self.key_id})"

    @property
    def key_id(self) -> str:
        """Eight hexadecimal digits that name the key without telling it."""
        return self._mac("key-id", b"")[:4].hex()

    def address_hash(self, address_key: str) -> str:
        """The keyed hash (64 hexadecimal digits) under which an objection is kept instead of the address."""
        return hmac.digest(self._derive("suppression"), address_key.encode(), "sha256").hex()

    def login_hash(self, login: str) -> str:
        """The keyed hash under which a refused login is kept instead of its password."""
        return hmac.digest(self._derive("login"), login.encode(), "sha256").hex()

    def token(self, purpose: Purpose, number: int) -> str:
        """A short case-insensitive token for the row `number`: `<number><128-bit MAC>`, base 32 without padding."""
        body = number.to_bytes(8, "big").lstrip(b"\0")
        return _b32(self._mac(purpose, body) + body)

    def read_token(self, purpose: Purpose, token: str) -> int:
        """The row number a token names; raise `BadToken` if it is not ours, or not of this purpose."""
        try:
            raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        except ValueError:
            raise BadToken("not a token") from None
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(purpose, body)) or len(body) > 8:
            raise BadToken("not signed with this key for this purpose")
        return int.from_bytes(body, "big")

    def bounce_address(self, address: str, delivery_id: int) -> str:
        """The envelope sender of one delivery (VERP): `address` with a token that names the delivery after a `+`."""
        local, _, domain = address.rpartition("@")
        return f"{local}+{self.token(Purpose.BOUNCE, delivery_id)}@{domain}"

    def read_bounce_address(self, text: str) -> int | None:
        """The delivery that a signed bounce address names; None when it is not ours, or forged."""
        token = text.rpartition("@")[0].rpartition("+")[2]
        try:
            return self.read_token(Purpose.BOUNCE, token)
        except BadToken:
            return None

    def _mac(self, purpose: str, body: bytes) -> bytes:
        return hmac.digest(self._derive(purpose), body, "sha256")[:_MAC_BYTES]

    def _derive(self, purpose: str) -> bytes:
        return _derived(self.secret, purpose)


@lru_cache(maxsize=16)  # a key and its few purposes, not once more for every recipient
def _derived(secret: bytes, purpose: str) -> bytes:
    return hmac.digest(secret, f"distributor/{purpose}".encode(), "sha256")


def _b32(raw: bytes) -> str:
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()
