"""Tracking calls: what they send, and that they do not raise for any arguments."""

import inspect
import json
import math
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.schemas.compiled import load
from analytics.schemas.event import EventSchema
from analytics.sdk import AnalyticsClient
from analytics.sdk.fit import fit
from analytics.sdk.items import UnfitError, encode
from analytics.sdk.plain import plain
from analytics.sdk.transport import Answer
from tests.sdk.conftest import MakeClient
from tests.sdk.unruly import Unruly


class Level(Enum):
    """An enum of mixed values."""

    LOW = 1
    HIGH = "high"


@dataclass(frozen=True)
class Order:
    """A dataclass."""

    id: str
    total: Decimal


class Hostile:
    """An object whose methods all fail."""

    def __str__(self) -> str:
        raise RuntimeError("do not look")

    __repr__ = __str__
    __bool__ = __eq__ = __hash__ = __iter__ = __len__ = __float__ = __str__  # type: ignore[assignment]


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"in": value}
    return value


CIRCLE: dict[str, Any] = {}
CIRCLE["self"] = CIRCLE


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        ({"x": {1}}, {"x": [1]}),
        ({"x": frozenset("a")}, {"x": ["a"]}),
        ({"x": float("nan")}, {"x": "nan"}),
        ({"x": float("-inf"), "y": 1}, {"x": "-inf", "y": 1}),
        ({"x": b"bytes\xff"}, {"x": "bytes\ufffd"}),
        ({"x": "a\ud83d", "\udc00": 1}, {"x": "a\ufffd", "\ufffd": 1}),
        ({("a", "b"): 1, 2: 3}, {"['a', 'b']": 1, "2": 3}),
        ({"x": Hostile(), "y": 1}, {"x": "[unreadable: RuntimeError]", "y": 1}),
        (CIRCLE, {"self": "[circular]"}),
        ({"total": Decimal("99.90"), "half": Fraction(1, 2)}, {"total": 99.9, "half": 0.5}),
        ({"at": datetime(2024, 1, 15, 10, 30, tzinfo=UTC)}, {"at": "2024-01-15T10:30:00+00:00"}),
        ({"on": date(2024, 1, 15), "in": timedelta(minutes=2)}, {"on": "2024-01-15", "in": 120.0}),
        ({"id": UUID(int=5), "path": PurePosixPath("/tmp/x")}, {"id": str(UUID(int=5)), "path": "/tmp/x"}),
        ({"level": Level.HIGH, "odd": {Level.HIGH: Level.LOW}}, {"level": "high", "odd": {"high": 1}}),
        ({"order": Order("a", Decimal(3))}, {"order": {"id": "a", "total": 3.0}}),
        ({"n": numpy.int64(3), "f": numpy.float32(0.5), "a": numpy.array([[1, 2]])}, {"n": 3, "f": 0.5, "a": [[1, 2]]}),
        ([1, {2}], {"value": [1, [2]]}),
        (Hostile(), {"value": "[unreadable: RuntimeError]"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_without_a_json_type_are_sent_as_numbers_or_text(
    service: Unruly, make_client: MakeClient, data: Any, sent: Any
) -> None:
    client = make_client()
    neighbour = client.track_event("before", {"x": 1})
    assert client.track_event("click", data).result(10).counted
    assert neighbour.result(10).counted
    (event,) = [item for item in service.items.values() if item.get("type") == "click"]
    assert event["data"] == sent


def test_deep_data_is_truncated_and_large_data_rejected(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()
    assert client.track_event("click", deep(100_000)).result(10).counted
    outcome = client.track_event("click", {"x": "a" * 100_000}).result(0)
    assert (outcome.status, outcome.code) == ("rejected", "unfit")
    assert "more than 65536" in outcome.message
    assert client.track_event("click", {"x": [object()] * 100_000}).result(0).code == "unfit"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
powers = st.sampled_from((0, 10, 100, 150, 307, 308, 309, 400, 4_299, 4_300, 5_000))
large_numbers = (
    st.builds(lambda digits, power: digits * 10**power, st.integers(), powers)
    | st.builds(lambda digits, power, part: Fraction(digits * 10**power, part), st.integers(), powers, st.just(7))
    | st.builds(lambda digits, power: Decimal(digits).scaleb(power), st.integers(-99, 99), powers)
    | st.sampled_from((Decimal("1e999999"), Decimal("-1e999999"), Decimal("1e-999999")))
)
odd_values = st.recursive(
    st.floats()
    | large_numbers
    | st.text(st.characters(codec=None))
    | st.decimals()
    | st.datetimes()
    | st.timedeltas()
    | st.uuids()
    | st.binary()
    | st.complex_numbers()
    | st.builds(object)
    | st.builds(Hostile)
    | st.sampled_from(Level),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(st.characters(codec=None)) | large_numbers | st.none(), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text(st.characters(codec=None)), st.one_of(odd_values, json_values), max_size=5))
def test_any_data_is_accepted_by_the_service(data: Any) -> None:
    record = load(EventSchema(), encode({"type": "a", "service": "s", "data": data}))
    json.loads(bytes(record.data))


@given(large_numbers)
def test_numbers_that_no_float_can_hold_are_sent_as_text(number: Any) -> None:
    sent = json.loads(encode({"v": number}))["v"]
    try:
        fits = math.isfinite(float(number))
    except OverflowError:
        fits = False
    assert isinstance(sent, int | float if fits else str)
    if fits:
        assert float(sent) == float(number)


@pytest.mark.parametrize(
    ("number", "sent"),
    [
        (10**308, 10**308),
        (10**309, "1" + "0" * 309),
        (-(10**5_000), "-10^5000.000000"),
        (Decimal("1e999999"), "1E+999999"),
        (Fraction(10**400, 3), "1" + "0" * 400 + "/3"),
        (Fraction(10**5_000, 100 * 7), "10^4997.154902"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_large_numbers_keep_their_digits(number: Any, sent: Any) -> None:
    assert json.loads(encode({"v": number})) == {"v": sent}


@given(large_numbers)
def test_no_number_makes_a_call_raise(number: Any) -> None:
    for field in ("value", "tag", "user_id"):
        fields = {"name": "m", "value": 1, "tags": {}} if field != "user_id" else {"type": "a", "service": "s"}
        fields |= {"tags": {"t": number}} if field == "tag" else {field: number}
        with suppress(UnfitError):
            encode(fit("events" if field == "user_id" else "metrics", fields, "s"))


@given(json_values)
def test_json_values_are_sent_unchanged(value: Any) -> None:
    assert plain(value) == value
    assert json.loads(encode({"v": [value]})) == {"v": [value]}


def test_no_argument_makes_a_call_raise(make_client: MakeClient) -> None:
    client = make_client()
    odd = Hostile()
    calls: list[Any] = [
        lambda: client.track_event(odd),  # type: ignore[arg-type]
        lambda: client.track_event("click", service=odd),  # type: ignore[arg-type]
        lambda: client.track_event("click", timestamp=odd),  # type: ignore[arg-type]
        lambda: client.track_event("click", timestamp=1e300),
        lambda: client.record_metric("cpu", odd),  # type: ignore[arg-type]
        lambda: client.record_metric("cpu", Decimal("NaN")),  # type: ignore[arg-type]
        lambda: client.record_metric("cpu", float("nan")),
        lambda: client.record_metric("cpu", 10**309),
        lambda: client.record_metric("cpu", 10**5_000),
        lambda: client.record_metric("cpu", 1, odd),  # type: ignore[arg-type]
        lambda: client.record_metric("cpu", 1, [1]),  # type: ignore[arg-type]
        lambda: client.record_metric("cpu", 1, kind=odd),  # type: ignore[arg-type]
        lambda: client.record_metric("cpu", 1, instance=7),  # type: ignore[arg-type]
        lambda: client.heartbeat(odd),  # type: ignore[arg-type]
        lambda: client.track_request("/", "GET", odd, 1),  # type: ignore[arg-type]
    ]
    assert [call().result(0).code for call in calls] == ["unfit"] * len(calls)


def test_calls_send_what_the_service_reads(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()
    client.track_page_view("/products", "user-123")
    client.track_purchase("ORDER-456", 99.99, "user-123")
    client.track_event("visual_search", {"results": 3}, service="search", timestamp="2024-01-15T10:30:00Z")
    client.record_metric("cpu", Fraction(1, 2), {"core": 3}, "%")
    client.record_metric("memory", 5, {"service": "other"})
    client.record_metric("jobs", 2, kind="counter", instance="worker-1")
    client.track_request("/orders/<id>", "GET", 503, 12.34567, error="Timeout")
    client.heartbeat("degraded", {"queue": 7})
    assert client.flush(10)
    sent = [{**item, "id": "…"} for item in service.items.values()]
    assert all(len(id_) == 36 for id_ in service.items)
    shop, own = {"service": "shop", "id": "…"}, {"id": "…"}
    for item in (
        {**shop, "type": "page_view", "user_id": "user-123", "data": {"page": "/products"}},
        {
            **shop,
            "type": "purchase",
            "user_id": "user-123",
            "data": {"order_id": "ORDER-456", "total": 99.99, "currency": "USD"},
        },
        {
            **own,
            "type": "visual_search",
            "service": "search",
            "timestamp": "2024-01-15T10:30:00Z",
            "data": {"results": 3},
        },
        {**own, "name": "cpu", "value": 0.5, "unit": "%", "tags": {"service": "shop", "core": "3"}},
        {**own, "name": "memory", "value": 5, "tags": {"service": "other"}},
        {**own, "name": "jobs", "value": 2, "kind": "counter", "instance": "worker-1", "tags": {"service": "shop"}},
        {
            **shop,
            "type": "request",
            "data": {
                "endpoint": "/orders/<id>",
                "method": "GET",
                "status": 503,
                "latency": 12.346,
                "error": "Timeout",
            },
        },
    ):
        assert item in sent
    assert len(sent) == 7
    assert service.heartbeats == [{"service": "shop", "status": "degraded", "metrics": {"queue": 7}}]


def test_users_may_have_numbers(service: Unruly, make_client: MakeClient) -> None:
    client = make_client()
    client.track_page_view("/", 42)
    client.track_request("/", "GET", 200, 1, user_id=43)
    assert client.flush(10)
    assert [item["user_id"] for item in service.items.values()] == ["42", "43"]


def test_changes_after_the_call_are_not_sent(service: Unruly, make_client: MakeClient) -> None:
    client = make_client(flush_seconds=5)
    data = {"n": 1}
    client.track_event("click", data)
    data["n"] = 2
    assert client.flush(10)
    assert [item["data"] for item in service.items.values()] == [{"n": 1}]


def test_an_outcome_cannot_be_cancelled(service: Unruly, make_client: MakeClient) -> None:
    outcome = make_client().track_event("click")
    assert not outcome.cancel()
    assert outcome.result(10).counted


@pytest.mark.parametrize(
    "arguments",
    [
        {"base_url": "localhost:8099"},
        {"base_url": "ftp://host"},
        {"base_url": "http://"},
        {"max_queue": 0},
        {"batch_size": 101},
        {"batch_size": 0},
        {"flush_seconds": -1},
        {"timeout": 0},
    ],
)
def test_invalid_options_of_a_client_are_an_error_at_once(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is"):
        AnalyticsClient(**arguments)


def test_the_client_works_without_fork(monkeypatch: pytest.MonkeyPatch, make_client: MakeClient) -> None:
    monkeypatch.delattr(os, "register_at_fork")
    assert make_client().track_event("click").result(10).counted


def test_the_defaults_are_those_of_the_contract() -> None:
    parameters = inspect.signature(AnalyticsClient).parameters
    measures = [parameters[name].default for name in ("batch_size", "flush_seconds", "max_queue")]
    assert measures == [100, 0.25, 10_000]


def test_the_address_comes_from_the_argument_or_the_environment_or_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANALYTICS_URL", raising=False)
    with AnalyticsClient() as client:
        assert client.base_url == "http://localhost:8099"
    monkeypatch.setenv("ANALYTICS_URL", "http://analytics:8099/")
    with AnalyticsClient() as client, AnalyticsClient("http://other") as other:
        assert (client.base_url, other.base_url) == ("http://analytics:8099", "http://other")


class Scripted:
    """A transport that accepts everything, records it, and fails on request."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, Any]] = []
        self.fails = 0

    def post(self, path: str, payload: bytes) -> Answer:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("a bug")
        items = json.loads(payload)
        self.posted.append((path, items))
        return Answer(200, {"accepted": len(items), "duplicates": 0, "rejected": 0, "errors": []})

    def close(self) -> None:
        pass


def test_a_bug_in_the_client_drops_only_one_batch(make_client: MakeClient) -> None:
    scripted = Scripted()
    scripted.fails = 1
    client = make_client(connect=lambda: scripted)
    assert client.track_event("click").result(10).code == "internal_error"
    assert client.track_event("click").result(10).counted
    assert [path for path, _ in scripted.posted] == ["/events"]
