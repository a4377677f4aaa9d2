"""The presets: each with its source and date, found by the server's name, and never contradicting the providers."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from distributor.errors import BadInput
from distributor.transport.presets import (
    PRESETS,
    PROVIDERS,
    domains_of,
    presets_for,
    provider_limits,
    provider_of,
    require_preset,
)


def test_every_preset_and_provider_has_a_source_and_a_date() -> None:
    for one in (*PRESETS, *PROVIDERS):
        assert one.source
        assert re.fullmatch(r"20\d\d-[01]\d", one.date)
    assert len({one.name for one in PRESETS}) == len(PRESETS)


def test_a_domain_has_one_provider() -> None:
    counts = Counter(domain for one in PROVIDERS for domain in one.domains)
    assert set(counts.values()) == {1}
    assert all(provider_of(one.name) == one.name for one in PROVIDERS), "a provider goes by one of its domains"


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("smtp.office365.com", ["exchange-online"]),
        ("SMTP.gmail.com.", ["gmail", "workspace"]),
        ("email-smtp.eu-west-3.amazonaws.com", ["ses-sandbox"]),
        ("notgmail.com", []),
        ("evil-smtp.office365.com.example", []),
    ],
)
def test_presets_are_known_by_the_end_of_a_servers_name(host: str, names: list[str]) -> None:
    assert [one.name for one in presets_for(host)] == names


def test_the_domains_of_one_provider_are_paced_together() -> None:
    assert provider_of("wanadoo.fr") == provider_of("orange.fr") == "orange.fr"
    assert provider_of("jour.example") == "jour.example"
    assert provider_limits("orange.fr").connections == 2
    assert domains_of("orange.fr") == ("orange.fr", "wanadoo.fr")
    assert domains_of("jour.example") == ("jour.example",)


def test_exchange_online_is_as_its_page_says() -> None:
    preset = require_preset("exchange-online", "--preset")
    assert preset is not None
    assert preset.limits.as_mapping() == {"connections": 3, "per_minute": 30, "per_day": 10_000}
    with pytest.raises(BadInput, match=r"--preset: There is no preset «nobody»\. See: distributor"):
        require_preset("nobody", "--preset")
    with pytest.raises(BadInput, match=r"Did you mean gmail\? See: distributor accounts presets"):
        require_preset("Gmial", "--preset")
