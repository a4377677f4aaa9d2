"""Webhooks: known by their signed address, verified where that is possible, kept before they are answered."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from snsmessages import NOW, certificate, signed
from starlette.testclient import TestClient
from visiting import Visited

from distributor.errors import StorageTrouble
from distributor.feedback.providers import PROVIDERS
from distributor.tokens import Keyring, Purpose
from distributor.web.app import make_app
from distributor.web.hooks import addresses
from distributor.web.site import Site
from distributor.wiring import Workspace

HELENE = "helene@jour.example"
SPAM = {"event": "spam", "email": HELENE, "ts_epoch": 1772445600000}
BOUNCE = {"event": "hard_bounce", "email": HELENE, "ts_epoch": 1772445600000, "reason": "550 5.1.1 unknown"}


def hook(visited: Visited, provider: str) -> str:
    """The path that a provider calls."""
    return addresses(visited.site.keyring, "")[provider]


def test_a_call_is_kept_once_and_a_complaint_heeded(visited: Visited) -> None:
    path = hook(visited, "brevo")
    for _ in range(2):
        assert visited.client.post(path, json=[SPAM, BOUNCE, {"event": "opened"}]).status_code == 200
    assert sorted((one.kind, one.delivery_id) for one in visited.feedback()) == [("bounce", 1), ("complaint", 1)]
    assert visited.objections() == {(HELENE, "")}
    assert [line for line in visited.said if line.startswith("brevo")] == [
        "brevo: 2 told, 2 new",
        "brevo: 2 told, 0 new",
    ]
    assert HELENE not in " ".join(visited.said)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_has_an_address_of_its_own(visited: Visited, provider: str) -> None:
    own, keyring = hook(visited, provider), visited.site.keyring
    assert visited.client.post(own, content=b"no json").status_code == 400
    token = own.rpartition("/")[2]
    forged = Keyring(b"another key").token(Purpose.WEBHOOK, 1)
    others = [f"/hooks/{name}/{token}" for name in [*PROVIDERS, "nobody"] if name != provider]
    others += [f"/hooks/{provider}/{one}" for one in ("", "x", forged, keyring.token(Purpose.UNSUBSCRIBE, 1))]
    others += [f"/hooks/{provider}/{keyring.token(Purpose.WEBHOOK, number)}" for number in (0, 99)]
    for path in others:
        assert visited.client.post(path, json=SPAM).status_code == 404, path
    assert visited.client.get(own).status_code == 405
    assert visited.feedback() == []


def test_what_cannot_be_kept_is_no_success(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider calls again when it is told that we could not take it."""

    def full(*_: object, **__: object) -> None:
        raise StorageTrouble("The disk cannot take what must be written.")

    with monkeypatch.context() as patched:
        patched.setattr("distributor.feedback.apply.Intake.take_told", full)
        assert visited.client.post(hook(visited, "brevo"), json=SPAM).status_code == 503
    assert visited.feedback() == []
    assert visited.client.post(hook(visited, "brevo"), json=SPAM).status_code == 200


def test_a_huge_or_a_deep_call_is_turned_away(visited: Visited) -> None:
    assert visited.client.post(hook(visited, "brevo"), content=b"x" * (1024 * 1024 + 1)).status_code == 413
    assert visited.client.post(hook(visited, "brevo"), content=b"[" * 900_000).status_code == 400
    assert not any("defect" in line for line in visited.said)


def confirmation(**changed: Any) -> dict[str, Any]:
    """SNS's first message to a new address."""
    return {
        "Type": "SubscriptionConfirmation",
        "Message": "You have chosen to subscribe",
        "TopicArn": "arn:aws:sns:eu-west-3:123456789012:retours",
        "SubscribeURL": "https://sns.eu-west-3.amazonaws.com/?Action=ConfirmSubscription&Token=abc",
    } | changed


def test_a_confirmation_of_sns_is_for_a_person_to_follow(visited: Visited) -> None:
    """We fetch nothing ourselves, and name no address that is not SNS's."""
    assert visited.client.post(hook(visited, "ses"), json=confirmation()).status_code == 200
    assert any("open https://sns.eu-west-3.amazonaws.com/?Action=" in line for line in visited.said)
    elsewhere = confirmation(SubscribeURL="https://evil.example/?a")
    assert visited.client.post(hook(visited, "ses"), json=elsewhere).status_code == 400
    assert "evil" not in " ".join(visited.said)


def test_with_certificates_at_hand_only_what_sns_signed_is_taken(visited: Visited, tmp_path: Path) -> None:
    folder = tmp_path / "sns"
    folder.mkdir()
    strict = replace(visited.workspace.settings, sns_certificates=folder)
    site = Site(Workspace(visited.workspace.path, strict), visited.said.append, now=lambda: NOW)
    client = TestClient(make_app(site))
    recipients = {"timestamp": "2026-03-02T10:00:00Z", "complainedRecipients": [{"emailAddress": HELENE}]}
    message = signed(Message=json.dumps({"eventType": "Complaint", "complaint": recipients, "mail": {}}))
    path = hook(visited, "ses")
    assert client.post(path, json=message).status_code == 403
    assert "get it from https://sns.eu-west-3.amazonaws.com/SimpleNotificationService-" in " ".join(visited.said)
    pem = folder / "SimpleNotificationService-0123456789abcdef.pem"
    os.mkfifo(pem)  # waited for, it would hold the whole web part
    assert client.post(path, json=message).status_code == 403
    pem.unlink()
    pem.write_bytes(certificate())
    for forged in (
        message | {"Message": message["Message"].replace(HELENE, "ward@wire.example")},
        {"Type": "x"},
        [],
        5,
    ):
        assert client.post(path, json=forged).status_code == 403
    assert client.post(path, json=json.loads(message["Message"])).status_code == 403, "without an envelope"
    assert visited.feedback() == []
    assert client.post(path, json=message).status_code == 200
    assert visited.objections() == {(HELENE, "")}
    site.database.close()
