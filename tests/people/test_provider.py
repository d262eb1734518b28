"""Provider: an answer that cannot be used ends the sign-in with a reason."""

import pytest

from analytics.people.provider import Provider
from analytics.people.sign_in import Attempt, SignInFailed
from tests.fakes import FakeClock
from tests.people.site import Site


@pytest.mark.parametrize("seconds", ["1e999", "null", '"soon"'])
def test_tokens_that_cannot_be_used_are_not_valid(site: Site, seconds: str) -> None:
    site.pages["/token"] = b'{"id_token":"a.b.c","access_token":"x","expires_in":%b}' % seconds.encode()
    attempt = Attempt("secret")
    provider = Provider(site.url, "analytics", "", "groups", FakeClock())
    with pytest.raises(SignInFailed) as failed:
        provider.claims(attempt, "http://127.0.0.1/callback", {"state": attempt.state, "code": "c"})
    assert failed.value.reason == "invalid", failed.value.detail
