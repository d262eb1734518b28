"""Splitting arrays into items: with any content, in any number of chunks, in linear time."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.arrays import BYTES_OF_STEP, STEPS_PER_PAUSE, ArrayScanner

pieces = st.lists(
    st.sampled_from([b'"', b"\\", b"[", b"]", b"{", b"}", b",", b":", b" ", b"\n", b"a", b"\xff", b'"x"', b'{"a":1}']),
    max_size=40,
).map(b"".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


def items(body: bytes) -> tuple[list[bytes], bytes | None, bytes | None]:
    """The complete items of the array in `body`, the incomplete one, and the bytes after the array."""
    assert body.startswith(b"[")
    scanner = ArrayScanner(start=1)
    found = [body[span.start : span.end].strip() for span in scanner.scan(body)]
    if scanner.end is None:
        return found, body[scanner.start :].strip(), None
    return found, None, body[scanner.end :].strip()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"[]", ([b""], None, b"")),
        (b'[{"a":1}]', ([b'{"a":1}'], None, b"")),
        (b'[ {"a":[1,{"b":"]},["}]} , 5,"x,y" ]\n}', ([b'{"a":[1,{"b":"]},["}]}', b"5", b'"x,y"'], None, b"}")),
        (rb'["a\"],[","\\",1]', ([rb'"a\"],["', rb'"\\"', b"1"], None, b"")),
        (b"[,1,]", ([b"", b"1", b""], None, b"")),
        # errors within items
        (b"[{1},NaN,{'a':'b'}]", ([b"{1}", b"NaN", b"{'a':'b'}"], None, b"")),
        (b'[{"a":1,},{"a" 1},3]', ([b'{"a":1,}', b'{"a" 1}', b"3"], None, b"")),
        (b'[{"a":[1},2]', ([b'{"a":[1}', b"2"], None, b"")),
        (b'[{"a":[{"b":1]},2]', ([b'{"a":[{"b":1]}', b"2"], None, b"")),
        (b'[{"a":1]},2]', ([b'{"a":1]}', b"2"], None, b"")),
        (b'[{"a":1}},2]', ([b'{"a":1}}', b"2"], None, b"")),
        (b'[{"a":"\xff\x01\n"},2]', ([b'{"a":"\xff\x01\n"}', b"2"], None, b"")),
        # an unclosed item includes all following bytes
        (b'[1,{"a":2,3]', ([b"1"], b'{"a":2,3]', None)),
        (b'[1,{"a":"b},{"c":"d"}]', ([b"1"], b'{"a":"b},{"c":"d"}]', None)),
        (b'[1,"a\\', ([b"1"], b'"a\\', None)),
        (b"[1", ([], b"1", None)),
        (b"[1,", ([b"1"], b"", None)),
        # bytes after the array
        (b"[1]]", ([b"1"], None, b"]")),
        (b"[1][2]", ([b"1"], None, b"[2]")),
    ],
)  # fmt: skip
def test_items_are_separated_by_their_brackets(body: bytes, expected: Any) -> None:
    assert items(body) == expected


@given(st.lists(values, min_size=1, max_size=6), st.sampled_from([None, 1]), st.booleans())
def test_a_valid_array_gives_its_items(array: list[Any], indent: int | None, ensure_ascii: bool) -> None:
    found, unfinished, rest = items(json.dumps(array, indent=indent, ensure_ascii=ensure_ascii).encode())
    assert [json.loads(item) for item in found] == array
    assert (unfinished, rest) == (None, b"")


@given(pieces, st.lists(st.integers(0, 60), max_size=6))
def test_chunks_make_no_difference(body: bytes, cuts: list[int]) -> None:
    whole = ArrayScanner()
    expected = [*whole.scan(body)], whole.start, whole.end
    chunked = ArrayScanner()
    found = []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(body)], strict=True):
        found += chunked.scan(body[start:end], min(start, len(body)))
    assert (found, chunked.start, chunked.end) == expected


def steps(body: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    """Number of steps to scan `body`."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    monkeypatch.setattr("analytics.arrays.STEPS_PER_PAUSE", 1)
    for _ in ArrayScanner(pause=count).scan(body):
        pass
    return counted


@pytest.mark.parametrize(
    "piece",
    [b"[", b"{", b"[{", b"a[", b"[]", b"{}", b"]", b"}", b",", b'"', b"\\", b'\\"', b'["', b'[{"', b'{"a":[', b"[[]{",
     b"[a", b' "', b'{"a":{"b":"c"}},', b'{"a":[[[1]]]},', b"{[}", b"[}"],
)  # fmt: skip
@pytest.mark.parametrize("closing", [b"", b"]", b"}", b"}]"])
def test_the_steps_are_linear_in_the_bytes(piece: bytes, closing: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    short, long = (steps(piece * count + closing * count, monkeypatch) for count in (500, 4_000))
    assert long <= 8 * short + 64
    assert long <= 4_000 * len(piece + closing) + 1


def test_others_run_between_long_items_too() -> None:
    pauses: list[int] = []
    item = b'{"a":"%b"},' % (b"x" * BYTES_OF_STEP * STEPS_PER_PAUSE)
    assert len(list(ArrayScanner(pause=lambda: pauses.append(1)).scan(item * 10 + b"{}]"))) == 11
    assert len(pauses) == 10
