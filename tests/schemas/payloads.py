"""Payloads of events and metrics for property tests: mostly valid, in many styles of JSON, some damaged."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

odd_characters = st.sampled_from(
    [
        "\x00",
        "\x1f",
        "\n",
        "\t",
        "\x7f",
        "\x80",
        "\x9f",
        "\xa0",
        "é",
        "\u200b",
        "\ufeff",
        "😀",
        '"',
        "\\",
        "/",
        "a",
        " ",
    ]
)
words = st.text(st.sampled_from("abc -_/.é😀"), min_size=1, max_size=8)
texts = st.one_of(
    words,
    st.text(odd_characters, max_size=5),
    st.sampled_from([0, 1, 32, 33, 127, 128, 129, 256, 257]).map(lambda length: "x" * length),
    st.sampled_from([127, 128, 129, 256, 257]).map(lambda length: "😀" * length),
)
numbers = st.one_of(
    st.integers(-5, 5),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(
        [
            2**53 + 1,
            2**63,
            2**64,
            -(2**63) - 1,
            10**22 + 1,
            10**100,
            10**101,
            1e100,
            -1e100,
            1.1e100,
            10**400,
            5e-324,
            -0.0,
        ]
    ),
)
times = st.one_of(
    st.datetimes().map(lambda when: when.isoformat() + "Z"),
    st.datetimes().map(lambda when: when.isoformat() + "+05:30"),
    st.sampled_from(
        [
            "2024-01-15T10:30:00Z",
            "2024-01-15t10:30:00z",
            "2024-01-15 10:30:00Z",
            "2024-01-15T10:30:00.123456789Z",
            "2024-01-15T10:30:00,5Z",
            "2024-01-15T10:30:00+0100",
            "2024-01-15T10:30:00+24:00",
            "2024-01-15T10:30:00-23:59",
            "2024-01-15T10:30:00",
            "2024-01-15T10:30Z",
            "2024-01-15T24:00:00Z",
            "2024-12-31T23:59:60Z",
            "2024-02-30T00:00:00Z",
            "2024-01-15",
            "2024-W03-1T10:30:00Z",
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-23:59",
            "9999-12-31T23:59:59.9999999Z",
            "0000-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "now",
            "1705314600",
            "",
        ]
    ),
    st.sampled_from([1705314600, 1705314600.5, -1, 10**12]),
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.one_of(
    st.dictionaries(texts, anything, max_size=4),
    st.sampled_from([32_750, 32_760, 32_761, 32_768, 33_000]).map(lambda size: {"a": "x" * (size - 8)}),
    st.sampled_from([30, 63, 64, 65, 100]).map(lambda levels: nested(levels)),
    st.sampled_from([1_000, 4_000, 6_000]).map(lambda count: {"a": [1e15] * count}),
)
tags = st.one_of(
    st.dictionaries(texts, texts, max_size=4),
    st.dictionaries(texts, anything, max_size=2),
    st.sampled_from([15, 16, 17]).map(lambda count: {f"tag{number}": "x" for number in range(count)}),
)


def nested(levels: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(levels - 1):
        value = [value]
    return {"a": value}


RIGHT: dict[str, st.SearchStrategy[Any]] = {
    "timestamp": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    "data": st.dictionaries(words, anything, max_size=3),
    "tags": st.dictionaries(words, words, max_size=3),
    "value": st.floats(-1e100, 1e100) | st.integers(-(10**20), 10**20),
}
"""Values that are always valid; other fields accept a word."""


def payloads(strategies: dict[str, st.SearchStrategy[Any]], required: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Payloads with mostly valid fields; some are wrong, missing, null or unknown."""

    @st.composite
    def payload(draw: st.DrawFn) -> Any:
        if draw(st.integers(0, 30)) == 0:
            return draw(anything)
        made: dict[str, Any] = {}
        for name, strategy in strategies.items():
            fate = draw(st.integers(0, 39))
            if name in required:
                if fate == 0:
                    continue
            elif fate < 18:
                continue
            if fate < 33:
                made[name] = draw(RIGHT.get(name, words))
                continue
            made[name] = draw(anything) if fate == 33 else None if fate == 34 else draw(strategy)
        if draw(st.integers(0, 15)) == 0:
            made[draw(st.just("sender") | texts)] = draw(anything)
        return made

    return payload()


events = payloads(
    {"type": texts, "service": texts, "user_id": texts, "timestamp": times, "id": texts, "data": objects},
    ("type", "service"),
)
metrics = payloads(
    {"name": texts, "value": numbers, "unit": texts, "tags": tags, "timestamp": times, "id": texts}, ("name", "value")
)
styles = st.sampled_from(
    [
        {},
        {"ensure_ascii": False},
        {"separators": (",", ":")},
        {"indent": 2},
        {"separators": (",", ":"), "ensure_ascii": False},
    ]
)
scraps = st.one_of(
    st.binary(min_size=1, max_size=3),
    st.sampled_from(
        [b"\\", b'"', b"\x00", b"\n", b"\r", b"\xff", b"\\ud800", b"\\u0000", b"{", b"}", b"[", b",", b":"]
    ),
    st.sampled_from(
        [b"1e999", b"NaN", b"-Infinity", b"01", b"1.", b".5", b"+1", b"0x1", b"1" * 400, b"1e-999", b"tru"]
    ),
    st.sampled_from([b"\xed\xa0\x80", b"\xc0\xaf", b"\xef\xbb\xbf", b"//", b"/**/", b" ", b"'"]),
)


@st.composite
def bodies(draw: st.DrawFn, payload: st.SearchStrategy[Any]) -> bytes:
    """A payload as JSON bytes, in one of many styles, sometimes damaged."""
    body = json.dumps(draw(payload), **draw(styles)).encode("utf-8", "surrogatepass")
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        start = draw(st.integers(0, len(body)))
        end = start + draw(st.integers(0, 3))
        body = body[:start] + draw(scraps | st.just(b"")) + body[end:]
    return body
