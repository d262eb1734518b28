"""Discovery: answers of a provider are cached, and failed requests are not repeated for a moment."""

from typing import Any

import pytest

from analytics.people.discovery import FRESH_SECONDS, PROVIDER_RETRY_SECONDS, Discovery
from analytics.people.sign_in import SignInFailed
from tests.fakes import FakeClock
from tests.people.site import CONFIGURATION, Site


def test_the_configuration_of_a_provider_is_cached_for_an_hour(site: Site) -> None:
    clock = FakeClock()
    discovery = Discovery(site.url, clock)
    for seconds, asked in ((0, 1), (FRESH_SECONDS - 1, 1), (1, 2)):
        clock.advance(seconds)
        assert discovery.metadata().token_endpoint == f"{site.url}/token"
        assert site.asked == [CONFIGURATION] * asked


def test_keys_are_fetched_once_and_again_when_renewed(site: Site) -> None:
    clock = FakeClock()
    discovery = Discovery(site.url, clock)
    for renew, asked in ((False, 1), (False, 1), (True, 2)):
        assert [key.kid for key in discovery.keys(renew=renew).keys] == ["one"]
        assert site.asked.count("/keys") == asked
    clock.advance(FRESH_SECONDS)
    discovery.keys()
    assert site.asked.count("/keys") == 3


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (None, "unreachable"),
        (b"<html>", "invalid"),
        (b'{"issuer":' + b"[" * 2_000 + b"]" * 2_000 + b"}", "invalid"),
        ({"issuer": "another"}, "invalid"),
        ({}, "invalid"),
        ([], "invalid"),
    ],
)
def test_after_a_failure_the_provider_is_not_asked_for_a_moment(site: Site, page: Any, reason: str) -> None:
    right = site.pages[CONFIGURATION]
    site.pages[CONFIGURATION] = page
    clock = FakeClock()
    discovery = Discovery(site.url, clock)
    for seconds in (0, PROVIDER_RETRY_SECONDS - 1):
        clock.advance(seconds)
        with pytest.raises(SignInFailed) as failed:
            discovery.metadata()
        assert failed.value.reason == reason
        assert site.asked == [CONFIGURATION]
    site.pages[CONFIGURATION] = right
    clock.advance(1)
    assert discovery.metadata().issuer == site.url
