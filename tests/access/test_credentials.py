"""Credentials: every form that a request may present, and a 401 for malformed ones."""

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.access.credentials import Credentials, credentials, take_from_url
from analytics.identity import Unauthorized

KEY = "ak_0123456789abcdef_" + "x" * 43
LATIN = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=80)
"""What a header can hold: WSGI decodes its bytes as Latin-1."""


def request(method: str = "GET", path: str = "/events", query: str = "", **headers: str) -> dict[str, Any]:
    named = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, **named}


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "header",
    [
        f"Bearer {KEY}",
        f"bearer   {KEY} ",
        f"Token {KEY}",
        f"TOKEN {KEY}",
        basic(f"anybody:{KEY}"),
        basic(f":{KEY}"),
        basic(f"{KEY}:"),
        basic(KEY),
    ],
)
def test_a_key_may_stand_in_the_authorization_header(header: str) -> None:
    assert credentials(request(authorization=header)) == Credentials("header", KEY)


def test_credentials_in_url_and_cookie() -> None:
    assert credentials(request()) is None
    assert credentials(request(x_api_key=KEY)) == Credentials("header", KEY)
    assert credentials(request(query=f"ticket={KEY}")) == Credentials("ticket", KEY)
    assert credentials(request("POST", query=f"key={KEY}")) == Credentials("url", KEY)
    assert credentials(request(path="/heartbeat/shop", query=f"key={KEY}")) == Credentials("url", KEY)
    assert credentials(request(cookie=f"analytics_session={KEY}")) == Credentials("session", KEY)
    assert credentials(request(query=f"key={KEY}")) is None, "GET of another path"


def test_the_header_takes_precedence_over_the_url_and_that_over_a_cookie() -> None:
    everything = {"authorization": "Bearer a", "x_api_key": "b", "cookie": "analytics_session=d"}
    for expected in ("a", "b", "c", "d"):
        given = credentials(request("POST", query="key=c", **everything))
        if expected in "ab":
            assert given == Credentials("header", expected)
            del everything["authorization" if expected == "a" else "x_api_key"]
    assert credentials(request("POST", query="key=c", **everything)) == Credentials("url", "c")


@pytest.mark.parametrize("header", [KEY, f"Basic {KEY}", "Basic !", "Basic /w==", "Digest a=b", "Negotiate"])
def test_a_malformed_header_is_refused_without_being_repeated(header: str) -> None:
    with pytest.raises(Unauthorized) as refusal:
        credentials(request(authorization=header))
    assert KEY not in refusal.value.message
    assert refusal.value.headers["WWW-Authenticate"] == 'Bearer realm="analytics"'


@pytest.mark.parametrize("header", ["Bearer", "Token ", "Basic"])
def test_an_empty_secret_matches_no_key(header: str) -> None:
    assert credentials(request(authorization=header)) == Credentials("header", "")


@given(LATIN, LATIN, LATIN, st.sampled_from(["GET", "POST"]))
def test_any_invalid_header_causes_a_401(authorization: str, cookie: str, query: str, method: str) -> None:
    try:
        given = credentials(request(method, query=query, authorization=authorization, cookie=cookie))
    except Unauthorized:
        return
    assert given is None or isinstance(given.secret, str)


@pytest.mark.parametrize("others", ["", "a=b; ", "broken; ", '=; "; a[]=@; ', "x=%; analytics_session_old=1; "])
def test_other_cookies_are_ignored(others: str) -> None:
    assert credentials(request(cookie=f"{others}analytics_session={KEY}; z=1")) == Credentials("session", KEY)


PART = st.text(st.characters(codec="ascii", exclude_characters="&"), max_size=12).filter(
    lambda part: part.partition("=")[0] not in ("key", "ticket")
)


@given(st.lists(PART, min_size=1), st.lists(PART, min_size=1), st.sampled_from(["key", "ticket"]))
def test_a_secret_is_removed_from_the_url_and_the_rest_stays(before: list[str], after: list[str], name: str) -> None:
    environ = request("POST", query="&".join([*before, f"{name}={KEY}", *after]))
    found = take_from_url(environ)
    assert found is not None
    assert found.secret == KEY
    assert environ["QUERY_STRING"] == "&".join([*before, *after])


def test_a_second_secret_is_removed_too_and_similar_names_stay() -> None:
    environ = request("POST", query=f"tag.key=1&key=first&ticket={KEY}&key={KEY}&monkey=2")
    assert take_from_url(environ) == Credentials("url", "first")
    assert environ["QUERY_STRING"] == "tag.key=1&monkey=2"
