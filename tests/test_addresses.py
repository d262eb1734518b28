"""Origins are compared by scheme, host and port in any spelling; base paths are plain paths."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.addresses import DEFAULT_PORTS, Origin, is_base_path, parse_origin

HOSTS = {
    "shop.example": ["shop.example"],
    "shop.example.": ["shop.example."],
    "a_b.shop.example": ["a_b.shop.example"],
    "localhost": ["localhost"],
    "127.0.0.1": ["127.0.0.1"],
    "[::1]": ["[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]"],
    "[2001:db8::a]": ["[2001:db8::a]", "[2001:0db8:0:0:0:0:0:000A]"],
}
"""Spellings of each host."""


class Written(NamedTuple):
    """An origin, and one of its spellings."""

    origin: Origin
    text: str


@st.composite
def written(draw: st.DrawFn) -> Written:
    scheme = draw(st.sampled_from(["http", "https"]))
    host = draw(st.sampled_from(sorted(HOSTS)))
    port = draw(st.sampled_from([80, 443, 8443, 65535]) | st.integers(1, 65_535))
    spelled = draw(st.sampled_from(HOSTS[host]))
    is_shown = port != DEFAULT_PORTS[scheme] or draw(st.booleans())
    text = f"{scheme}://{spelled}{f':{port}' if is_shown else ''}"
    upper = draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    text = "".join(letter.upper() if up else letter for letter, up in zip(text, upper, strict=True))
    return Written(Origin(scheme, host, port), text)


@given(written(), written())
def test_origins_are_equal_exactly_if_scheme_host_and_port_are(one: Written, other: Written) -> None:
    assert parse_origin(one.text) == one.origin
    assert (parse_origin(one.text) == parse_origin(other.text)) == (one.origin == other.origin)


@given(st.text())
def test_any_text_is_parsed_as_an_origin_or_none(text: str) -> None:
    origin = parse_origin(text)
    if origin is not None:
        assert parse_origin(f"{origin.scheme}://{origin.host}:{origin.port}") == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "null",
        "shop.example",
        "//shop.example",
        "https://",
        "https://:443",
        "ws://shop.example",
        "file://",
        "https://shop.example/",
        "https://shop.example?",
        "https://shop.example#",
        "https://user@shop.example",
        "https://shop.example:443:443",
        "https://shop.example:65536",
        "https://shop.example:-1",
        "https://shop.example:4_43",
        "https://shop.example:\u0664\u0664\u0663",
        "https://shop example",
        " https://shop.example",
        "https://shop.example\n",
        "https://shop.example,https://other.example",
        "https://shop.example https://other.example",
        "https://[::1",
        "https://::1",
        "https://[::g]",
        "https://[1.2.3]",
    ],
)
def test_invalid_origins(text: str) -> None:
    assert parse_origin(text) is None


@given(st.lists(st.text("abzAZ09._~-", min_size=1), min_size=1))
def test_a_base_path_is_segments_that_begin_with_a_slash(segments: list[str]) -> None:
    assert is_base_path("".join(f"/{segment}" for segment in segments)) == {".", ".."}.isdisjoint(segments)


@given(st.text())
def test_a_base_path_needs_no_quoting_anywhere(text: str) -> None:
    if is_base_path(text):
        assert text.startswith("/")
        assert not text.endswith("/")
        assert "//" not in text
        assert set(text).isdisjoint("\"'<>\\?#%&; \n")
        assert text.isascii()
