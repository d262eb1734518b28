"""Configuration files: reading, errors with their position, and round trips."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.catalog.bad_document import BadDocument
from analytics.catalog.documents import dump, read, repeated

DEPLOY = {"text": "Deploy 1.4.2", "tags": ["deploy"], "end": None}
YAML = b"""\
# what happened
annotations:
  deploy-1.4.2:
    text: Deploy 1.4.2
    tags: [deploy]
    end: ~
"""


def wrong(text: str, name: str = "a.yaml") -> tuple[str, int | None, str | None]:
    with pytest.raises(BadDocument) as error:
        read(text.encode(), name)
    return error.value.reason, error.value.line, error.value.field


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (YAML, "a.yaml"),
        (b"\xef\xbb\xbf" + YAML, "b.yml"),
        (json.dumps({"annotations": {"deploy-1.4.2": DEPLOY}}).encode(), "c.json"),
        (json.dumps({"annotations": {"deploy-1.4.2": DEPLOY}}, indent=2).encode(), "standard input"),
    ],
)
def test_yaml_and_json_are_read_alike(text: bytes, name: str) -> None:
    assert read(text, name).collections == {"annotations": {"deploy-1.4.2": DEPLOY}}


def test_each_part_has_a_line_number() -> None:
    document = read(YAML, "a.yaml")
    assert document.line("annotations", "deploy-1.4.2", "tags", "0") == 5
    assert document.line("annotations", "deploy-1.4.2", "tags", "1") == 5, "a missing part: its container"
    assert document.line("annotations", "deploy-1.4.2", "service") == 3
    assert read(b'{"annotations": {}}', "a.json").line("annotations") is None


@pytest.mark.parametrize("text", ["", "# nothing", "---", "annotations:", "{}"])
def test_an_empty_file_has_no_resources(text: str) -> None:
    assert not any(read(text.encode(), "a.yaml").collections.values())
    assert read(b" ", "a.json").collections == {}


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("0123", "0123"),
        ("12:30:45", "12:30:45"),
        ("2024-01-15T14:02:00Z", "2024-01-15T14:02:00Z"),
        ("2024-01-15", "2024-01-15"),
        ("1_000", "1_000"),
        ("0x1f", "0x1f"),
        (".inf", ".inf"),
        ("=", "="),
        ("true", True),
        ("null", None),
        ("-12", -12),
        ("1.5e3", 1500.0),
        ("1e3", 1000.0),
        ("'12'", "12"),
    ],
)
def test_plain_scalars_are_read_as_json_or_else_as_text(scalar: str, value: Any) -> None:
    found = read(f"c:\n  n:\n    v: {scalar}\n".encode(), "a.yaml").collections["c"]["n"]["v"]
    assert (found, type(found)) == (value, type(value))


LEVELS = "abcdefghijklmnopqrstuvwxyz"
BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in pairwise(LEVELS))
LONG = (
    "c: &c {n: {text: &t '"
    + "x" * 100_000
    + "'}}\nd: {"
    + ", ".join(f"n{each}: {{text: *t}}" for each in range(11))
    + "}"
)
DEEP = "a0: &a0 {}\n" + "".join(f"a{level + 1}: &a{level + 1} {{x: *a{level}}}\n" for level in range(66))


@pytest.mark.parametrize(
    ("text", "reason", "line", "field"),
    [
        ("c:\n  n: {text: a, text: b}\n", "'text' twice", 2, "c.n"),
        ("c:\n  n: {text: a}\n  n: {text: b}\n", "'n' twice", 3, "c"),
        (BOMB, "aliases that stand for more than 1,000,000 characters", 14, None),
        (LONG, "aliases that stand for more than 1,000,000 characters", 2, None),
        (DEEP, "deeper than 64", 64, None),
        ("c:\n  n: {text: *x}\n  m: &x {}\n", "alias of nothing before it (*x)", 2, None),
        ("c: &x\n  n: *x\n", "alias of nothing before it (*x)", 2, None),
        ("c:\n  n: {<<: 5}\n", "merges (<<) what is no mapping", 2, None),
        ("c:\n  n: &x {}\n  m: {<<: *x, <<: *x}\n", "'<<' twice", 3, "c.m"),
        ("c:\n  n: !!python/object/apply:os.system ['true']\n", "tag that is not read", 2, "c.n"),
        ("c:\n  n: {text: !secret x}\n", "tag that is not read", 2, "c.n.text"),
        ("c:\n  n: {text: a\n", "is not YAML", 3, None),
        ("c:\n\tn: x\n", "is not YAML", 2, None),
        ("c:\n  n: {text: !!str 12}\n", "tag that is not read", 2, "c.n.text"),
        ("c:\n  n: {v: !!int '12'}\n", "tag that is not read", 2, "c.n.v"),
        ("c:\n  n: {v: !!bool true}\n", "tag that is not read", 2, "c.n.v"),
        ("c:\n  n: {!!str v: x}\n", "name that is no text", 2, "c.n"),
        ("c:\n  n: !!map {}\n", "tag that is not read", 2, "c.n"),
        ("c: {}\n---\nd: {}\n", "more than one document", 2, None),
        ("c: \x00", "is not YAML", None, None),
        ("c:\n  ? [a]\n  : b\n", "name that is no text", 2, "c"),
        ("- c\n", "must be a mapping of collections", 1, None),
        ("text", "must be a mapping of collections", 1, None),
        ("c:\n  - n\n", "must be a mapping of names", 1, "c"),
        ("c:\n  n: text\n", "must be a mapping of fields", 2, "c.n"),
        ("c: {n: {v: " + "9" * 5000 + "}}", "number that is too long", 1, "c.n.v"),
        ("c: " + "[" * 100 + "]" * 100, "deeper than 64", 1, None),
        ("c: " + "[" * 100_000, "", None, None),
    ],
)
def test_invalid_yaml_is_refused_with_its_position(text: str, reason: str, line: int | None, field: str | None) -> None:
    found = wrong(text)
    assert reason in found[0]
    if reason:
        assert found[1:] == (line, field)


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ('{"c": {\n"n": }}', "is not JSON", 2),
        ('{"c": {}, "c": {}}', "'c' twice", None),
        ('{"c": {"n": {"v": NaN}}}', "is not JSON: NaN", None),
        ('{"c": {"n": {"v": ' + "9" * 5000 + "}}}", "is not JSON", None),
        ("[" * 100_000, "deeper than", None),
        ("[]", "must be a mapping", 1),
    ],
)
def test_invalid_json_is_refused(text: str, reason: str, line: int | None) -> None:
    found = wrong(text, "a.json")
    assert reason in found[0]
    assert found[1] == line


def test_a_file_that_is_not_text_or_too_large_is_refused() -> None:
    with pytest.raises(BadDocument, match=r"not UTF-8 \(byte 3\)"):
        read(b"c: \xff", "a.yaml")
    with pytest.raises(BadDocument, match="larger than"):
        read(b" " * (10 * 1024 * 1024 + 1), "a.yaml")


def test_reading_a_long_file_yields() -> None:
    pauses: list[None] = []
    text = "c:\n" + "".join(f"  n{number}: {{v: x}}\n" for number in range(1_000))
    read(text.encode(), "a.yaml", lambda: pauses.append(None))
    assert len(pauses) == 5


def test_a_resource_in_two_files_is_found() -> None:
    one, two, three = (read(text, "a.yaml") for text in (b"c: {n: {}, m: {}}", b"c: {n: {}}", b"d: {n: {}}"))
    assert repeated([("1", one), ("2", two), ("3", three)]) == {("c", "n"): ["1", "2"]}


texts = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\ufeff"))
tricky = st.sampled_from(
    ("no", "1e3", "0123", "12", "~", "", "null", "true", "- a", "# b", "a: b", "'", "2024-01-15", "<<")
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts | tricky
bodies = st.dictionaries(texts | tricky, st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=5))


@given(st.dictionaries(texts, st.dictionaries(texts | tricky, bodies, max_size=3), max_size=3))
def test_written_documents_are_read_back_equal(collections: dict[str, dict[str, dict[str, Any]]]) -> None:
    for is_json, name in ((False, "a.yaml"), (True, "a.json")):
        assert read(dump(collections, is_json=is_json), name).collections == collections
