"""Redaction of events and links of spans: attributes and names alone, whatever the rules name; the shape stays."""

from typing import Any

import pytest

from tests.access.rig import Rig

TRACE = "a" * 32
SHAPE = ["time", "name", "attributes", "trace_id", "span_id"]
"""Names of the parts of events and links."""
NOW = 1_700_000_000_000_000_000
LATER = 4_000_000_000_000_000_006
"""A time in nanoseconds that is the number of a payment card as well, by its check digit."""


def recorded(rule: dict[str, Any]) -> tuple[Any, Any]:
    """A failed span with an event and a link, as the own API and Jaeger's show it after a rule was applied."""
    rig = Rig(admin_key="")
    assert rig.ask("PUT", "/redactions/mine", json=rule).status_code == 201
    secret = dict.fromkeys(SHAPE, "secret")
    span = {
        "trace_id": TRACE,
        "span_id": "b" * 16,
        "service": "shop",
        "name": "GET /",
        "kind": "server",
        "start": NOW,
        "end": NOW + 1,
        "status": "error",
        "events": [{"time": LATER, "name": "exception", "attributes": {**secret, "mail": "of jo@shop.example"}}],
        "links": [{"trace_id": "c" * 32, "span_id": "d" * 16, "attributes": secret}],
    }
    answer = rig.post("/spans", [span])
    assert (answer.status_code, answer.json["accepted"]) == (200, 1), answer.text  # type: ignore[index]
    own, jaeger = rig.get(f"/traces/{TRACE}"), rig.get(f"/api/traces/{TRACE}")
    assert (own.status_code, jaeger.status_code) == (200, 200), (own.text, jaeger.text)
    return own.json["spans"][0], jaeger.json["data"][0]["spans"][0]  # type: ignore[index]


@pytest.mark.parametrize("name", SHAPE)
@pytest.mark.parametrize("action", ["mask", "drop", "hash"])
def test_a_rule_for_a_name_of_the_shape_leaves_the_shape(name: str, action: str) -> None:
    own, jaeger = recorded({"fields": [name], "action": action})
    (event,), (link,) = own["events"], own["links"]
    assert ((event["name"] == "exception") == (name != "name"), event["time_ns"]) == (True, str(LATER))
    assert isinstance(event["name"], str)
    assert (link["trace_id"], link["span_id"]) == ("c" * 32, "d" * 16)
    for each in (event, link):
        assert each["attributes"].get(name) != "secret"
        assert [other for other in SHAPE if each["attributes"].get(other) == "secret"] == [
            other for other in SHAPE if other != name
        ]
    assert jaeger["logs"][0]["timestamp"] == LATER // 1000


def test_a_pattern_redacts_attributes_and_no_time() -> None:
    own, _ = recorded({"patterns": ["card", "email"]})
    (event,) = own["events"]
    assert (event["name"], event["time_ns"]) == ("exception", str(LATER))
    assert event["attributes"]["mail"] == "of ***"
