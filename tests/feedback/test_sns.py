"""The signature of SNS: verified with a certificate at hand, and worth nothing after any change."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from snsmessages import NOW, URL, certificate, signed

from distributor.feedback.providers import sns


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(
    "message",
    [
        {},
        {"Subject": "Amazon SES Email Event Notification"},
        {"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": "https://sns.eu-west-3.amazonaws.com/?a=b"},
    ],
)
def test_what_sns_signed_holds(version: str, message: dict[str, str]) -> None:
    assert sns.is_signed(signed(version, **message), certificate(), NOW)


@pytest.mark.parametrize(
    "name", ["Message", "MessageId", "Timestamp", "TopicArn", "Type", "Signature", "SignatureVersion"]
)
@pytest.mark.parametrize("value", ["other", "", None, 5, "1"])
def test_a_changed_field_does_not(name: str, value: object) -> None:
    assert not sns.is_signed(signed() | {name: value}, certificate(), NOW)


def test_a_subject_that_was_added_does_not() -> None:
    assert not sns.is_signed(signed() | {"Subject": "x"}, certificate(), NOW)


def test_another_key_an_old_certificate_and_none_do_not() -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    curve = ec.generate_private_key(ec.SECP256R1())
    old = certificate(begins=NOW - timedelta(days=60))
    for one in (certificate(other), certificate(curve), old, b"", b"-----BEGIN CERTIFICATE-----\n"):
        assert not sns.is_signed(signed(), one, NOW)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-3.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://evil.example/sns.eu-west-3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-3.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-3.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem",
        "https://bucket.s3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-3.amazonaws.com/../../etc/passwd",
        "https://sns.eu-west-3.amazonaws.com/x/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem\n",
        "https://[sns",
        "",
        None,
        5,
    ],
)
def test_only_a_certificate_where_sns_keeps_its_own_has_a_name(url: object) -> None:
    assert sns.certificate_name({"SigningCertURL": url}) is None
    assert sns.certificate_name({"SigningCertURL": URL}) == "SimpleNotificationService-0123456789abcdef.pem"
