"""What providers' webhooks say, translated: one table and one reader each, values in and events out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from distributor.feedback.providers import brevo, mailjet, postmark, ses
from distributor.feedback.providers.saying import DeliveryOf
from distributor.feedback.telling import Telling

Translate = Callable[[bytes, DeliveryOf], list[Telling]]

PROVIDERS: Mapping[str, Translate] = MappingProxyType(
    {"ses": ses.translate, "brevo": brevo.translate, "mailjet": mailjet.translate, "postmark": postmark.translate}
)
"""Provider → what makes events of the body of one of its calls; it raises `NotUnderstood`. New ones go to the end."""
