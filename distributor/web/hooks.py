"""`/hooks/PROVIDER/TOKEN`: what providers call when something came back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from distributor.errors import BadInput
from distributor.feedback.providers import PROVIDERS, saying, sns
from distributor.files import read_bytes
from distributor.tokens import Keyring, Purpose
from distributor.web.site import Site

_CONFIRMATION = "SubscriptionConfirmation"
_TOPIC = re.compile(r"arn:[\w:-]{1,200}")


def routes(site: Site) -> list[Route]:
    """One address for all providers; each has a link of its own."""
    return [Route("/hooks/{provider}/{token}", partial(_called, site), methods=["POST"])]


def addresses(keyring: Keyring, public_url: str) -> Mapping[str, str]:
    """Provider → the address to give it. Whoever knows it may tell us of bounces: it is a secret."""
    return {
        name: f"{public_url}/hooks/{name}/{keyring.token(Purpose.WEBHOOK, number)}"
        for number, name in enumerate(PROVIDERS, start=1)
    }


async def _called(site: Site, request: Request) -> Response:
    number = site.number_in(request, Purpose.WEBHOOK)
    provider = request.path_params["provider"]
    if list(PROVIDERS)[number - 1 : number] != [provider]:
        raise HTTPException(404)
    said = await request.body()
    try:
        if provider == "ses":
            _heed_sns(site, said)
        events = PROVIDERS[provider](said, site.keyring.read_bounce_address)
    except saying.NotUnderstood as fault:
        site.say(f"{provider}: not understood: {fault}")
        raise HTTPException(400) from None
    new = await site.take_told(events)
    if events:
        site.say(f"{provider}: {len(events)} told, {new} new")
    return PlainTextResponse("kept\n")


def _heed_sns(site: Site, said: bytes) -> None:
    """Turn away what SNS did not sign, where its certificates are at hand; say what a person has to confirm."""
    message = saying.read_json(said)
    folder = site.workspace.settings.sns_certificates
    if folder is not None and not _is_signed(site, folder, message):
        raise HTTPException(403)
    if isinstance(message, dict) and message.get("Type") == _CONFIRMATION:
        url = message.get("SubscribeURL")
        if not sns.is_of_sns(url):
            raise saying.NotUnderstood("its confirmation leads elsewhere")
        topic = _TOPIC.match(str(message.get("TopicArn")))
        site.say(f"ses: to have {topic[0] if topic else 'the topic'} tell us what comes back, open {url}")


def _is_signed(site: Site, folder: Path, message: Any) -> bool:
    name = sns.certificate_name(message) if isinstance(message, dict) else None
    if name is None:
        site.say("ses: turned away: the message names no certificate of SNS")
        return False
    try:
        certificate = read_bytes(folder / name)
    except BadInput:
        host = urlsplit(str(message["SigningCertURL"])).netloc
        site.say(
            f"ses: turned away: {name} is not in {folder.name}/; get it from https://{host}/{name}, and look at it"
        )
        return False
    if not sns.is_signed(message, certificate, site.now()):
        site.say("ses: turned away: the signature does not hold")
        return False
    return True
