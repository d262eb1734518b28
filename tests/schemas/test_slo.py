"""Bodies of service level objectives."""

from typing import Any

import pytest

from analytics.catalog.bodies import item_of
from analytics.catalog.collections import SLOS
from analytics.errors import ValidationFailed


@pytest.mark.parametrize(
    "body",
    [
        {"objective": 99.9},
        {"objective": 99, "service": "shop", "endpoint": "GET /", "latency_ms": 300, "window": "4w"},
        {"objective": 95.5, "good": "sum(good_total)", "total": "sum(all_total)", "labels": {"team": "a"}},
        {"objective": 99.9, "bad": "sum(rate(x[$window]))\n", "total": "y", "alerts": False, "runbook": "https://x/"},
    ],
)
def test_objectives_are_taken_as_they_are(body: dict[str, Any]) -> None:
    assert item_of(SLOS, "a", body, 0.0, None).body == {key: value for key, value in body.items() if key != "unknown"}


@pytest.mark.parametrize(
    ("body", "field", "problem"),
    [
        ({}, "objective", "Missing"),
        ({"objective": 100}, "objective", "from 0.001 to 99.9999"),
        ({"objective": 99, "window": "1M"}, "window", "1d to 90d"),
        ({"objective": 99, "window": "13w"}, "window", "1d to 90d"),
        ({"objective": 99, "good": "a"}, "total", "beside `good`"),
        ({"objective": 99, "total": "a"}, "total", "`good` or `bad`"),
        ({"objective": 99, "good": "a", "bad": "b", "total": "c"}, "bad", "Only one"),
        ({"objective": 99, "good": "a", "total": "c", "latency_ms": 3}, "latency_ms", "Only one"),
        ({"objective": 99, "good": "sum(", "total": "c"}, "good", "not valid PromQL"),
        ({"objective": 99, "bad": "a offset 1d", "total": "c"}, "bad", "offset"),
        ({"objective": 99, "endpoint": "/x"}, "endpoint", "Needs a `service`"),
        ({"objective": 99, "labels": {"0": "x"}}, "labels", "not the name of a label"),
        ({"objective": 99, "runbook": "javascript:1"}, "runbook", "URL"),
        ({"objective": 99, "alerts": "yes"}, "alerts", "boolean"),
        ({"objective": 99, "windows": "30d"}, "windows", "Unknown"),
    ],
)
def test_bad_objectives_name_the_field(body: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(ValidationFailed) as error:
        item_of(SLOS, "a", body, 0.0, None)
    assert error.value.fields is not None
    assert problem in str(error.value.fields[field])
