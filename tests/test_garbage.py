"""Decoding without the cyclic garbage collector."""

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from analytics.doors.loki import pushes
from analytics.doors.otlp.door import parse
from analytics.doors.otlp.forms import json_form
from analytics.garbage import LARGE, decoded
from analytics.records import NewMetric
from analytics.schemas.compiled import SchemaDecoder
from analytics.schemas.metric import MetricSchema
from analytics.schemas.parsing import parse as parse_json
from tests.doors.otlp.messages import JSON


@pytest.fixture
def collections() -> Iterator[list[str]]:
    """The collections since the test began."""
    found: list[str] = []

    def note(phase: str, _: dict[str, int]) -> None:
        found.append(phase)

    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)


METRICS = SchemaDecoder(MetricSchema(), NewMetric, 1_000_000)
DECODE: dict[str, Callable[[bytes], Any]] = {
    "JSON": lambda items: parse_json(shorter(items).replace(b"{}", b'{"k":["0"]}')),
    "metrics": lambda items: METRICS.many(shorter(items).replace(b"{}", b'{"name":"a","value":1,"tags":{}}')),
    "OTLP logs": lambda items: json_form().logs(b'{"resourceLogs":%b}' % items),
    "OTLP traces": lambda items: json_form().traces(b'{"resourceSpans":%b}' % items),
    "OTLP metrics": lambda items: parse(b'{"resourceMetrics":%b}' % items, JSON),
    "Loki": lambda items: pushes._parse(b'{"streams":%b}' % items),
}


def shorter(items: bytes) -> bytes:
    """A quarter of them, so that they have no more values than is allowed."""
    return items[: len(items) // 12 * 3 + 1] + b"{}]"


@pytest.mark.parametrize("kind", DECODE)
def test_a_large_body_is_decoded_without_collections(kind: str, collections: list[str]) -> None:
    DECODE[kind](b"[%b]" % b",".join([b"{}"] * (LARGE // 2)))
    assert len(collections) < 20


@pytest.mark.parametrize("is_enabled", [True, False])
def test_whether_garbage_is_collected_stays_as_it_was(is_enabled: bool) -> None:
    during: list[bool] = []

    def fail(data: bytes) -> None:
        during.append(gc.isenabled())
        raise KeyError

    try:
        (gc.enable if is_enabled else gc.disable)()
        for size in (LARGE, LARGE - 1):
            with pytest.raises(KeyError):
                decoded(fail, bytes(size))
            assert gc.isenabled() is is_enabled
    finally:
        gc.enable()
    assert during == [False, is_enabled]
