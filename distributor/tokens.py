"""Signed, purpose-bound tokens and keyed hashes: what we can hand out without handing out an address."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

_MAC_BYTES = 16  # 128 bits
_NUMBER_BYTES = 8
_NAME = 2  # letters of base 32 that a token begins with where another key than the secret one signed it

LONGEST_TOKEN = _NAME + -(-(_MAC_BYTES + _NUMBER_BYTES) * 8 // 5)
_LOCAL_PART = 64  # octets (RFC 5321 §4.5.3.1.1)
LONGEST_BOUNCE_LOCAL = _LOCAL_PART - 1 - LONGEST_TOKEN
"""How long the part before the @ of a bounce address may be, so that any token fits behind it."""

# Wherever it stands before the @: a forwarder that rewrites the sender (SRS) keeps it, with its own words around.
_IN_ADDRESS = re.compile(r"\+([a-z2-7]{26,41})(?![a-z0-9])", re.IGNORECASE)


class Purpose(StrEnum):
    """What a token may be used for; a token of one purpose is worthless for another."""

    UNSUBSCRIBE = "unsubscribe"
    BOUNCE = "bounce"
    RELEASE = "release"
    WEBHOOK = "webhook"


class BadToken(ValueError):
    """The token was not made with this key for this purpose, or was altered."""


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The workspace's keys, never shown; all keyed hashes and tokens come from here.

    `secret` hides the addresses of those who objected, and stays. `signing` are the keys of tokens, newest first: the
    first signs, and what any of them signed is accepted. Without them the secret key does both.
    """

    secret: bytes
    signing: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"Keyring({self.key_id})"

    @property
    def key_id(self) -> str:
        """Eight hexadecimal digits that name the secret key without telling it."""
        return _key_id(self.secret)

    @property
    def signing_id(self) -> str:
        """The name of the key that signs new tokens; "" where that is the secret key."""
        key = self._signing[0]
        return "" if key == self.secret else _key_id(key)

    def knows(self, key_id: str) -> bool:
        """Whether tokens can be signed under the key of that name, "" for the secret key."""
        return not key_id or any(_key_id(key) == key_id for key in self._signing)

    def address_hash(self, address_key: str) -> str:
        """The keyed hash (64 hexadecimal digits) under which an objection is kept instead of the address."""
        return _code(self.secret, "suppression", address_key.encode()).hex()

    def login_hash(self, login: str) -> str:
        """The keyed hash under which a refused login is kept instead of its password."""
        return _code(self.secret, "login", login.encode()).hex()

    def token(self, purpose: Purpose, number: int, key_id: str | None = None) -> str:
        """A short case-insensitive token for the row `number`: `<name of the key><128-bit MAC><number>`, base 32.

        The name stands there unless the secret key signs. `key_id` says which key signs, "" being the secret one; None
        for the newest. Raises `BadToken` for a key that is not here.
        """
        key = self._signing[0] if key_id is None else self._key(key_id)
        body = number.to_bytes(_NUMBER_BYTES, "big").lstrip(b"\0")
        name = "" if key == self.secret else _name(key)
        return name + _b32(_mac(key, purpose, body) + body)

    def read_token(self, purpose: Purpose, token: str) -> int:
        """The row number a token names; raise `BadToken` if it is not ours, or not of this purpose."""
        if len(token) <= LONGEST_TOKEN and token.isascii():
            for key, signed in self._readings(token.lower()):
                raw = _from_b32(signed)
                mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
                if hmac.compare_digest(mac, _mac(key, purpose, body)) and len(body) <= _NUMBER_BYTES:
                    return int.from_bytes(body, "big")
        raise BadToken("not signed with a key of ours for this purpose")

    def bounce_address(self, base: str, delivery_id: int, key_id: str | None = None) -> str:
        """The envelope sender of one delivery: `base` with the delivery's token behind a plus sign."""
        local, _, domain = base.rpartition("@")
        return f"{local}+{self.token(Purpose.BOUNCE, delivery_id, key_id)}@{domain}"

    def read_bounce_address(self, text: str) -> int | None:
        """The delivery that a bounce address names, in whatever case it came back; None for one that is not ours."""
        for token in _IN_ADDRESS.findall(text[:1000]):
            try:
                return self.read_token(Purpose.BOUNCE, token)
            except BadToken:
                continue
        return None

    @property
    def _signing(self) -> tuple[bytes, ...]:
        return self.signing or (self.secret,)

    def _key(self, key_id: str) -> bytes:
        if key_id == "":
            return self.secret
        for key in self._signing:
            if _key_id(key) == key_id:
                return key
        raise BadToken(f"the key {key_id} is not here")

    def _readings(self, token: str) -> Iterator[tuple[bytes, str]]:
        """Each key that may have signed a token, and what it would have signed of it."""
        for key in self._signing:
            if key == self.secret:
                yield key, token
            elif token[:_NAME] == _name(key):
                yield key, token[_NAME:]


def _mac(key: bytes, purpose: str, body: bytes) -> bytes:
    return _code(key, purpose, body)[:_MAC_BYTES]


def _code(key: bytes, purpose: str, body: bytes) -> bytes:
    code = _keyed(key, purpose).copy()
    code.update(body)
    return code.digest()


@lru_cache(maxsize=64)
def _keyed(key: bytes, purpose: str) -> hmac.HMAC:
    """The beginning of every code of one purpose: to copy it costs less than to begin anew for each recipient."""
    return hmac.new(_derive(key, purpose), digestmod="sha256")


@lru_cache(maxsize=64)  # a few keys and their few purposes, not once more for every recipient
def _derive(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, f"distributor/{purpose}".encode(), "sha256")


@lru_cache(maxsize=64)
def _key_id(key: bytes) -> str:
    return _mac(key, "key-id", b"")[:4].hex()


@lru_cache(maxsize=64)
def _name(key: bytes) -> str:
    return _b32(_mac(key, "key-name", b"")[:2])[:_NAME]


def _b32(raw: bytes) -> str:
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def _from_b32(text: str) -> bytes:
    """The bytes that `text` spells in the one way that we write them; none for anything else."""
    try:
        raw = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError:
        return b""
    return raw if _b32(raw) == text else b""
