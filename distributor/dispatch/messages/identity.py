"""Who a dispatch comes from: names, addresses and keys, frozen with it, and what they make of one delivery."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from distributor.addresses import kept_address
from distributor.dispatch.messages.signing import KeyReference, key_references
from distributor.errors import BadInput, Refused
from distributor.rendering.values import Sender, Stamp
from distributor.settings import Settings
from distributor.tokens import Keyring, Purpose

_SAMPLE_MESSAGE_ID = "<preview@{domain}>"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a dispatch comes from; frozen with it, so that a retry a day later, from any machine, is the same message.

    Addresses are bare, with A-label domains; `reply_address`, `sender_address` and `public_url` may be "". What came
    later has a default: the dispatches of before do without it. Of a DKIM key it holds what is public, and where the
    rest lies; of the key that signs links and bounce addresses, the name ("": the secret key). `timezone` is the zone
    in which days and hours are said ("": that of the settings).
    """

    from_name: str
    from_address: str
    reply_name: str
    reply_address: str
    bounce_address: str
    objection_address: str
    organisation: str
    public_url: str
    sender_name: str = ""
    sender_address: str = ""
    list_id: str = ""
    feedback_sender: str = ""
    dkim_domain: str = ""
    dkim_keys: tuple[KeyReference, ...] = ()
    verp: bool = False
    signing_key: str = ""
    timezone: str = ""

    @classmethod
    def from_settings(cls, settings: Settings, *, signed: bool = True) -> Identity:
        """Read the sender from the settings; `BadInput` when none is set, or a DKIM key cannot be used.

        Without `signed` the keys are not looked at.
        """
        if settings.mail_from is None:
            raise BadInput(
                "Nobody is set as the sender.",
                field="DISTRIBUTOR_MAIL_FROM",
                mend="Write it in .env, as: Service de presse <presse@organisation.example>",
            )
        name, address = settings.mail_from.name, settings.mail_from.address
        reply_to = settings.reply_to
        return cls(
            from_name=name,
            from_address=address.spec,
            reply_name=reply_to.name if reply_to else "",
            reply_address=reply_to.address.spec if reply_to else "",
            bounce_address=(settings.bounce_address or address).spec,
            objection_address=(settings.objection_address or address).spec,
            organisation=settings.organisation or ", ".join(filter(None, (name, address.unicode_domain))),
            public_url=settings.public_url,
            sender_name=settings.sender.name if settings.sender else "",
            sender_address=settings.sender.address.spec if settings.sender else "",
            list_id=f"press.{address.domain}" if len(address.domain) < 250 else address.domain,  # RFC 2919 §2: 255
            # Gmail wants 5 to 15 characters that stand for the sender in all his mail, and nothing of the recipient.
            feedback_sender=hashlib.sha256(address.domain.encode("ascii")).hexdigest()[:12],
            dkim_domain=settings.signing_domain,
            dkim_keys=key_references(settings) if signed else (),
            verp=settings.verp,
            signing_key=keyring_of(settings).signing_id,
            timezone=settings.timezone.key,
        )

    @classmethod
    def thaw(cls, frozen: Mapping[str, Any]) -> Identity:
        """The identity that a dispatch's row holds (`dataclasses.asdict` of one, as JSON)."""
        keys = tuple(KeyReference(**key) for key in frozen.get("dkim_keys", ()))
        return cls(**{**frozen, "dkim_keys": keys})

    @property
    def domain(self) -> str:
        """The sender's domain (A-labels), which Message-IDs end in."""
        return self.from_address.rpartition("@")[2]

    def zone(self, default: ZoneInfo) -> ZoneInfo:
        """The zone in which the messages say days and hours; `default` for the dispatches of before.

        Raises `Refused` for one that this machine does not know.
        """
        try:
            return ZoneInfo(self.timezone) if self.timezone else default
        except (ValueError, OSError, ZoneInfoNotFoundError):
            raise Refused(
                f"This dispatch says its hours in the zone {self.timezone}, which this machine does not know, so"
                " nothing is sent.",
                mend="Run: pip install --upgrade tzdata",
            ) from None

    def sender(self) -> Sender:
        """As the composer wants it."""
        return Sender(
            mail_from=(self.from_name, kept_address(self.from_address)),
            reply_to=(self.reply_name, kept_address(self.reply_address)) if self.reply_address else None,
            organisation=self.organisation,
            sent_by=(self.sender_name, kept_address(self.sender_address)) if self.sender_address else None,
            list_id=self.list_id,
        )

    def feedback_id(self, slug: str, number: int, kind: str) -> str:
        """What names one sending to mailbox providers, the same for every recipient; "" for dispatches of before."""
        return f"{slug[:40]}-{number}:{kind}:{self.feedback_sender}" if self.feedback_sender else ""

    def stamp(
        self, keyring: Keyring, delivery_id: int, message_id: str, date: datetime, references: Sequence[str] = ()
    ) -> Stamp:
        """What is fixed for one delivery: identifiers, date, and the two ways to object (RFC 2369, RFC 8058)."""
        token = keyring.token(Purpose.UNSUBSCRIBE, delivery_id, self.signing_key)
        return Stamp(
            message_id=message_id,
            date=date,
            unsubscribe_mailto=_objection_link(self.objection_address) + token,
            unsubscribe_url=f"{self.public_url}/u/{token}" if self.public_url else "",
            references=tuple(references),
        )

    def sample_stamp(self, keyring: Keyring, date: datetime) -> Stamp:
        """The same for a message that is shown or proved, and is nobody's delivery."""
        return self.stamp(keyring, 0, _SAMPLE_MESSAGE_ID.format(domain=self.domain), date)

    def envelope_sender(self, keyring: Keyring, delivery_id: int) -> str:
        """Where a server returns what it cannot deliver: an address of this delivery's own, where that is wished."""
        if not self.verp:
            return self.bounce_address
        return keyring.bounce_address(self.bounce_address, delivery_id, self.signing_key)


def keyring_of(settings: Settings) -> Keyring:
    """The keys that the settings hold."""
    signing = tuple(key.reveal().encode() for key in settings.signing_keys)
    return Keyring(settings.secret_key.reveal().encode(), signing)


@lru_cache(maxsize=16)
def _objection_link(address: str) -> str:
    """A `mailto:` URL as far as the token, whose letters and digits stand as they are."""
    return f"mailto:{quote(address, safe='@+')}?subject={quote('unsubscribe ')}"
